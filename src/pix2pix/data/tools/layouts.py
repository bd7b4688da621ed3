"""Which pair source a folder is made for, found by looking at it, and the settings that say so to `pix2pix train`."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pix2pix.data.codecs import picture_size, read_picture
from pix2pix.data.pairs import Array, BadPairError
from pix2pix.data.sources.derived import DerivedPairs
from pix2pix.data.sources.folders import list_pictures, split_folders
from pix2pix.data.sources.manifest import Manifest
from pix2pix.data.sources.side_by_side import SideBySide
from pix2pix.data.sources.splits import SPLITS
from pix2pix.data.sources.two_folders import TwoFolders, find_templates
from pix2pix.data.tools.seams import has_seam

SOURCES: dict[str, Any] = {
    "manifest": Manifest,
    "two_folders": TwoFolders,
    "side_by_side": SideBySide,
    "derived": DerivedPairs,
}
SETTING_OF = {
    "file": "manifest",
    "source_folder": "two_folders",
    "target_folder": "two_folders",
    "panels": "side_by_side",
    "derive": "derived",
}
MANIFESTS = ("pairs.csv", "pairs.jsonl", "manifest.csv", "manifest.jsonl")
LOOKED_FOR = f"""\
a manifest              {", ".join(MANIFESTS)}, with columns source and target   (another name: --file)
two folders             train/A and train/B, A/train and B/train, trainA and trainB, A and B;
                        source and target, input and output do as well   (others: --source-folder, --target-folder)
files of pairs          pictures in train/, val/, test/, or right in the folder, side by side in one file
photos alone            the same, one picture a file: the source is made from it   (--derive)"""
PROBED = 16  # pictures whose sizes decide how many panels there are
MOST_PANELS = 6

Source = Manifest | TwoFolders | SideBySide | DerivedPairs


@dataclass(frozen=True)
class Layout:
    """A pair source by the name it has in the settings, its root, and the settings that differ from their defaults."""

    name: str
    root: Path
    settings: dict[str, Any] = field(default_factory=dict)

    def open(self, split: str, direction: str = "a_to_b") -> Source:
        """The pairs of a split. Raises ValueError where there is no such split."""
        source: Source = SOURCES[self.name](self.root, split, direction, **self.settings)
        return source

    def open_all(self, direction: str = "a_to_b") -> dict[str, Source]:
        """The splits that there are. Raises ValueError, with what the first one lacks, where there is none."""
        found: dict[str, Source] = {}
        errors = []
        for split in SPLITS:
            try:
                found[split] = self.open(split, direction)
            except ValueError as error:
                errors.append(error)
        if not found:
            raise errors[0]
        return found


def find_layout(root: Path, name: str | None = None, **given: Any) -> Layout | None:
    """The layout of a folder or a manifest file, or None; `name` and the settings in `given` win over what is found.

    Raises ValueError where settings of different layouts are given.
    """
    given = {key: value for key, value in given.items() if value is not None}
    if root.is_file():
        root, given = root.parent, {"file": root.name} | given
    if name is None:
        name = next((SETTING_OF[key] for key in given), None) or _found(root)
    if name is None:
        return None
    for key in given:
        if SETTING_OF[key] != name:
            raise ValueError(f"--{key.replace('_', '-')} goes with --layout {SETTING_OF[key]}, not with {name}")
    if name == "manifest" and "file" not in given:
        there = [file for file in MANIFESTS if (root / file).is_file()]
        given |= {"file": there[0]} if there and there[0] != MANIFESTS[0] else {}
    if name == "side_by_side" and "panels" not in given:
        panels = _panels(root)
        given |= {"panels": panels} if panels != 2 else {}
    return Layout(name, root, given)


def _found(root: Path) -> str | None:
    if any((root / file).is_file() for file in MANIFESTS):
        return "manifest"
    if not root.is_dir():
        return None
    if find_templates(root):
        return "two_folders"
    if not _some_pictures(root):
        return None
    return "side_by_side" if _in_panels(root) else "derived"


def _some_pictures(root: Path) -> list[Path]:
    folders = [folder for (folder,) in split_folders(root, ["{split}"]).values()] or [root]
    for folder in folders:
        pictures = list(list_pictures(folder)[0].values())
        if pictures:
            return pictures[:: max(len(pictures) // PROBED, 1)]
    return []


def _panels(root: Path) -> int:
    """As many squares as the pictures are wide, if that is 3 or more; otherwise two halves of whatever shape."""
    ratio = _ratio(root)
    return int(ratio) if ratio.is_integer() and 3 <= ratio <= MOST_PANELS else 2


def _in_panels(root: Path) -> bool:
    """Whether the files are two or more squares wide, or have a seam in the middle."""
    ratio = _ratio(root)
    if ratio.is_integer() and 2 <= ratio <= MOST_PANELS:
        return True
    pictures: list[Array] = []
    for path in _some_pictures(root):
        with suppress(BadPairError):
            pictures.append(read_picture(path))
    return not pictures or has_seam(pictures)


def _ratio(root: Path) -> float:
    """The most common width / height; 2 where no file can be read."""
    ratios: Counter[float] = Counter()
    for path in _some_pictures(root):
        with suppress(BadPairError):
            height, width, _ = picture_size(path)
            ratios[width / height] += 1
    return ratios.most_common(1)[0][0] if ratios else 2.0
