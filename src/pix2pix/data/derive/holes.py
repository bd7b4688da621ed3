"""Inpainting: the source is the photo with parts of it missing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from pix2pix.data.derive.derivation import Derived, Plain, levels
from pix2pix.pictures.array import Array

Hole = NDArray[np.bool_]  # (H, W), true where the picture is missing


@dataclass(frozen=True)
class Holes:
    """Fills holes with the middle grey; where they are depends on `seed` and the photo's name alone.

    Args:
        shape: "centre": one square in the middle; "block": the same at any place; "boxes": `count` rectangles at any
            place, which may overlap, each side drawn between a quarter of `side` and `side`.
        side: of the square, as a share of the picture's shorter side. 0.5 is the hole of 64 pixels in 128, or 128 in
            256, that work on Paris StreetView has used since Context Encoders (Pathak et al. 2016).
        only: the target counts in the hole alone, in losses and scores.

    Raises ValueError for another shape, or a number out of its range.
    """

    shape: Literal["centre", "block", "boxes"] = "block"
    side: float = 0.5
    count: int = 4
    only: bool = False
    seed: int = 0

    domains: ClassVar[tuple[Plain | None, Plain | None]] = (None, None)

    def __post_init__(self) -> None:
        if self.shape not in ("centre", "block", "boxes"):
            raise ValueError(f"data.holes.shape is {self.shape!r}; expected centre, block or boxes")
        if not 0 < self.side < 1:
            raise ValueError(f"data.holes.side is {self.side}; expected a share of the picture, above 0 and below 1")
        if self.count < 1:
            raise ValueError(f"data.holes.count is {self.count}; expected 1 or more")

    def __call__(self, photo: Array, name: str) -> Derived:
        """The photo with its holes, and where the target counts."""
        levels(photo, name, "holes")
        hole = self.hole((photo.shape[0], photo.shape[1]), name)
        return Derived(with_hole(photo, hole), hole if self.only else None)

    def hole(self, size: tuple[int, int], name: str) -> Hole:
        """Where a picture of this height and width and this name is missing; never nowhere."""
        digest = hashlib.blake2b(f"{self.seed}:{name}".encode(errors="surrogatepass"), digest_size=16).digest()
        rng = np.random.Generator(np.random.PCG64(int.from_bytes(digest)))
        longest = self.side * min(size)
        hole = np.zeros(size, np.bool_)
        for _ in range(self.count if self.shape == "boxes" else 1):
            share = rng.uniform(0.25, 1, 2) if self.shape == "boxes" else np.ones(2)
            down, across = (max(round(longest * float(each)), 1) for each in share)
            place = np.full(2, 0.5) if self.shape == "centre" else rng.random(2)
            top, left = int(place[0] * (size[0] - down + 1)), int(place[1] * (size[1] - across + 1))
            hole[top : top + down, left : left + across] = True
        return hole


def with_hole(photo: Array, hole: Hole) -> Array:
    """A copy of an (H, W, C) picture of 8 or 16 bits with the hole filled by its middle grey."""
    holed = photo.copy()
    holed[hole] = np.iinfo(photo.dtype).max // 2 + 1
    return holed
