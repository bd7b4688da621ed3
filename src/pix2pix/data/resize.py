"""Resizing of (H, W, C) pictures with any number of channels, 8 bit, 16 bit and float, by torch.

Bicubic is antialiased and follows Pillow's filter (a = -0.5, widened when shrinking). For uint8 torch's integer kernel
is both the closest to Pillow (1 grey level) and faster than it; the rest goes through float32, which holds 16 bits.
(Two passes, first along the width, clipped to 8 bits between them. Pillow 13 takes the height first where it shrinks
while the width grows; overshoot at hard edges is then clipped at other places.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from pix2pix.data.domains import Interpolation
from pix2pix.pictures.array import Array
from pix2pix.pictures.meaning import marked, said_of


def resize(values: Array, size: tuple[int, int], interpolation: Interpolation) -> Array:
    """(H, W, C) uint8, uint16, float32 or bool to (*size, C) of the same dtype; the same array if it has that size.

    "bicubic" overshoots beside edges: integers are clipped to their dtype, float32 is not clipped. "nearest" takes the
    pixel whose square holds the centre of the new one; on a border between two pixels, the one nearer the picture's
    middle, so that mirroring before and after agree. (From an even to an odd number of pixels, the middle new one lies
    on the middle border and no choice can agree: it is the right or lower one.) What a file says of the channels stays.

    Raises ValueError for bicubic on bool.
    """
    if values.shape[:2] == size:
        return values
    return marked(_resized(np.asarray(values), size, interpolation), said_of(values))


def _resized(values: Array, size: tuple[int, int], interpolation: Interpolation) -> Array:
    if interpolation == "nearest":
        rows, columns = (_nearest(old, new) for old, new in zip(values.shape[:2], size, strict=True))
        return np.ascontiguousarray(values[rows][:, columns])
    if values.dtype == bool:
        raise ValueError("a mask has no values between False and True: resize it by nearest, or as float32")
    if values.dtype == np.uint8:
        return _bicubic(values, size)
    resized = _bicubic(values.astype(np.float32), size)
    if values.dtype.kind == "f":
        return resized.astype(values.dtype, copy=False)
    limits = np.iinfo(values.dtype)
    return np.rint(resized).clip(limits.min, limits.max).astype(values.dtype)


def fitted(shape: Sequence[int], asked: Sequence[int], step: int = 1) -> tuple[int, int]:
    """(height, width) for a picture (H, W, …): [shorter side], its shape kept, or [height, width].

    With the shape kept, both are multiples of `step`.
    """
    if len(asked) == 2:
        return asked[0], asked[1]
    (shorter,), (height, width) = asked, shape[:2]
    scale = shorter / min(height, width)
    return max(round(height * scale / step), 1) * step, max(round(width * scale / step), 1) * step


def _bicubic(values: Array, size: tuple[int, int]) -> Array:
    owned = np.require(values, requirements=["C", "W"])  # torch takes neither negative strides nor read-only memory
    batch = torch.from_numpy(owned).permute(2, 0, 1)[None]  # (1, C, H, W), channels last: the kernel's fast layout
    resized = interpolate(batch, size=size, mode="bicubic", antialias=True, align_corners=False)
    resized_values: Array = resized[0].permute(1, 2, 0).numpy()
    return resized_values


def _nearest(old: int, new: int) -> NDArray[np.intp]:
    """For each of `new` pixels the old one under its centre (i + 1/2) old / new, in whole numbers."""
    centre = (2 * np.arange(new) + 1) * old  # in units of 1 / (2 new) old pixels
    index, rest = np.divmod(centre, 2 * new)
    right_of_middle = centre > old * new
    nearest: NDArray[np.intp] = index - ((rest == 0) & right_of_middle)
    return nearest
