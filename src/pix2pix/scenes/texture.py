"""What materials look like from near: bricks, boards, tiles, leaves, asphalt, as factors around 1 of the colour."""

from __future__ import annotations

import math

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from pix2pix.scenes.canvas import Courses, Surfaces

Floats = NDArray[np.float32]

_FINE, _COARSE = 128, 32  # cells of noise per height of the picture


def texture(surfaces: Surfaces, seen: NDArray[np.intp], rng: Generator) -> Floats:
    """The factor for each pixel of `seen` (rows, columns), by the surface seen there."""
    rows, columns = seen.shape
    factor = np.asarray(surfaces.speckle, np.float32)[seen]
    factor *= _noise(rng, rows, columns)
    factor += 1
    tones = rng.random((64, 64), np.float32)
    for number, courses in surfaces.courses.items():
        top, bottom = (min(max(round(y * rows), 0), rows) for y in (courses.top, courses.bottom))
        left, right = (min(max(round(x * rows), 0), columns) for x in (courses.left, courses.right))
        if top < bottom and left < right:
            y = (np.arange(top, bottom, dtype=np.float32) + 0.5) / rows
            x = (np.arange(left, right, dtype=np.float32) + 0.5) / rows
            part = np.s_[top:bottom, left:right]
            np.multiply(factor[part], _laid(courses, x, y, tones), out=factor[part], where=seen[part] == number)
    return factor


def _laid(courses: Courses, x: Floats, y: Floats, tones: Floats) -> Floats:
    """The factor of a surface laid in courses at columns x and rows y."""
    down = y / courses.period + 64 * courses.phase[0]
    course = np.floor(down).astype(np.intp)
    within = (down - course)[:, None]  # 0 at the top of a course, 1 at its bottom
    if courses.kind == "boards":
        return np.where(within > 0.84, 0.62, 1.08 - 0.16 * within).astype(np.float32) + np.zeros_like(x)
    length = 2.0 if courses.kind == "brick" else 1.0  # of a brick, in heights
    along = x / (length * courses.period) + 64 * courses.phase[1]
    factor = np.empty((len(y), len(x)), np.float32)
    for odd in (0, 1):  # every other course is moved by half a brick
        across = along + 0.5 * odd
        brick = np.floor(across).astype(np.intp)
        rows = course % 2 == odd
        tone = 0.86 + 0.28 * tones[np.ix_(course[rows] % 64, brick % 64)]
        if courses.kind == "brick":
            joint = (within[rows] > 0.82) | (across - brick < 0.09)[None, :]
            factor[rows] = np.where(joint, 1.22, tone)
        else:
            sag = 1.0 - 1.4 * (across - brick - 0.5) ** 2  # a tile ends in a round edge
            factor[rows] = np.where(within[rows] > 0.92 * sag, 0.66, tone * (1.1 - 0.2 * within[rows]))
    return factor


def _noise(rng: Generator, rows: int, columns: int) -> Floats:
    """Noise of two sizes of grain, about -0.8 to 0.8, the same at every resolution."""
    fine = rng.random((_FINE, _FINE), np.float32) - 0.5
    coarse = rng.random((_COARSE, _COARSE), np.float32) - 0.5
    around = Image.fromarray(np.pad(coarse, 1, "wrap"))  # the tile repeats in a wide picture
    box = (1, 1, _COARSE + 1, _COARSE + 1)
    tile = fine * 0.6 + np.asarray(around.resize((_FINE, _FINE), Image.Resampling.BILINEAR, box=box)) * 1.3
    extent = columns / rows
    wide = np.tile(tile, (1, math.ceil(extent)))
    return np.asarray(
        Image.fromarray(wide).resize((columns, rows), Image.Resampling.BILINEAR, box=(0, 0, _FINE * extent, _FINE))
    )
