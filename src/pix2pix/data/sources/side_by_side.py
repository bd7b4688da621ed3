"""Pairs stored as one file each: two or more pictures of one scene next to each other, as the paper's data come."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pix2pix.data.pairs import Pair, Problem
from pix2pix.data.sources.directions import parse_direction
from pix2pix.data.sources.folders import Holdout, list_folder, split_folders
from pix2pix.data.sources.two_folders import find_templates
from pix2pix.errors import BadPairError
from pix2pix.pictures.codecs import read_picture


class SideBySide:
    """Files of `panels` pictures of equal width, lettered a, b, c, ... from the left; `direction` picks two (`c_to_a`).

    Reads root/{train,val,test}/, or a flat root that is parted at random. `names` are paths below that folder, without
    suffix. Raises ValueError where the folder or the split is missing, where there are two folders of pictures instead,
    or the direction names a panel too many.
    """

    def __init__(
        self,
        root: str | Path,
        split: str,
        direction: str = "a_to_b",
        panels: int = 2,
        val_fraction: float = 0.1,
        test_fraction: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.panels = panels
        self.source_panel, self.target_panel = parse_direction(direction, panels)
        root = Path(root).expanduser()
        two = find_templates(root) if panels > 1 else None
        within = "{split}/" if split_folders(root, ["{split}"]) else ""  # where files of pairs would be
        if two is not None and two[0].startswith(within):
            found = " and ".join(each.replace("{split}", "train") for each in two)
            raise ValueError(
                f"{root}: holds two folders of pictures, {found}, and data=side_by_side reads files that"
                " each hold both pictures of a pair. Type data=two_folders"
            )
        listing = list_folder(root, split, Holdout(val_fraction, test_fraction, seed))
        self.names: Sequence[str] = list(listing.files)
        self.problems: Sequence[Problem] = listing.problems
        self.held_out = listing.held_out
        self._paths = [path for (path,) in listing.files.values()]

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> Pair:
        """The two panels, as views of what the file holds. Raises BadPairError where it cannot be read or divided."""
        path = self._paths[index]
        stored = read_picture(path)
        width, rest = divmod(stored.shape[1], self.panels)
        if rest or not width:
            raise BadPairError(
                f"{path}: {stored.shape[1]} pixels wide, which {self.panels} panels do not divide: "
                "is data.panels right, is this a file of pairs?"
            )
        source, target = (
            stored[:, panel * width : (panel + 1) * width] for panel in (self.source_panel, self.target_panel)
        )
        return Pair(source, target, self.names[index])

    def files(self, index: int) -> tuple[Path, ...]:
        """The file that pair `index` is read from."""
        return (self._paths[index],)
