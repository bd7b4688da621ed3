"""A command ends with the process that started it, also where that one is gone before the command could ask."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from pix2pix.processes.starter import VARIABLE, ends_with_us

# Prints, then sleeps for ever; whoever reads the pipe to its end has seen it go.
STARTED = """
import time
from pix2pix.processes.starter import end_with_starter
{}
print("on", flush=True)
time.sleep(600)
"""
STARTER = """
import os, subprocess, sys
from pix2pix.processes.starter import ends_with_us
started = subprocess.Popen(sys.argv[1:], env=os.environ | ends_with_us({signum}), stdout=subprocess.PIPE, text=True)
{wait}
os.write(1, b"gone\\n")
os.kill(os.getpid(), 9)
"""


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize(
    ("first", "wait"),
    [
        ("end_with_starter()", "started.stdout.readline()"),
        ("time.sleep(2); end_with_starter()", ""),  # the starter is gone by then
    ],
)
def test_it_ends_with_its_starter(signum: signal.Signals, first: str, wait: str) -> None:
    held, told = os.pipe()
    starter = subprocess.Popen(
        [*python(STARTER.format(signum=int(signum), wait=wait)), *python(STARTED.format(first))],
        stdout=subprocess.DEVNULL,
        stderr=told,  # which both hold
    )
    os.close(told)
    assert starter.wait(120) == -signal.SIGKILL
    with os.fdopen(held) as end:
        assert end.read() == ""  # comes when the last of them is gone


def test_a_process_that_somebody_else_started_goes_on() -> None:
    """As what a callback of a training starts by a shell, which inherits the training's environment."""
    program = "from pix2pix.processes.starter import *; end_with_starter(); print('on', VARIABLE in os.environ)"
    shell = ["sh", "-c", '"$0" -c "$1"; exit $?', sys.executable, program]
    ran = subprocess.run(
        shell, env=os.environ | ends_with_us(signal.SIGKILL), capture_output=True, text=True, check=True
    )
    assert ran.stdout == "on False\n"
    assert VARIABLE not in os.environ
