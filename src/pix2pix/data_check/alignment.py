"""Whether two pictures show one scene at one place, by their contours: for where file names do not say enough."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from pix2pix.pictures.array import Array

SIDE = 96  # pixels of the pictures that are compared, or fewer, as small ones have
FEWEST = 16
# In deviations of the correlation over all shifts. A facade and another, or the labels of another: one of 597 is above.
# Views of one field through a microscope, or from a satellite: mostly over 8.
CLEAR = 4.5


def aligned(a: Array, b: Array) -> bool:
    """Whether contours of two stored (H, W, C) pictures, of whatever sizes and values, lie on each other.

    False also where they show one scene in which nothing has the same contours: a yes is sure, a no is not.
    """
    side = min(SIDE, *a.shape[:2], *b.shape[:2])
    if side < FEWEST:
        return False
    first, second = _contours(a, side), _contours(b, side)
    shifted = np.fft.ifft2(np.fft.fft2(first) * np.fft.fft2(second).conj()).real  # by every shift, in a circle
    unshifted = max(shifted[down, across] for down in (-1, 0, 1) for across in (-1, 0, 1))
    return bool(unshifted - shifted.mean() > CLEAR * shifted.std() > 0)


def _contours(picture: Array, side: int) -> NDArray[np.float32]:
    """(side - 1, side - 1): steps between neighbours of the ranks of the values, less their mean."""
    values = picture.astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing but NaN in a pixel, or in all
        grey = np.nanmean(np.where(np.isfinite(values), values, np.nan), axis=2)
        grey = np.nan_to_num(grey, nan=float(np.nan_to_num(np.nanmedian(grey))))
    starts = [np.linspace(0, length, side, endpoint=False).astype(int) for length in grey.shape]
    small = np.add.reduceat(np.add.reduceat(grey, starts[0], axis=0), starts[1], axis=1)
    small /= np.outer(*(np.diff(first, append=length) for first, length in zip(starts, grey.shape, strict=True)))
    ranks = np.unique(small, return_inverse=True)[1].reshape(small.shape).astype(np.float32)
    steps = np.hypot(np.diff(ranks, axis=0)[:, :-1], np.diff(ranks, axis=1)[:-1])
    contours: NDArray[np.float32] = steps - steps.mean()
    return contours
