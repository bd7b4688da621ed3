"""How the C library keeps memory between the steps and pictures that a processor computes; how much there is."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
from pathlib import Path

# glibc's numbers for mallopt, from malloc.h
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -2, -3, -4, -8
NEVER = -1
MIB = 2**20
_CGROUP = "/sys/fs/cgroup"
_CGROUPS = (  # versions 2 and 1: the limit, what is used of it, and the name of the part that is given back when needed
    (f"{_CGROUP}/memory.max", f"{_CGROUP}/memory.current", f"{_CGROUP}/memory.stat", "inactive_file"),
    (
        f"{_CGROUP}/memory/memory.limit_in_bytes",
        f"{_CGROUP}/memory/memory.usage_in_bytes",
        f"{_CGROUP}/memory/memory.stat",
        "total_inactive_file",
    ),
)


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


def available_memory() -> int:
    """Bytes that this process can still take: of the machine, of its container, and of its own limit (`ulimit -v`)."""
    bounds = [_of_machine()]
    for most, used, kept, cache in _CGROUPS:
        with contextlib.suppress(OSError, ValueError):  # "max" where there is no limit
            stat = dict(line.split() for line in Path(kept).read_text().splitlines())
            bounds.append(int(Path(most).read_text()) - int(Path(used).read_text()) + int(stat[cache]))
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        with contextlib.suppress(OSError):
            limit -= int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        bounds.append(limit)
    return max(0, min(bounds))


def _of_machine() -> int:
    """What Linux says can be had without swapping; elsewhere all that there is."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
