"""What is freed stays with the process, so that taking it again touches no new page."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from pix2pix.processes.memory import keep_freed_memory

PROGRAM = """
import resource, sys, threading
import numpy as np
from pix2pix.processes.memory import keep_freed_memory

def faults(mib):  # pages taken anew by ten rounds of three blocks
    for round in range(13):
        if round == 3:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        blocks = [np.ones(mib * 2**18, np.float32) for _ in range(3)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))

def seen():
    print(faults(24), faults(40))
    blocks = [np.ones(24 * 2**18, np.float32) for _ in range(20)]
    before = resident()
    del blocks
    print(before - resident())

seen()
assert keep_freed_memory(*map(int, sys.argv[2:]))
if sys.argv[1] == "main":
    seen()
else:
    worker = threading.Thread(target=seen)
    worker.start()
    worker.join()
"""


def after_the_rule(thread: str, *at_most: int) -> tuple[int, int, int]:
    """Pages taken anew for blocks of 24 and of 40 MiB, and MiB of 480 that go back when they are freed."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, thread, *map(str, at_most)], capture_output=True, text=True, check=True
    )
    print(ended.stdout)
    own_small, own_large, own_given, small, large, given = map(int, ended.stdout.split())
    assert min(own_small, own_large) > 1000  # by glibc's own rules
    assert own_given > 400
    return small, large, given


glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the switch")
threads = pytest.mark.parametrize("thread", ["main", "worker"])


@glibc
@threads
def test_what_is_freed_is_taken_again_without_new_pages(thread: str) -> None:
    small, large, given = after_the_rule(thread)
    assert max(small, large) < 100
    assert given < 50


@glibc
@threads
def test_where_there_is_a_most_the_rest_goes_back(thread: str) -> None:
    small, _, given = after_the_rule(thread, 100 * 2**20)
    assert small < 100
    assert 300 < given < 440


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(ctypes, "CDLL", None)
    assert not keep_freed_memory()
