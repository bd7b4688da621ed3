"""The size of what is made of a film's frames, and bringing a frame to it."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from pix2pix.data.resize import fitted
from pix2pix.video.errors import FilmError
from pix2pix.video.reading import Picture

SHORTER_SIDE = 256  # pixels, where nothing is asked for; smaller films keep their size


def size_of(height: int, width: int, asked: Sequence[int] | None) -> tuple[int, int]:
    """(height, width) for a film: even, as H.264 likes it, and in its shape, unless both sides are asked for.

    Args:
        asked: one number, the shorter side; or height and width; None: the film's own, but no shorter side above 256.

    Raises FilmError for other numbers.
    """
    if asked is not None and (len(asked) > 2 or min(asked) < 2):
        raise FilmError(f"--size takes the shorter side, or height and width; found {' '.join(map(str, asked))}")
    return fitted((height, width), asked or [min(height, width, SHORTER_SIDE)], step=2)


def resized(picture: Picture, size: tuple[int, int], *, smooth: bool = True) -> Picture:
    """(H, W, C) uint8 as (*size, C): averaged where it shrinks, bicubic where it grows; or else the nearest pixels."""
    if picture.shape[:2] == size:
        return picture
    shrinks = size[0] * size[1] < picture.shape[0] * picture.shape[1]
    how = (cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC) if smooth else cv2.INTER_NEAREST_EXACT
    scaled = cv2.resize(picture, (size[1], size[0]), interpolation=how)
    return np.asarray(scaled, np.uint8).reshape(*size, picture.shape[2])
