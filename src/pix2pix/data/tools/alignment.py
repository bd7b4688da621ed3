"""Whether two pictures show one scene at one place, by their contours: for where file names do not say enough."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from pix2pix.data.pairs import Array

SIDE = 96  # pixels of the pictures that are compared
# In deviations of the correlation over all shifts. A facade and another, or the labels of another: one of 597 is above.
# Views of one field through a microscope, or from a satellite: mostly over 8.
CLEAR = 4.5


def aligned(a: Array, b: Array) -> bool:
    """Whether contours of two stored (H, W, C) pictures, of whatever sizes and values, lie on each other.

    False also where they show one scene in which nothing has the same contours: a yes is sure, a no is not.
    """
    first, second = _contours(a), _contours(b)
    shifted = np.fft.ifft2(np.fft.fft2(first) * np.fft.fft2(second).conj()).real  # by every shift, in a circle
    unshifted = max(shifted[down, across] for down in (-1, 0, 1) for across in (-1, 0, 1))
    return bool(unshifted - shifted.mean() > CLEAR * shifted.std() > 0)


def _contours(picture: Array) -> NDArray[np.float32]:
    """(SIDE - 1, SIDE - 1): steps between neighbours of the ranks of the values, less their mean."""
    values = picture.astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing but NaN in a pixel, or in all
        grey = np.nanmean(np.where(np.isfinite(values), values, np.nan), axis=2)
        grey = np.nan_to_num(grey, nan=float(np.nan_to_num(np.nanmedian(grey))))
    down, across = (np.linspace(0, side, SIDE, endpoint=False).astype(int) for side in grey.shape)
    small = np.add.reduceat(np.add.reduceat(grey, down, axis=0), across, axis=1)
    small /= np.outer(
        *(np.maximum(np.diff(starts, append=side), 1) for starts, side in zip((down, across), grey.shape, strict=True))
    )
    ranks = np.unique(small, return_inverse=True)[1].reshape(small.shape).astype(np.float32)
    steps = np.hypot(np.diff(ranks, axis=0)[:, :-1], np.diff(ranks, axis=1)[:-1])
    contours: NDArray[np.float32] = steps - steps.mean()
    return contours
