"""The driver `edges`: every edge that is seen, as `data.derive=edges` draws it. It needs no face."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any, ClassVar, Literal

import numpy as np

from pix2pix.data.derive.edges import Edges
from pix2pix.video.errors import FilmError
from pix2pix.video.reading import Picture
from pix2pix.video.sizes import resized


class EdgesDriver:
    """Black lines on white; a frame is brought to the drawing's size first."""

    name: ClassVar[str] = "edges"
    studied: ClassVar[int] = 0
    drawn: ClassVar[Literal["grey", "rgb"]] = "grey"

    def __init__(self) -> None:
        if find_spec("skimage") is None:
            raise FilmError(
                "edges need scikit-image, which is not installed. Type: pip install 'pix2pix-lightning[edges,video]'"
            )
        self._edges = Edges()

    def study(self, frames: Iterable[Picture]) -> None:
        """Nothing is to be known."""

    def __call__(self, frame: Picture, size: tuple[int, int]) -> Picture:
        """See `Driver`. There is always something to draw, be it an empty sheet."""
        lines = self._edges(resized(frame, size), "a frame").source
        return np.repeat(lines, 3, axis=2)

    def geometry(self) -> dict[str, Any]:
        """Edges are not fitted to each other."""
        return {}
