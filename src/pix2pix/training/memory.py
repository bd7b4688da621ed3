"""How the C library keeps memory between training steps on a processor."""

from __future__ import annotations

import ctypes
import platform

# glibc's numbers for mallopt, from malloc.h
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
NEVER = 2**31 - 1
MIB = 2**20


def keep_freed_memory() -> bool:
    """Keep what a step frees for the next, which asks for the same again; True where the C library can.

    glibc hands large blocks back to the system at once, and the system clears each page when it is taken anew: in a
    step of the paper's networks 300 MB of them. What is kept is what one step needs at most. Only glibc has the switch.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    # No blocks outside the heap, and a heap that never shrinks and grows in large pieces.
    return all(mallopt(*option) for option in ((M_MMAP_MAX, 0), (M_TRIM_THRESHOLD, NEVER), (M_TOP_PAD, 64 * MIB)))
