"""Pairs stored as two files of one name in two folders, of whatever suffixes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pix2pix.data.codecs import read_picture
from pix2pix.data.pairs import Pair, Problem
from pix2pix.data.sources.directions import parse_direction
from pix2pix.data.sources.folders import Files, Holdout, list_split, split_folders

FOLDER_PAIRS = (("A", "B"), ("a", "b"), ("source", "target"), ("input", "output"), ("inputs", "targets"))
TEMPLATES = ("{split}/FOLDER", "FOLDER/{split}", "{split}FOLDER", "{split}_FOLDER", "FOLDER")


class TwoFolders:
    """Pictures paired by their path without suffix: A/train/x.png with B/train/x.tif.

    The usual layouts are found by themselves: root/{split}/{A,B}, root/{A,B}/{split}, root/{split}{A,B} (trainA),
    and flat root/{A,B}, which is parted at random; {source,target} and {input,output} do as {A,B} do. Other folders
    are given below `root`, with `{split}` where train, val or test stands: `source_folder="mr/{split}"`. The
    direction's a is the first or source folder, b the second.
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
    ) -> None:
        self.source_side, self.target_side = parse_direction(direction)
        root = Path(root).expanduser()
        self.templates = _templates(root, source_folder, target_folder)
        listing = list_split(root, self.templates, split, Holdout(val_fraction, test_fraction, seed))
        self.names: Sequence[str] = list(listing.files)
        self.problems: Sequence[Problem] = listing.problems
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
    for template in TEMPLATES:
        for names in FOLDER_PAIRS:
            first, second = (template.replace("FOLDER", name) for name in names)
            if "{split}" in template:
                if split_folders(root, [first, second]):
                    return first, second
            elif (root / first).is_dir() and (root / second).is_dir():
                return first, second
    return None


def _templates(root: Path, source_folder: str | None, target_folder: str | None) -> tuple[str, str]:
    if source_folder is not None and target_folder is not None:
        if ("{split}" in source_folder) != ("{split}" in target_folder):
            raise ValueError(
                f"data.source_folder={source_folder} and data.target_folder={target_folder}: "
                "either both or neither must hold {split}"
            )
        return source_folder, target_folder
    if source_folder is not None or target_folder is not None:
        raise ValueError("data.source_folder and data.target_folder go together: give both, or neither")
    if not root.is_dir():
        raise ValueError(f"data.root: no folder {root} (looked from {Path.cwd()})")
    found = find_templates(root)
    if found is None:
        there = ", ".join(sorted(path.name for path in root.iterdir() if path.is_dir())) or "none"
        raise ValueError(
            f"{root}: no two folders of pairs; looked for train/A and train/B, A/train and B/train, trainA and trainB, "
            f"A and B, the same with source and target, input and output; folders found: {there}. "
            "Others: data.source_folder=… data.target_folder=… ({split} stands for train, val, test)"
        )
    return found
