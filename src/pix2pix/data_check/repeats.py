"""Pictures that a data set has more than once: the same, or nearly the same, in two splits makes scores too good."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pix2pix.data.pairs import Pair
from pix2pix.pictures.array import Array

SIDE = 24  # pixels of the small pictures that are compared
# Correlation of both sides from which two pairs are nearly one. Of the 40,000 of CMP facades' train and val, none
# has over 0.68; the same picture after JPEG of quality 30, halved and back, or darker 0.99, moved by 2 pixels 0.97.
NEAR = 0.9
NAMED = 5  # repeats that are named
ROWS = 512  # pictures compared with all others at once


@dataclass
class Repeats:
    """Digests and small versions of the pictures that were added."""

    names: list[str] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    digests: list[tuple[bytes | None, bytes | None]] = field(default_factory=list)
    small: list[NDArray[np.float32]] = field(default_factory=list)  # (2, SIDE²), each of mean 0 and length 1

    def add(self, split: str, pair: Pair) -> None:
        """Take a pair in. A side that is one value everywhere, as an empty label map, is no repeat of another such."""
        self.names.append(pair.name)
        self.splits.append(split)
        self.digests.append((_digest(pair.source), _digest(pair.target)))
        self.small.append(np.stack([_small(pair.source), _small(pair.target)]))

    def in_words(self) -> Iterator[str]:
        """A line for those in several splits, for those twice in one, and for what is nearly the same in several."""
        same = self._same()
        parted = [(one, other) for one, other in same if self.splits[one] != self.splits[other]]
        twice = [(one, other) for one, other in same if self.splits[one] == self.splits[other]]
        if parted:
            yield f"warning    the same pictures in several splits, which makes scores too good: {self._list(parted)}"
        if twice:
            yield f"note       the same pictures twice: {self._list(twice)}"
        if near := self._near(set(same)):
            yield f"note       nearly the same in several splits, which may make scores too good: {self._list(near)}"

    def _same(self) -> list[tuple[int, int]]:
        """Pairs with a picture that an earlier one has, and the first that has it."""
        first: dict[tuple[int, bytes], int] = {}
        found = []
        for index, digests in enumerate(self.digests):
            places = [
                first.setdefault((side, digest), index) for side, digest in enumerate(digests) if digest is not None
            ]
            found += [(index, min(places))] if places and min(places) < index else []
        return found

    def _near(self, same: set[tuple[int, int]]) -> list[tuple[int, int]]:
        """Pairs of other splits than train, and the pair of another split most like it, where that is near."""
        if not self.small:
            return []
        known = {one for one, _ in same} | {other for _, other in same}
        small, splits = np.stack(self.small), np.array(self.splits)  # (pairs, 2, SIDE²)
        order = {"train": 0, "val": 1, "test": 2}
        rank = np.array([order[split] for split in splits])
        found = []
        for start in range(0, len(small), ROWS):
            rows = slice(start, start + ROWS)
            likeness = np.minimum(small[rows, 0] @ small[:, 0].T, small[rows, 1] @ small[:, 1].T)
            likeness[rank[rows, None] <= rank[None]] = -1  # each is told once, of the later split
            best = likeness.argmax(axis=1)
            found += [(start + row, int(other)) for row, other in enumerate(best) if likeness[row, other] >= NEAR]
        return [(one, other) for one, other in found if one not in known]

    def _list(self, found: Sequence[tuple[int, int]]) -> str:
        named = ", ".join(
            f"{self.splits[one]} {self.names[one]} and {self.splits[other]} {self.names[other]}"
            for one, other in found[:NAMED]
        )
        return f"{len(found)}: {named}" + (f", and {len(found) - NAMED} more" if len(found) > NAMED else "")


def _digest(picture: Array) -> bytes | None:
    values = picture[np.isfinite(picture)] if picture.dtype.kind == "f" else picture
    if not values.size or values.min() == values.max():
        return None
    described = f"{picture.shape} {picture.dtype.str}".encode()
    return hashlib.blake2b(described + np.ascontiguousarray(picture).tobytes(), digest_size=16).digest()


def _small(picture: Array) -> NDArray[np.float32]:
    """(SIDE²,): the mean of the channels in a grid, of mean 0 and length 1; zeros where it is one value."""
    grey = np.where(np.isfinite(picture), picture, 0).astype(np.float32).mean(axis=2)
    height, width = grey.shape
    down, across = (np.linspace(0, side, SIDE, endpoint=False).astype(int) for side in (height, width))
    small = np.add.reduceat(np.add.reduceat(grey, down, axis=0), across, axis=1)
    areas = [np.maximum(np.diff(starts, append=side), 1) for starts, side in ((down, height), (across, width))]
    values = (small / np.outer(*areas)).ravel().astype(np.float32)
    values -= values.mean()
    length = float(np.linalg.norm(values))
    return values / length if length > 1e-6 else np.zeros_like(values)
