"""The classes of label maps that are stored as colours without a palette, blurred by JPEG or antialiasing or not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pix2pix.data.domains.labels import Colour
from pix2pix.pictures.array import Array

MOST = 64  # colours of a label map
FLAT = 8  # levels by which the colours of a flat 3x3 window may differ
APART = 16  # levels in some channel that two classes lie apart
NEAR = 6  # levels around a class's colour in which its flat pixels lie
CONCENTRATED = 0.95  # share of the flat pixels that must (facades: labels .997, photos .61)
LEAST = 1e-4  # share of the flat pixels that a colour needs to be a class (facades: the rarest .005, all others .00002)


class NoPaletteError(ValueError):
    """Pictures that are no label maps."""


@dataclass(frozen=True)
class FoundPalette:
    """Colours, the most frequent first, and the share of the pixels that each was found in; exact: no other occurs."""

    colours: tuple[Colour, ...]
    shares: tuple[float, ...]
    exact: bool


def find_palette(pictures: Iterable[Array]) -> FoundPalette:
    """The colours that label maps consist of.

    Where all pictures together have at most MOST colours, those are the palette. Else colours are counted where the
    3x3 window around a pixel is flat, so that what compression and resizing put on the borders of areas does not count,
    and the most frequent that lie APART are taken. The order of the pictures changes nothing.

    Args:
        pictures: (H, W, 3), uint8.

    Raises:
        NoPaletteError: there are more than MOST colours, fewer than 2, or the flat pixels do not lie around a few.
    """
    everywhere, where_flat = np.zeros(1 << 24, np.int64), np.zeros(1 << 24, np.int64)
    for picture in pictures:
        _count(picture.reshape(-1, 3), everywhere)
        _count(_flat_pixels(picture), where_flat)
    exact = int(np.count_nonzero(everywhere)) <= MOST
    colours, counts = _colours(everywhere) if exact else _colours(where_flat)
    total = counts.sum()
    chosen, chosen_counts = (colours, counts) if exact else _most_frequent(colours, counts)
    if not 2 <= len(chosen) <= MOST:
        raise NoPaletteError(f"their flat areas have {_more(len(chosen))} colour(s); a label map has 2 to {MOST}")
    concentrated = counts[_distance(colours, chosen) <= NEAR].sum() / total
    if concentrated < CONCENTRATED:
        raise NoPaletteError(
            f"only {concentrated:.0%} of the pixels in flat areas are, within {NEAR} levels, of one of the"
            f" {len(chosen)} colours that are frequent there; of a label map {CONCENTRATED:.0%} are"
        )
    palette = tuple((int(red), int(green), int(blue)) for red, green, blue in chosen)
    return FoundPalette(palette, tuple((chosen_counts / total).tolist()), exact)


def _count(pixels: Array, into: NDArray[np.int64]) -> None:
    """Count (N, 3) in a table of all 2^24 colours."""
    red, green, blue = (pixels[:, channel].astype(np.int32) for channel in range(3))
    keys, counts = np.unique(red << 16 | green << 8 | blue, return_counts=True)
    into[keys] += counts


def _flat_pixels(picture: Array) -> Array:
    """(N, 3): the pixels in the middle of 3x3 windows that are flat; those on the picture's border have no window."""
    height, width = picture.shape[0] - 2, picture.shape[1] - 2
    if height < 1 or width < 1:
        return picture[:0, :0].reshape(-1, 3)
    windows = [picture[down : down + height, right : right + width] for down in range(3) for right in range(3)]
    spread = np.maximum.reduce(windows) - np.minimum.reduce(windows)  # (H - 2, W - 2, 3)
    flat: Array = picture[1:-1, 1:-1][(spread <= FLAT).all(axis=2)]
    return flat


def _colours(table: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Colours (N, 3) and their counts (N,), the most frequent first, of equally frequent ones the darkest red first."""
    keys = np.flatnonzero(table)
    keys = keys[np.argsort(-table[keys], kind="stable")]
    return np.stack([keys >> 16, keys >> 8 & 255, keys & 255], axis=1), table[keys]


def _most_frequent(
    colours: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The most frequent colour, then the most frequent that is APART from it, and so on; with what lies around each."""
    left = np.ones(len(colours), bool)
    least = LEAST * counts.sum()
    chosen: list[int] = []
    around: list[int] = []
    while left.any() and counts[left].sum() >= least and len(chosen) <= MOST:
        first = int(np.argmax(left))
        near = left & (np.abs(colours - colours[first]).max(axis=1) <= APART)
        left &= ~near
        if counts[near].sum() >= least:
            chosen.append(first)
            around.append(int(counts[near].sum()))
    return colours[chosen], np.array(around, np.int64)


def _distance(colours: NDArray[np.int64], chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N,): levels, in the channel where they differ most, to the nearest of the chosen."""
    nearest = np.full(len(colours), 255, np.int64)
    for colour in chosen:
        np.minimum(nearest, np.abs(colours - colour).max(axis=1), out=nearest)
    return nearest


def _more(count: int) -> str:
    return f"more than {MOST}" if count > MOST else str(count)
