"""What lies in a folder of runs that is none of their files: links that lead out of it, fifos, sockets, devices.

A folder that somebody else made may hold them. Whoever wrote into it would write where they lead, or wait for ever.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

# Where runs and their trackers write under names that can be foreseen. W&B does not: its folder is left to it, since it
# holds links of its own, which lead astray where a run was moved.
LOOKED_INTO = (".hydra", "checkpoints", "samples", "evaluation", "tensorboard", "mlruns")


def odd_entries(folder: Path, *only: str) -> list[str]:
    """Entries that lead out of a folder or are neither file nor folder: the path of each in it, and what it is.

    The folder itself may be reached through links, and links may lead from one place in it to another. All its entries
    are looked at, and those of folders in it where a run is written; a folder that is not there has none.

    Args:
        only: names of the entries that are looked at, if not all.

    Raises OSError where a folder cannot be listed.
    """
    root = Path(os.path.realpath(folder))
    if not root.is_dir():
        return []
    waiting = [each for each in root.iterdir() if not only or each.name in only]
    found, seen = [], {root}
    while waiting:
        entry = waiting.pop()
        leads_to = Path(os.path.realpath(entry))
        place = entry.relative_to(root)
        if not leads_to.is_relative_to(root):
            found.append(f"{place}: a link to {leads_to}")
        elif (kind := _kind(leads_to)) is not None:
            found.append(f"{place}: {kind}")
        elif place.parts[0].startswith(LOOKED_INTO) and leads_to.is_dir() and leads_to not in seen:
            seen.add(leads_to)
            waiting += entry.iterdir()
    return sorted(found)


def _kind(path: Path) -> str | None:
    """What is there that is neither file nor folder; None where nothing is."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return None
    return "a fifo" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
