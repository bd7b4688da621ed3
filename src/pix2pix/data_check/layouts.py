"""Which pair source a folder is made for, found by looking at it, and the settings that say so to `pix2pix train`."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pix2pix.data.sources.derived import DerivedPairs
from pix2pix.data.sources.folders import list_pictures, split_folders, walk
from pix2pix.data.sources.manifest import Manifest
from pix2pix.data.sources.side_by_side import SideBySide
from pix2pix.data.sources.splits import SPLITS
from pix2pix.data.sources.two_folders import TEMPLATES, TwoFolders, find_templates, first_placed
from pix2pix.data_check.alignment import aligned
from pix2pix.data_check.lists import find_lists
from pix2pix.data_check.naming import DOUBT, Sides, find_sides
from pix2pix.data_check.suggestions import is_flat, is_same
from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import READABLE, picture_size, read_picture
from pix2pix.pictures.seams import has_seam

SOURCES: dict[str, Any] = {
    "manifest": Manifest,
    "two_folders": TwoFolders,
    "side_by_side": SideBySide,
    "derived": DerivedPairs,
}
SETTING_OF = {
    "file": "manifest",
    "columns": "manifest",
    "source_folder": "two_folders",
    "target_folder": "two_folders",
    "folders": "two_folders",
    "patterns": "two_folders",
    "panels": "side_by_side",
    "derive": "derived",
}
MANIFESTS = ("pairs.csv", "pairs.jsonl", "manifest.csv", "manifest.jsonl")
LOOKED_FOR = f"""\
a manifest              {", ".join(MANIFESTS)}, with columns source and target   (another name: --file)
two folders             train/A and train/B, A/train and B/train, trainA and trainB, A and B, or any names: pictures
                        of the same names in both   (--folders)
files of two            names that are equal but for one part, such as _c0 and _c1, in one folder   (--patterns)
files of pairs          pictures in train/, val/, test/, or right in the folder, side by side in one file
photos alone            the same, one picture a file: the source is made from it   (--derive)"""
PROBED = 16  # pictures whose sizes decide how many panels there are
MOST_PANELS = 6
LOOKED_AT, MOST_READINGS = 4, 8  # pairs of a reading, and readings, that are looked at where names leave several

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
    """The likeliest of `find_layouts`, or None."""
    return next(iter(find_layouts(root, name, **given)), None)


def find_layouts(root: Path, name: str | None = None, **given: Any) -> list[Layout]:
    """Every reading of a folder or a manifest file, the likeliest first; `name` and what is `given` win over all else.

    Raises ValueError where settings of different layouts are given.
    """
    given = {key: value for key, value in given.items() if value is not None}
    if root.is_file():
        root, given = root.parent, {"file": root.name} | given
    if name is None:
        name = next((SETTING_OF[key] for key in given), None)
    for key in given:
        if SETTING_OF[key] != name:
            raise ValueError(f"--{key.replace('_', '-')} goes with --layout {SETTING_OF[key]}, not with {name}")
    if name is None:
        return _readings(root)
    if name == "two_folders" and not given and root.is_dir():
        return _named_pairs(root) or [Layout(name, root)]
    return [_completed(name, root, given)]


def _completed(name: str, root: Path, given: dict[str, Any]) -> Layout:
    if name == "manifest" and "file" not in given:
        there = [file for file in MANIFESTS if (root / file).is_file()]
        given |= {"file": there[0]} if there and there[0] != MANIFESTS[0] else {}
    if name == "side_by_side" and "panels" not in given:
        panels = _panels(root)
        given |= {"panels": panels} if panels != 2 else {}
    return Layout(name, root, given)


def _readings(root: Path) -> list[Layout]:
    lists = [Layout("manifest", root, given) for given in find_lists(root)] if root.is_dir() else []
    others = [each for each in lists if "columns" in each.settings]
    if any((root / file).is_file() for file in MANIFESTS):
        return others or [_completed("manifest", root, {})]
    if not root.is_dir():
        return []
    named = [*lists, *_named_pairs(root)]
    if not _some_pictures(root):
        return named
    in_panels = _in_panels(root)
    if named:  # files that hold both pictures may have equal names too, in the folders of two cameras
        return [*named, *([_completed("side_by_side", root, {})] if in_panels else [])]
    if find_templates(root):
        return [Layout("two_folders", root)]
    return [_completed("side_by_side" if in_panels else "derived", root, {})]


def _named_pairs(root: Path) -> list[Layout]:
    """The readings as pairs of files that names give, and, where they say too little, what is seen in the pictures."""
    found = find_sides([path.relative_to(root).as_posix() for path in all_pictures(root)])
    if found and found[0].surety == DOUBT and found[0].pairs > 1:
        found = [each for each in found if _show_one_scene(root, [each])]
    elif found and found[0].surety == DOUBT and not _show_one_scene(root, found):
        return []
    return [Layout("two_folders", root, _settings(root, each)) for each in _as_seen(root, found)]


def all_pictures(root: Path) -> list[Path]:
    """Every picture that can be read at or below a folder."""
    listed = walk(root, lambda error: None)
    return [where / file for where, files in listed for file in files if os.path.splitext(file)[1].lower() in READABLE]


def _show_one_scene(root: Path, readings: Sequence[Sides]) -> bool:
    """What names leave open that make few pairs or are numbers: whether most pictures show what another one shows."""
    asked = [pair for each in readings for pair in sorted(each.files)[: max(PROBED // len(readings), 1)]]
    seen: dict[str, bool] = {}
    pictures: dict[str, Array] = {}
    for pair in asked[: MOST_PANELS * PROBED]:
        with suppress(BadPairError):
            pictures |= {name: read_picture(root / name) for name in pair if name not in pictures}
            both = aligned(pictures[pair[0]], pictures[pair[1]])
            seen |= {name: seen.get(name, False) or both for name in pair}
    return 2 * sum(seen.values()) > len(seen)


def _as_seen(root: Path, readings: Sequence[Sides]) -> list[Sides]:
    """Of equally sure readings, the usual one first; then those whose pictures are a flat one and another, as labels or
    masks and photos are; and those last of which no pair shows one scene, or each is one picture twice: names alone
    would as soon pair two kinds of labels, two towns, or a photo with its copy in another format.
    """
    if len(readings) < 2:
        return list(readings)
    usual = find_templates(root)

    def key(reading: Sides) -> tuple[int, bool, int]:
        flat, together, twice, seen = [0, 0], 0, 0, 0
        for names in sorted(reading.files)[:: max(len(reading.files) // LOOKED_AT, 1)][:LOOKED_AT]:
            with suppress(BadPairError):
                pictures = [read_picture(root / name) for name in names]
                together += aligned(*pictures)
                twice += is_same(*pictures)
                flat = [count + is_flat(picture) for count, picture in zip(flat, pictures, strict=True)]
                seen += 1
        of_two_kinds = (2 * flat[0] > seen) != (2 * flat[1] > seen)
        no_pairs = seen > 0 and (2 * twice > seen or (together == 0 and seen == LOOKED_AT))
        called_so = reading.patterns is None and reading.folders == usual
        return -reading.surety, not called_so, no_pairs - 2 * of_two_kinds

    likely, rest = readings[:MOST_READINGS], readings[MOST_READINGS:]
    return [*sorted(likely, key=key), *rest]


def _settings(root: Path, sides: Sides) -> dict[str, Any]:
    """What `data=two_folders` has to be told: as little as it needs."""
    settings: dict[str, Any] = {} if sides.patterns is None else {"patterns": list(sides.patterns)}
    alone = "{split}" if split_folders(root, ["{split}"]) else ""  # where files are looked for by patterns
    if sides.folders == ((alone, alone) if sides.patterns else find_templates(root)):
        return settings
    return {"folders": list(_names(root, sides.folders))} | settings


def _names(root: Path, folders: tuple[str, str]) -> tuple[str, str]:
    """The names of two folders that are in one of the usual places, or else the folders."""
    for template in TEMPLATES if "{split}" in folders[0] else ():
        before, behind = template.split("FOLDER")
        names = [each[len(before) : len(each) - len(behind)] for each in folders]
        if "/" not in "".join(names) and all(names) and first_placed(root, names) == folders:
            return names[0], names[1]
    return folders


def _some_pictures(root: Path) -> list[Path]:
    folders = [folder for (folder,) in split_folders(root, ["{split}"]).values()]
    for folder in [*folders, root]:
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
