"""Fitting one person's landmarks to another's face: the face stays the target's, the movement is the driver's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pix2pix.video.drivers.faces import COUNT, Points

# Where each landmark goes when a face is mirrored: the left eye's outer corner becomes the right eye's, and so on.
_PARTS = (range(17), range(17, 27), range(27, 31), range(31, 36))
MIRRORED = [
    *(point for part in (_PARTS[0], _PARTS[1]) for point in reversed(part)),
    *_PARTS[2],  # the bridge of the nose stays
    *reversed(_PARTS[3]),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
]
assert sorted(MIRRORED) == list(range(COUNT))


class Similarity(NamedTuple):
    """x ↦ linear x + shift: turned, scaled alike in all directions, moved."""

    linear: NDArray[np.float64]  # (2, 2)
    shift: NDArray[np.float64]  # (2,)

    def __call__(self, points: Points) -> Points:
        """Move (N, 2) points."""
        moved: Points = points @ self.linear.T + self.shift
        return moved


def similarity(source: Points, target: Points) -> Similarity:
    """The similarity of least squared distance from source to target, (N, 2) each (Umeyama 1991); it never mirrors.

    In the plane it has a closed form: with points as complex numbers about their means, a = Σ conj(s) t / Σ |s|².
    """
    middles = source.mean(axis=0), target.mean(axis=0)
    s, t = ((points - middle) @ np.array([1, 1j]) for points, middle in zip((source, target), middles, strict=True))
    a = np.vdot(s, t) / np.vdot(s, s).real
    linear = np.array([[a.real, -a.imag], [a.imag, a.real]])
    return Similarity(linear, middles[1] - linear @ middles[0])


def usual_shape(found: Sequence[Points]) -> Points:
    """The shape that a face has most of the time, where it is most of the time: each coordinate's median.

    The faces are first brought onto each other, so that a head that moves about is not blurred into a smaller one.
    """
    middle: Points = np.median(found, axis=0)
    aligned = np.median([similarity(points, middle)(points) for points in found], axis=0)
    size = np.median([_size(points) for points in found]) / _size(aligned)
    usual: Points = (aligned - aligned.mean(axis=0)) * size + middle.mean(axis=0)
    return usual


class Fit:
    """Takes landmarks of the driver to landmarks of the target.

    The driver's usual shape goes exactly to the target's usual shape: by a similarity, and by what is left of the
    difference between the two, which turns and grows with the head. So an open mouth of the driver opens the target's,
    a nod is a nod, and the chin stays the target's own.

    Args:
        driver, target: the usual shapes of both, (68, 2) each in its own pixels.
    """

    def __init__(self, driver: Points, target: Points) -> None:
        self._onto = similarity(driver, target)
        self._usual = self._onto(driver)
        self._proportions = target - self._usual

    def __call__(self, points: Points) -> Points:
        """Landmarks of one frame of the driver, in the target's pixels."""
        moved = self._onto(points)
        head = similarity(self._usual, moved)
        fitted: Points = moved + self._proportions @ head.linear.T
        return fitted


def mirrored(points: Points, width: int) -> Points:
    """The landmarks of the picture mirrored left to right, `width` pixels wide, numbered as those of a face."""
    reflected: Points = (np.array([width - 1, 0]) + points * np.array([-1, 1]))[MIRRORED]
    return reflected


def _size(points: Points) -> float:
    return float(np.sqrt(np.square(points - points.mean(axis=0)).sum()))
