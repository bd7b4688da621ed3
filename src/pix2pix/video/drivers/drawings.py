"""The drawings of a film's frames, with what is done where the driver finds nothing, counted."""

from __future__ import annotations

from typing import Literal

from pix2pix.video.drivers.driver import Driver
from pix2pix.video.errors import FilmError
from pix2pix.video.reading import Picture

Absent = Literal["hold", "skip", "error"]


class Drawings:
    """Draws frame after frame.

    Args:
        size: (height, width) of the drawings.
        absent: where the driver finds nothing: "hold" repeats the last drawing (frames before the first one are
            skipped), "skip" leaves the frame out, "error" ends it.

    Attributes:
        found, held, skipped: how many frames were drawn, drawn again, left out.
    """

    def __init__(self, driver: Driver, size: tuple[int, int], absent: Absent) -> None:
        self._driver, self._size, self._absent = driver, size, absent
        self._last: Picture | None = None
        self.found = self.held = self.skipped = 0

    def __call__(self, frame: Picture, name: str) -> Picture | None:
        """The drawing, or None where the frame is to be left out. Raises FilmError, which says `name`."""
        drawing = self._driver(frame, self._size)
        if drawing is not None:
            self.found += 1
            self._last = drawing
            return drawing
        if self._absent == "error":
            raise FilmError(
                f"{name}: the driver {self._driver.name} finds nothing there; hold the last drawing or skip such frames"
            )
        if self._absent == "hold" and self._last is not None:
            self.held += 1
            return self._last
        self.skipped += 1
        return None
