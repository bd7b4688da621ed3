"""Pictures of kinds that are not read here: counted and named, so that none is passed over without a word."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from pix2pix.pictures import heif

_KINDS = frozenset(
    f".{name}"
    for names in (
        ("heic", "heif", "avif", "gif", "jp2", "jxl", "jfif", "psd", "exr", "tga", "pgm", "ppm", "ico"),
        ("dng", "cr2", "cr3", "nef", "arw"),  # of cameras
        ("svs", "ndpi", "czi", "nd2", "lif", "lsm", "vsi"),  # of microscopes
    )
    for name in names
)
NOT_READ = _KINDS - {*(heif.SUFFIXES if heif.is_there() else ())}


def unread(folder: Path) -> str:
    """How many pictures at or below a folder are of which of these kinds, and what to do; "" where there are none."""
    suffixes = (
        os.path.splitext(file)[1].lower() for _, _, files in os.walk(folder) for file in files if file[0] != "."
    )
    return in_words(Counter(suffix for suffix in suffixes if suffix in NOT_READ))


def in_words(kinds: Counter[str]) -> str:
    """The same of kinds that were counted."""
    kinds = Counter({suffix: count for suffix, count in kinds.items() if suffix in NOT_READ})
    if not kinds:
        return ""
    counted = ", ".join(f"{count} {suffix}" for suffix, count in kinds.most_common())
    install = " (for HEIC: pip install 'pix2pix-lightning[heic]')" if kinds.keys() & {*heif.SUFFIXES} else ""
    return (
        f"{counted}: not read here, and left out; convert them to PNG or TIFF: magick mogrify -format png FILE{install}"
    )
