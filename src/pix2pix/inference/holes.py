"""Inpainting: which pixels of a source are missing, and the others kept as they are.

A generator that was trained with `data.holes.only` was told nothing about the pixels that are known: its own version of
them is noise.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.data.derive.holes import with_hole
from pix2pix.data.domains import Domain
from pix2pix.data.resize import resize
from pix2pix.data.transforms import Geometry
from pix2pix.pictures.array import Array
from pix2pix.pictures.meaning import has_alpha

LEAST = 3  # pixels that a hole is high and wide; a smaller spot of the middle grey is a colour of the photo


def transparent_as_hole(stored: Array) -> Array:
    """A copy of (H, W, C) with the middle grey where alpha is 0: erased in a paint program, missing here."""
    if not has_alpha(stored) or stored.dtype not in (np.uint8, np.uint16):
        return stored
    erased = stored[:, :, -1] == 0
    return with_hole(stored, erased) if erased.any() else stored


def keep_known(source: Tensor, translation: Tensor, domain: Domain) -> Tensor:
    """The translation in the holes, the source elsewhere.

    Args:
        source, translation: (B, C, H, W) in [-1, 1], both of `domain`: one of 8 or 16 bits.
    """
    return torch.where(_holes(source, domain), translation, source)


def has_hole(source: Tensor, domain: Domain) -> bool:
    """Whether anything is missing in (B, C, H, W), in [-1, 1], of a domain of 8 or 16 bits."""
    return bool(_holes(source, domain).any())


def _holes(source: Tensor, domain: Domain) -> Tensor:
    """(B, 1, H, W), bool."""
    dtype = domain.decode(np.zeros((domain.channels, 1, 1), np.float32)).dtype
    middle = domain.encode(with_hole(np.zeros((1, 1, domain.channels), dtype), np.ones((1, 1), np.bool_)))  # (C, 1, 1)
    grey = (source == torch.from_numpy(middle).to(source.device)).all(dim=1, keepdim=True)
    return _without_spots(grey)


def resize_holed(values: Array, size: tuple[int, int]) -> Array:
    """(H, W, C) of 8 or 16 bits to (*size, C), bicubic, missing wherever the hole had a part in the value."""
    grey = (values == with_hole(values[:1, :1], np.ones((1, 1), np.bool_))).all(axis=2)
    hole = _without_spots(torch.from_numpy(grey)[None, None])[0, 0].numpy()
    known = Geometry(scaled=size, size=size).move_valid(~hole, "bicubic")
    return with_hole(resize(values, size, "bicubic"), ~known)


def _without_spots(grey: Tensor) -> Tensor:
    """(B, 1, H, W), bool: opened by the smallest hole; what is beyond the picture counts as missing."""
    return _grown(-_grown(-grey.float())).bool()


def _grown(mask: Tensor) -> Tensor:
    return F.max_pool2d(mask, LEAST, stride=1, padding=LEAST // 2)
