"""The driver `landmarks`: the 68 landmarks of a face as lines, a colour a part, on black."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import cv2
import numpy as np

from pix2pix.video.drivers.faces import COUNT, FaceFinder, Points
from pix2pix.video.drivers.fit import Fit, mirrored, usual_shape
from pix2pix.video.errors import FilmError
from pix2pix.video.reading import Picture

# Both brows, and both eyes, have one colour, so that a mirrored drawing is a drawing of the mirrored face.
PARTS: tuple[tuple[range, bool, tuple[int, int, int]], ...] = (  # points, whether the line is closed, colour
    (range(17), False, (255, 255, 255)),  # jaw
    (range(17, 22), False, (255, 160, 0)),  # brows
    (range(22, 27), False, (255, 160, 0)),
    (range(27, 31), False, (0, 200, 255)),  # bridge of the nose
    (range(31, 36), False, (0, 90, 255)),  # its base
    (range(36, 42), True, (0, 255, 80)),  # eyes
    (range(42, 48), True, (0, 255, 80)),
    (range(48, 60), True, (255, 0, 80)),  # outer lips
    (range(60, 68), True, (255, 0, 255)),  # inner lips
)
FRACTION_BITS = 4  # of a pixel, in OpenCV's drawing
LINE = 128  # pixels of the shorter side for each pixel of the line's width
FEWEST = 3  # faces that a usual shape is taken from


class Landmarks:
    """Draws the largest face of a frame.

    Args:
        target: the usual shape of the face that is to be driven, in pixels of the drawing; the film that is drawn is
            then studied, and its face is fitted to the target's. None: the landmarks are drawn where they are.
        mirror: whether the driver is seen as in a mirror.
    """

    name: ClassVar[str] = "landmarks"
    drawn: ClassVar[Literal["grey", "rgb"]] = "rgb"

    def __init__(self, target: Points | None = None, *, mirror: bool = False) -> None:
        self._finder = FaceFinder()
        self._target, self._mirror = target, mirror
        self._fit: Fit | None = None
        self._found: list[Points] = []

    @property
    def studied(self) -> int:
        """Frames to be studied before a face can be fitted."""
        return 0 if self._target is None else 200

    def study(self, frames: Iterable[Picture]) -> None:
        """Learn the driver's usual shape. Raises FilmError where there are too few faces."""
        if self._target is None:
            return
        found = [points for frame in frames if (points := self.find(frame)) is not None]
        if len(found) < FEWEST:
            raise FilmError(f"landmarks: only {len(found)} faces were found in frames from the whole film; none to fit")
        self._fit = Fit(usual_shape(found), self._target)

    def find(self, frame: Picture) -> Points | None:
        """The landmarks of the largest face in pixels of the frame, mirrored if asked; None where there is none."""
        points = self._finder(frame)
        return mirrored(points, frame.shape[1]) if points is not None and self._mirror else points

    def place(self, points: Points, frame: tuple[int, int], size: tuple[int, int]) -> Points:
        """Landmarks found in a frame of (height, width), where they are to be drawn on a sheet of `size`."""
        if self._fit is not None:
            return self._fit(points)
        scale = np.array([size[1] / frame[1], size[0] / frame[0]])
        placed: Points = (points + 0.5) * scale - 0.5  # the middle of a pixel stays the middle
        return placed

    def __call__(self, frame: Picture, size: tuple[int, int]) -> Picture | None:
        """See `Driver`."""
        points = self.find(frame)
        if points is None:
            return None
        height, width = frame.shape[:2]
        placed = self.place(points, (height, width), size)
        self._found.append(placed.astype(np.float32))
        return draw(placed, size)

    def geometry(self) -> dict[str, Any]:
        """The usual shape of the faces that were drawn. Raises FilmError where there are too few."""
        if len(self._found) < FEWEST:
            raise FilmError(f"landmarks: only {len(self._found)} faces were found in the whole film")
        return {"usual_shape": np.round(usual_shape(self._found), 3).tolist()}


def draw(points: Points, size: tuple[int, int]) -> Picture:
    """Landmarks (68, 2) as lines, uint8 (*size, 3); what lies outside is cut off."""
    sheet: Picture = np.zeros((*size, 3), np.uint8)
    width = max(round(min(size) / LINE), 1)
    fixed = np.rint(np.asarray(points, np.float64).clip(-(2**14), 2**14) * 2**FRACTION_BITS).astype(np.int32)
    for part, closed, colour in PARTS:
        line = [fixed[part.start : part.stop]]
        cv2.polylines(sheet, line, closed, colour, width, cv2.LINE_AA, FRACTION_BITS)
    return sheet


def shape_from(geometry: dict[str, Any]) -> Points:
    """The usual shape that `Landmarks.geometry` gave. Raises FilmError where it is none."""
    shape = np.asarray(geometry.get("usual_shape", []), np.float64)
    if shape.shape != (COUNT, 2) or not np.isfinite(shape).all():
        raise FilmError(f"geometry.usual_shape has shape {shape.shape}; expected {COUNT} points of x and y")
    return shape
