"""What the sources of a training were like, for its record: whoever translates is told of pictures unlike them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Look(NamedTuple):
    """One source: height and width as stored, and the detail of what the network sees."""

    height: int
    width: int
    detail: float


def detail(encoded: NDArray[np.float32]) -> float:
    """How much neighbouring pixels of (C, H, W) differ, in units of the picture's standard deviation.

    The same scene with n times as many pixels has about an n-th of it; a larger scene of the same scale has as much.
    """
    spread = float(encoded.std())
    steps = [np.abs(np.diff(encoded, axis=axis)) for axis in (1, 2)]
    count = sum(each.size for each in steps)
    return float(sum(each.sum(dtype=np.float64) for each in steps)) / count / spread if count and spread > 0 else 0.0


def seen(looks: Sequence[Look]) -> dict[str, Any]:
    """The least and the most of each, in plain values."""
    return {
        name: [min(values), max(values)] for name, values in zip(Look._fields, zip(*looks, strict=True), strict=True)
    }
