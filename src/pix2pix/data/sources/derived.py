"""Pairs of which only the target is stored: a folder of photos, each giving its own source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pix2pix.data.derive import make_derivation
from pix2pix.data.pairs import Pair, Problem
from pix2pix.data.sources.directions import parse_direction
from pix2pix.data.sources.folders import Holdout, list_folder
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import read_picture


class DerivedPairs:
    """Photos in root/{train,val,test}/, or in a flat root that is parted at random; sub-folders are looked into.

    A photo is brought to the size at which the networks see it before anything is derived from it, so that lines are
    one pixel wide and stay black and white: to `size` × `jitter`, of which training cuts out `size`, and for validation
    and test to `size`. With `size=None` photos keep theirs. The direction's a is what is derived, b the photo.

    Args:
        derive: edges, grey, holes or downscale; `edges`, `holes` and `factor` are their settings, see `data.derive`.
        size: (height, width) in pixels.
        jitter: that of the transform which follows.
        seed: of the random split alone: what is derived does not change with it.

    Raises ValueError where the folder or the split is missing, or a setting is out of its range.
    """

    def __init__(
        self,
        root: str | Path,
        split: str,
        direction: str = "a_to_b",
        derive: str = "grey",
        size: Sequence[int] | None = None,
        jitter: float = 1.0,
        edges: Mapping[str, Any] | None = None,
        holes: Mapping[str, Any] | None = None,
        factor: int = 4,
        val_fraction: float = 0.1,
        test_fraction: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.derivation = make_derivation(derive, edges, holes, factor)
        self._sides = parse_direction(direction)
        self.domains = tuple(self.derivation.domains[side] for side in self._sides)
        scale = jitter if split == "train" else 1.0
        self.size = None if size is None else (round(size[0] * scale), round(size[1] * scale))
        listing = list_folder(Path(root).expanduser(), split, Holdout(val_fraction, test_fraction, seed))
        self.names: Sequence[str] = list(listing.files)
        self.problems: Sequence[Problem] = listing.problems
        self.held_out = listing.held_out
        self._paths = [path for (path,) in listing.files.values()]

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> Pair:
        """The photo at its size and what is derived from it. Raises BadPairError where it cannot be read or used."""
        name = self.names[index]
        photo = self._sized(read_picture(self._paths[index]))
        derived = self.derivation(photo, name)
        pictures = derived.source, photo
        source, target = (pictures[side] for side in self._sides)
        return Pair(source, target, name, derived.counts)

    def files(self, index: int) -> tuple[Path, ...]:
        """The file that pair `index` is read from."""
        return (self._paths[index],)

    def _sized(self, photo: Array) -> Array:
        if self.size is None or photo.shape[:2] == self.size:
            return photo
        from pix2pix.data.resize import resize  # imports torch, and `pix2pix data check` does without

        return resize(photo, self.size, "bicubic")
