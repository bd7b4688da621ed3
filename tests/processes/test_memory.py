"""What is freed stays with the process, so that taking it again touches no new page."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from pix2pix.processes.memory import keep_freed_memory

PROGRAM = """
import resource, sys
import numpy as np
from pix2pix.processes.memory import keep_freed_memory

def faults(mib):  # pages taken anew by ten rounds of three blocks
    for round in range(13):
        if round == 3:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        blocks = [np.ones(mib * 2**18, np.float32) for _ in range(3)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

before = [faults(24), faults(40)]
print(*before, keep_freed_memory(*map(int, sys.argv[1:])), faults(24), faults(40))
"""


def faults(*at_most: int) -> list[int]:
    """Pages taken anew for blocks of 24 and of 40 MiB, before the rule and after."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, at_most)], capture_output=True, text=True, check=True
    )
    *before, kept, small, large = ended.stdout.split()
    assert kept == "True"
    return [*map(int, before), int(small), int(large)]


glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the switch")


@glibc
def test_what_is_freed_is_taken_again_without_new_pages() -> None:
    _, before, small, large = faults()
    print(f"page faults: {before} by glibc's own rules, {large} kept")
    assert max(small, large) < 100 < before


@glibc
def test_where_there_is_a_most_large_blocks_go_back() -> None:
    _, _, small, large = faults(2**29)
    assert small < 100 < large


@glibc
def test_the_most_is_heeded() -> None:
    _, _, small, _ = faults(2**24)
    assert small > 100


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(ctypes, "CDLL", None)
    assert not keep_freed_memory()
