"""The driver `matte`: the silhouette of who moves before a background that stands still. No weights, no face.

The background is the median of frames from the whole film, so each of its pixels must be free in more than half of
them, and the camera must not move. What differs from it by a colour threshold is the silhouette, cleaned up: specks go,
holes are filled. Shadows count as what throws them, and clothes in the background's colour are lost. Where that does
not do, cut the silhouettes out with a tool made for it, and train on them by data=two_folders.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pix2pix.video.errors import FilmError
from pix2pix.video.reading import Picture
from pix2pix.video.sizes import resized

THRESHOLD = 30.0  # distance in CIE Lab as OpenCV has it in 8 bits
SPECK = 0.002  # share of the picture below which a piece is no part of a person
EVERYTHING = 0.8  # share of the studied frames that, on average, cannot be in front
SIDE = 640  # pixels of the studied frames' longer side, so that memory stays bounded


class Matte:
    """White where something is before the background, black elsewhere."""

    name: ClassVar[str] = "matte"
    studied: ClassVar[int] = 51
    drawn: ClassVar[Literal["grey", "rgb"]] = "grey"

    def __init__(self) -> None:
        self._background: Picture | None = None

    def study(self, frames: Iterable[Picture]) -> None:
        """Take the median as the background. Raises FilmError where nearly everything differs from it."""
        seen = [_smaller(frame) for frame in frames]
        self._background = np.median(seen, axis=0).astype(np.uint8)
        shares = [float(self._mask(frame).mean()) for frame in seen]
        if not 0 < np.mean(shares) < EVERYTHING:
            raise FilmError(
                f"matte: {np.mean(shares):.0%} of the film, on average, differ from its background; the driver matte"
                " needs a camera that stands still and someone who moves before it: try edges or landmarks"
            )

    def __call__(self, frame: Picture, size: tuple[int, int]) -> Picture | None:
        """See `Driver`: None where nothing is before the background. Call `study` first."""
        mask = self._mask(_smaller(frame))
        if not mask.any():
            return None
        return np.repeat(resized(mask.astype(np.uint8)[:, :, None] * 255, size, smooth=False), 3, axis=2)

    def geometry(self) -> dict[str, Any]:
        """Silhouettes are not fitted to each other."""
        return {}

    def _mask(self, frame: Picture) -> NDArray[np.bool_]:
        assert self._background is not None
        here, behind = (
            cv2.cvtColor(cv2.GaussianBlur(each, (0, 0), 1.0), cv2.COLOR_RGB2LAB).astype(np.float32)
            for each in (frame, self._background)
        )
        differs = (np.linalg.norm(here - behind, axis=2) > THRESHOLD).astype(np.uint8)
        closed = cv2.morphologyEx(differs, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
        outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        kept = [outline for outline in outlines if cv2.contourArea(outline) >= SPECK * closed.size]
        mask = np.zeros_like(closed)
        cv2.drawContours(mask, kept, -1, 1, thickness=cv2.FILLED)
        return mask.astype(bool)


def _smaller(frame: Picture) -> Picture:
    height, width = frame.shape[:2]
    scale = min(SIDE / max(height, width), 1)
    return resized(frame, (round(height * scale), round(width * scale)))
