"""What a process can still take is bounded by the machine and by its own limit."""

from __future__ import annotations

import os
import subprocess
import sys

from pix2pix.processes.free_memory import available_memory

PROGRAM = """
import resource
from pix2pix.processes.free_memory import available_memory
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
free = available_memory()
held = bytearray(300 * 2**20)
print(free, free - available_memory())
"""


def test_no_more_than_the_machine_has() -> None:
    assert 0 < available_memory() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_a_limit_of_the_process_counts_and_what_it_holds() -> None:
    said = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    free, taken = map(int, said.split())
    assert 2**28 < free < 2**30
    assert 300 * 2**20 <= taken < 301 * 2**20
