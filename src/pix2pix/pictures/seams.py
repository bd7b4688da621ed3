"""Whether a file holds one picture or two side by side: two leave a seam in the middle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pix2pix.pictures.array import Array

CLEAR = 2.0  # times the usual step between neighbouring columns (median of CMP facades: 13; of their photos alone: 1)


def has_seam(pictures: Sequence[Array]) -> bool:
    """Whether most of these (H, W, C) pictures change more in their middle than neighbouring columns usually do."""
    return float(np.median([_seam(picture) for picture in pictures])) > CLEAR


def _seam(picture: Array) -> float:
    """The mean step across the middle in units of the median column's; 0 where no half can be a picture."""
    half, rest = divmod(picture.shape[1], 2)
    if rest or half < 2:
        return 0.0
    steps = np.abs(np.diff(picture.astype(np.float32), axis=1)).mean(axis=(0, 2))  # (W - 1,)
    return float(steps[half - 1] / max(float(np.median(steps)), 1e-6))
