"""Pairs stored as two files: of one name in two folders, or told apart by a part of their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pix2pix.data.pairs import Pair, Problem
from pix2pix.data.sources.directions import parse_direction
from pix2pix.data.sources.folders import Files, Holdout, list_split, split_folders
from pix2pix.pictures.codecs import read_picture

FOLDER_PAIRS = (("A", "B"), ("a", "b"), ("source", "target"), ("input", "output"), ("inputs", "targets"))
TEMPLATES = ("{split}/FOLDER", "FOLDER/{split}", "{split}FOLDER", "{split}_FOLDER", "FOLDER")


class TwoFolders:
    """Pictures paired by their path without suffix: A/train/x.png with B/train/x.tif.

    The usual layouts are found by themselves: root/{split}/{A,B}, root/{A,B}/{split}, root/{split}{A,B} (trainA),
    and flat root/{A,B}, which is parted at random; {source,target} and {input,output} do as {A,B} do.

    Args:
        folders: two other names, which are looked for in the same places, or folders below `root` with `{split}` where
            train, val or test stands: ("BF", "DAPI") or ("{split}", "{split}annot").
        patterns: of the two files' paths in those folders, without suffix: ("*_c0", "*_c1"), ("*", "*_mask"),
            ("*/t1", "*/t2"). What stands for the `*` is the same for both, and names the pair (see `patterns`). Without
            folders, both files are in root/{split}, or in a flat root.
        source_folder, target_folder: the folders one by one, exactly where they are below `root`.
        direction: its a is the first folder or pattern, b the second.

    Raises ValueError where no layout or no such split is found.
    """

    def __init__(
        self,
        root: str | Path,
        split: str,
        direction: str = "a_to_b",
        source_folder: str | None = None,
        target_folder: str | None = None,
        val_fraction: float = 0.1,
        test_fraction: float = 0.0,
        seed: int = 0,
        folders: Sequence[str] | None = None,
        patterns: Sequence[str] | None = None,
    ) -> None:
        self.source_side, self.target_side = parse_direction(direction)
        root = Path(root).expanduser()
        self.patterns = None if patterns is None else _two(patterns, "patterns")
        if folders is None:
            self.templates = _templates(root, source_folder, target_folder, self.patterns)
        elif source_folder is None and target_folder is None:
            self.templates = _named(root, _two(folders, "folders"))
        else:
            raise ValueError("data.folders and data.source_folder: give one of the two")
        listing = list_split(root, self.templates, split, Holdout(val_fraction, test_fraction, seed), self.patterns)
        self.names: Sequence[str] = list(listing.files)
        self.problems: Sequence[Problem] = listing.problems
        self.held_out = listing.held_out
        self._files: list[Files] = list(listing.files.values())

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> Pair:
        """Both pictures as stored. Raises BadPairError where one cannot be read."""
        files = self._files[index]
        source = read_picture(files[self.source_side])
        target = source if self.target_side == self.source_side else read_picture(files[self.target_side])
        return Pair(source, target, self.names[index])

    def files(self, index: int) -> tuple[Path, ...]:
        """The files that pair `index` is read from."""
        return self._files[index]


def find_templates(root: Path) -> tuple[str, str] | None:
    """The first of the usual layouts that `root` has, as two folder templates; None where it has none."""
    found = (placed(root, names, template) for template in TEMPLATES for names in FOLDER_PAIRS)
    return next((templates for templates in found if templates is not None), None)


def placed(root: Path, names: Sequence[str], template: str) -> tuple[str, str] | None:
    """Two folder names in one of the usual places, such as `{split}/FOLDER`, if both are there."""
    first, second = (template.replace("FOLDER", name) for name in names)
    if "{split}" in template:
        return (first, second) if split_folders(root, [first, second]) else None
    return (first, second) if (root / first).is_dir() and (root / second).is_dir() else None


def _two(given: Sequence[str], key: str) -> tuple[str, str]:
    if isinstance(given, str) or len(given) != 2 or (given[0] == given[1] and key == "patterns"):
        raise ValueError(f"data.{key}: found {given}; expected two, one a side: 'data.{key}=[A,B]'")
    return str(given[0]), str(given[1])


def _named(root: Path, names: tuple[str, str]) -> tuple[str, str]:
    """Names in one of the usual places, or folders as they are."""
    exact = "{split}" in "".join(names) or not all(names)  # "" is the root itself
    return (None if exact else first_placed(root, names)) or _agreeing(*names)


def first_placed(root: Path, names: Sequence[str]) -> tuple[str, str] | None:
    """Two folder names in the first of the usual places where both are, as folder templates."""
    found = (placed(root, names, template) for template in TEMPLATES)
    return next((templates for templates in found if templates is not None), None)


def _agreeing(source_folder: str, target_folder: str) -> tuple[str, str]:
    if ("{split}" in source_folder) != ("{split}" in target_folder):
        raise ValueError(f"the folders {source_folder} and {target_folder}: either both or neither must hold {{split}}")
    return source_folder, target_folder


def _templates(
    root: Path, source_folder: str | None, target_folder: str | None, patterns: Sequence[str] | None
) -> tuple[str, str]:
    if source_folder is not None and target_folder is not None:
        return _agreeing(source_folder, target_folder)
    if source_folder is not None or target_folder is not None:
        raise ValueError("data.source_folder and data.target_folder go together: give both, or neither")
    if not root.is_dir():
        raise ValueError(f"data.root: no folder {root} (looked from {Path.cwd()})")
    if patterns is not None:
        template = "{split}" if split_folders(root, ["{split}"]) else ""
        return template, template
    found = find_templates(root)
    if found is None:
        there = ", ".join(sorted(path.name for path in root.iterdir() if path.is_dir())) or "none"
        raise ValueError(
            f"{root}: no two folders of pairs; looked for train/A and train/B, A/train and B/train, trainA and trainB, "
            f"A and B, the same with source and target, input and output; folders found: {there}. "
            "Others: data.folders=[NAME,NAME]; files that differ by a part of their names: data.patterns"
        )
    return found
