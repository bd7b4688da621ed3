"""What is freed stays with the process, so that taking it again touches no new page."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from pix2pix.training.memory import keep_freed_memory

PROGRAM = """
import resource, sys
import numpy as np
from pix2pix.training.memory import keep_freed_memory

def faults():  # pages taken anew by ten rounds of 3 times 40 MiB
    for round in range(13):
        if round == 3:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        blocks = [np.ones(10 * 2**20, np.float32) for _ in range(3)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(faults(), keep_freed_memory(), faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the switch")
def test_what_is_freed_is_taken_again_without_new_pages() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    before, kept, after = ended.stdout.split()
    print(f"page faults: {before} by glibc's own rules, {after} kept")
    assert kept == "True"
    assert int(after) < 100 < int(before)


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(ctypes, "CDLL", None)
    assert not keep_freed_memory()
