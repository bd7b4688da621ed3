"""The colours of Lab as classes: the cells of a square grid over a and b that sRGB reaches, 261 of them.

Zhang, Isola, Efros 2016, "Colorful image colorization", have 313 cells of the same side, and do not say how they were
found. Here a cell counts if any of the 2^24 colours of 8-bit sRGB lies in it. Rounding cannot move a colour over a
border: every cell that counts is entered by 0.34 units at least, and every other one is missed by 0.05.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from pix2pix.pictures.lab import Floats, rgb_to_lab

SIDE = 10  # of a cell, in units of a and b; centres lie at multiples of it
REACH = 11  # cells from the middle of the grid to its border, which contains all of sRGB


@cache
def ab_centres() -> Floats:
    """(Q, 2): a and b of the centre of every cell that sRGB reaches, in ascending order."""
    level = np.arange(256, dtype=np.uint8)
    face = np.stack(np.meshgrid(level, level), axis=-1)  # (256, 256, 2)
    # Along L every line through the body of sRGB leaves it by a face of the cube, so its faces have all its a and b.
    faces = [np.insert(face, channel, end, axis=2) for channel in range(3) for end in (0, 255)]
    cells = [np.rint(rgb_to_lab(each)[1:].reshape(2, -1).T / SIDE) for each in faces]
    centres: Floats = np.unique(np.concatenate(cells), axis=0).astype(np.float32) * SIDE
    return centres


@cache
def ab_candidates(neighbours: int) -> NDArray[np.int64]:
    """For each cell of the whole grid, a before b, the classes among which its points have their nearest `neighbours`.

    (CELLS^2, M) places in `ab_centres`, with Q where a cell has fewer than M such classes.
    """
    steps = np.arange(-REACH, REACH + 1) * SIDE
    cells = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 1, 2)
    away = np.abs(ab_centres() - cells)  # (cells, Q, 2)
    nearest = np.hypot(*np.moveaxis(np.maximum(away - SIDE / 2, 0), 2, 0))  # (cells, Q), of any point of the cell
    furthest = np.hypot(*np.moveaxis(away + SIDE / 2, 2, 0))
    possible = nearest <= np.sort(furthest, axis=1)[:, neighbours - 1 : neighbours]
    order = np.argsort(~possible, axis=1, kind="stable")[:, : possible.sum(axis=1).max()]
    return np.where(np.take_along_axis(possible, order, axis=1), order, len(ab_centres()))
