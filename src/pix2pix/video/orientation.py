"""How the stored picture of a film has to be turned and mirrored, so that it stands as players show it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame

from pix2pix.pictures.array import Array
from pix2pix.video.errors import FilmError

ASKEW = 0.02  # of a quarter turn's matrix: how much of it may be other than 0, by its greatest number


class Orientation(NamedTuple):
    """One of the eight that a picture can have; what is to be done to the stored one, in this order."""

    transposed: bool = False  # rows become columns
    flipped: bool = False  # upside down
    mirrored: bool = False  # left and right change sides

    def upright(self, picture: Array) -> Array:
        """A picture (H, W, C) as it is shown, (W, H, C) where it is transposed."""
        turned = picture.swapaxes(0, 1) if self.transposed else picture
        return np.ascontiguousarray(turned[:: -1 if self.flipped else 1, :: -1 if self.mirrored else 1])


def orientation_of(frame: VideoFrame) -> Orientation:
    """By the frame's display matrix. Raises FilmError where that turns it by anything but quarters.

    A stored point (x, y), y downwards, is shown at (a x + c y, b x + d y) (ISO/IEC 14496-12, the track's matrix).
    """
    told: Any = frame.side_data
    found = next((each for each in told if each.type is Type.DISPLAYMATRIX), None)
    if found is None:
        return Orientation()
    a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(found), np.int32)[:5])
    transposed = abs(b) + abs(c) > abs(a) + abs(d)
    across, down, *zeros = (c, b, a, d) if transposed else (a, d, b, c)
    if max(map(abs, zeros)) > ASKEW * max(abs(across), abs(down)):
        raise FilmError(
            f"is to be shown at an angle of {frame.rotation} degrees, and films are read turned by quarters and"
            " mirrored: write it upright first"
        )
    return Orientation(transposed, flipped=down < 0, mirrored=across < 0)
