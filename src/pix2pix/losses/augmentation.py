"""Differentiable augmentation: the discriminator sees varied pictures, real and translated, and so learns few by heart.

Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN training". The gradient goes through it to the
generator, whose own pictures stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

KINDS = ("colour", "translation", "cutout")
FURTHEST = 1 / 8  # of a side: the longest translation
HOLE = 1 / 2  # of a side: the hole's


@dataclass(frozen=True)
class Augmentation:
    """One draw for B pictures; whatever it is applied to, it does the same."""

    colour: Tensor | None = None  # (3, B, 1, 1, 1): what is added as brightness, factors of saturation and contrast
    translation: tuple[tuple[int, int], ...] = ()  # pixels down and to the right, for each picture
    cutout: Tensor | None = None  # (B, 1, H, W), 0 in the hole

    def __call__(self, pictures: Tensor) -> Tensor:
        """Vary pictures (B, C, H, W) in [-1, 1]; what comes from outside and the hole are 0."""
        if self.colour is not None:
            brightness, saturation, contrast = self.colour.to(pictures)
            pictures = pictures + brightness
            grey = pictures.mean(dim=1, keepdim=True)
            pictures = (pictures - grey) * saturation + grey
            mean = pictures.mean(dim=(1, 2, 3), keepdim=True)
            pictures = (pictures - mean) * contrast + mean
        if self.translation:
            moves = zip(pictures, self.translation, strict=True)
            pictures = torch.stack([F.pad(each, (right, -right, down, -down)) for each, (down, right) in moves])
        if self.cutout is not None:
            pictures = pictures * self.cutout.to(pictures)
        return pictures


def draw(kinds: Sequence[str], count: int, size: tuple[int, int], seed: int) -> Augmentation:
    """What happens to each of `count` pictures of `size` = (height, width): a function of the seed.

    colour: brightness ±0.5, saturation × [0, 2), contrast × [0.5, 1.5). translation: whole pixels, up to an eighth of a
    side. cutout: a hole of half of each side, its middle anywhere.
    """
    random = torch.Generator().manual_seed(seed)

    def whole(low: int, high: int) -> list[int]:
        """`count` numbers of low, …, high."""
        return torch.randint(low, high + 1, (count,), generator=random).tolist()

    colour: Tensor | None = None
    translation: tuple[tuple[int, int], ...] = ()
    cutout: Tensor | None = None
    if "colour" in kinds:
        brightness, saturation, contrast = torch.rand(3, count, 1, 1, 1, generator=random)
        colour = torch.stack([brightness - 0.5, saturation * 2, contrast + 0.5])
    if "translation" in kinds:
        down, right = (whole(-round(side * FURTHEST), round(side * FURTHEST)) for side in size)
        translation = tuple(zip(down, right, strict=True))
    if "cutout" in kinds:
        cutout = torch.ones(count, 1, *size)
        (tall, rows), (wide, columns) = ((round(side * HOLE), whole(0, side)) for side in size)
        for hole, row, column in zip(cutout[:, 0], rows, columns, strict=True):
            top, left = row - tall // 2, column - wide // 2
            hole[max(top, 0) : top + tall, max(left, 0) : left + wide] = 0
    return Augmentation(colour, translation, cutout)
