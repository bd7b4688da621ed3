"""The first rank waits in a call that hears nothing: signals and dead ranks end it all the same, with their status."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a mutex of zeros is glibc's")

# A lock that is held already is such a call: Python's handlers do not run meanwhile.
PROGRAM = """
import ctypes, logging, signal, subprocess, sys
from pix2pix.processes import rank_watch

logging.basicConfig(level="INFO", format="%(message)s", stream=sys.stdout)
rank_watch.GRACE = 0.5
mutex = ctypes.create_string_buffer(64)
ranks = []
for number in (1, 2, 15):
    signal.signal(number, lambda *_: None)  # the call may not have begun when one comes
with rank_watch.watched_ranks(lambda: ranks, lambda: print("stopped")):
    print("waits", flush=True)
    ranks.append(subprocess.Popen([sys.executable, "-S", "-c", sys.argv[1]]))
    while True:
        ctypes.CDLL(None).pthread_mutex_lock(mutex)
"""


def waiting(rank: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, rank], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waits\n"
    return process


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal(signum: signal.Signals) -> None:
    process = waiting("import time; time.sleep(600)")
    os.kill(process.pid, signum)
    said, _ = process.communicate(timeout=120)
    assert (process.returncode, said) == (128 + signum, "stopped\n")


@pytest.mark.parametrize(
    ("dies", "status", "said"),
    [
        ("os.kill(os.getpid(), 9)", 1, "rank 1 has ended by SIGKILL, as a system ends what needs too much memory\n"),
        ("sys.exit(3)", 1, "rank 1 has ended with status 3, and has said why\n"),
        ("os.kill(os.getpid(), 15)", 128 + 15, "stopped\n"),  # a signal to it alone stops the run too
        ("sys.exit(130)", 130, "stopped\n"),
    ],
)
def test_a_dead_rank(dies: str, status: int, said: str) -> None:
    process = waiting(f"import os, sys; {dies}")
    found, _ = process.communicate(timeout=120)
    assert (process.returncode, found) == (status, said)
