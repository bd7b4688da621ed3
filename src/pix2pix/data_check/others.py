"""Files of a folder that are no pictures: those that are passed over, and volumes, which cannot be trained on yet."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pix2pix.data.sources.folders import natural, walk
from pix2pix.data.sources.unread import NOT_READ
from pix2pix.pictures.codecs import READABLE

VOLUMES = (".nii", ".nii.gz", ".dcm", ".ima", ".mha", ".mhd", ".nrrd", ".mgz", ".mnc")
NAMED = 5
ONE_BY_ONE = 2  # files of one suffix that are named, rather than counted


def passed_over(root: Path) -> str:
    """Files that are no pictures, counted by suffix or named, hidden ones too; "" where there are none."""
    by_suffix: dict[str, list[str]] = {}
    hidden = 0
    for where, files in walk(root, lambda error: None):
        hidden += sum(entry.name[0] == "." and entry.is_file() for entry in os.scandir(where))
        for file in files:
            suffix = os.path.splitext(file)[1].lower()
            if suffix not in READABLE and suffix not in NOT_READ:
                by_suffix.setdefault(suffix, []).append(file)
    many = {suffix: files for suffix, files in by_suffix.items() if suffix and len(files) > ONE_BY_ONE}
    few = sorted((file for suffix, files in by_suffix.items() if suffix not in many for file in files), key=natural)
    said = [f"{len(files)} {suffix}" for suffix, files in sorted(many.items())] + few[:NAMED]
    said += [f"{len(few) - NAMED} more"] * (len(few) > NAMED) + [f"{hidden} hidden"] * (hidden > 0)
    return ", ".join(said)


def volumes(root: Path) -> str:
    """What to say of a folder that holds volumes instead of pictures; "" where it has none."""
    files = [where / file for where, files in walk(root, lambda error: None) for file in files]
    found = [file for file in files if file.name.lower().endswith(VOLUMES)]
    if not found:
        return ""
    kinds = Counter(next(suffix for suffix in VOLUMES[::-1] if file.name.lower().endswith(suffix)) for file in found)
    counted = ", ".join(f"{count} {suffix}" for suffix, count in kinds.most_common())
    return (
        f"volumes    {counted}: {_named(root, found)}.\n"
        "Volumes can be translated (pix2pix translate), and not be trained on yet: training reads pictures. Write\n"
        "their slices as .npy or .tif, those of one place under one name into a folder for each side, such as\n"
        "t1/0001.npy and t2/0001.npy, and check that folder. docs/tasks.md has the lines of Python for it."
    )


def _named(root: Path, files: Sequence[Path]) -> str:
    names = sorted((file.relative_to(root).as_posix() for file in files), key=natural)
    return ", ".join(names[:NAMED]) + (f", and {len(names) - NAMED} more" if len(names) > NAMED else "")
