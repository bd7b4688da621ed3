"""How visible the borders of tiles are: the steps across them against the steps elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pix2pix.pictures.array import Array


class Seams(NamedTuple):
    """Absolute differences of neighbouring pixels, averaged over channels and along each line between two pixels."""

    mean: float  # over the lines at borders of tiles
    largest: float  # of those lines
    mean_inside: float  # over all other lines
    largest_inside: float

    @property
    def ratio(self) -> float:
        """The mean step at borders over that inside: 1 where no border can be seen."""
        return self.mean / max(self.mean_inside, 1e-12)


def seams(picture: Array, rows: Sequence[int] | Array, columns: Sequence[int] | Array) -> Seams:
    """Measure (H, W, C) at borders between tiles, which lie before the pixels `rows` and `columns`.

    Raises ValueError where no border is given, or one does not lie within the picture.
    """
    border, inside = [], []
    for axis, places in ((0, rows), (1, columns)):
        length = picture.shape[axis]
        if any(not 1 <= place < length for place in places):
            raise ValueError(f"borders at {list(places)}; expected 1 to {length - 1} on this axis")
        steps = np.abs(np.diff(picture.astype(np.float64), axis=axis)).mean(axis=(1 - axis, 2))
        at_border = np.zeros(length - 1, bool)
        at_border[np.asarray(places, np.intp) - 1] = True
        border.append(steps[at_border])
        inside.append(steps[~at_border])
    lines, others = np.concatenate(border), np.concatenate(inside)
    if not lines.size:
        raise ValueError("no border of tiles is given, so there is no seam to measure")
    return Seams(*(float(value) for value in (lines.mean(), lines.max(), others.mean(), others.max())))
