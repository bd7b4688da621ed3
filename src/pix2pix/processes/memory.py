"""How the C library keeps memory between the steps and pictures that a processor computes."""

from __future__ import annotations

import ctypes
import platform

# glibc's numbers for mallopt, from malloc.h
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -2, -3, -4, -8
NEVER = -1
MIB = 2**20


def keep_freed_memory(at_most: int | None = None) -> bool:
    """Keep what a step, or a picture, frees for the next, which asks for the same again; True where the C library can.

    glibc hands large blocks back to the system at once, and the system clears each page when it is taken anew: in a
    step of the paper's networks 300 MB of them. What is kept is what was needed at a time at most. To be called before
    other threads take memory, since those that did keep heaps of their own.

    Args:
        at_most: bytes to keep, for a program that runs for days; blocks of more than 32 MiB then go back at once.

    Only glibc has the switch, and it is the whole process's: commands use it, not the Python interface.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    # No blocks outside the heap, or large ones alone, and a heap that shrinks late or never and grows in large pieces.
    outside = (M_MMAP_MAX, 0) if at_most is None else (M_MMAP_THRESHOLD, 32 * MIB)  # glibc's largest
    kept = (M_TRIM_THRESHOLD, NEVER if at_most is None else at_most)
    # One heap for all threads, or each would keep the most that it ever needed, in pieces too small for large blocks.
    return all(mallopt(*option) for option in ((M_ARENA_MAX, 1), outside, kept, (M_TOP_PAD, 64 * MIB)))
