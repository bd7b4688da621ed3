"""How much memory a process can still take."""

from __future__ import annotations

import contextlib
import os
import resource
from pathlib import Path

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
