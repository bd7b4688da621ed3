"""Lines to photo: the source is a drawing of the photo's edges, black on white.

The paper's edges come from HED, a trained network, and a clean-up: binary at a threshold, lines thinned to one pixel,
pieces of fewer than 5 pixels (of 256) removed. Here the detector is Canny's, from scikit-image, which needs no weights,
and the clean-up is the paper's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from pix2pix.data.derive.derivation import Derived, Plain, levels
from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.luma import LUMA
from pix2pix.pictures.meaning import opaque

UNIT_SIDE = 256  # pixels of the shorter side for which lengths are stated; they grow and shrink with it


@dataclass(frozen=True)
class Edges:
    """Draws where the photo's lightness changes.

    Args:
        detector: "canny" (Canny 1986): the gradient's ridges above `high`, and those above `low` that touch them.
        sigma: of the Gaussian blur before the gradient, in pixels of a 256-pixel side; larger draws fewer lines.
        low, high: thresholds of the gradient's length, which is about the height of a blurred step; [0, 1] is the
            photo's range.
        shortest: pixels that a connected piece must have, on a 256-pixel side.

    Raises ValueError for another detector, or thresholds the wrong way round.
    """

    detector: Literal["canny"] = "canny"
    sigma: float = 2.0
    low: float = 0.05
    high: float = 0.15
    shortest: int = 10

    domains: ClassVar[tuple[Plain | None, Plain | None]] = ({"kind": "grey"}, None)

    def __post_init__(self) -> None:
        if self.detector != "canny":
            raise ValueError(f"data.edges.detector is {self.detector!r}; expected canny")
        if not 0 < self.low <= self.high:
            raise ValueError(f"data.edges.low is {self.low}; expected above 0 and at most data.edges.high, {self.high}")

    def __call__(self, photo: Array, name: str) -> Derived:
        """Uint8 (H, W, 1): 0 on a line, 255 elsewhere. Raises BadPairError where the photo is not of 8 or 16 bits."""
        photo = np.asarray(opaque(photo))
        if photo.shape[2] not in (1, 3):
            raise BadPairError(
                f"{name}: has {photo.shape[2]} channels; data.derive=edges works on grey or colour, 1 or 3"
            )
        lightness = _luma(photo) / np.float32(levels(photo, name, "edges"))
        lines = self._lines(lightness)
        return Derived(np.where(lines, 0, 255).astype(np.uint8)[:, :, None])

    def _lines(self, lightness: NDArray[np.float32]) -> NDArray[np.bool_]:
        """(H, W) in [0, 1] to lines of one pixel."""
        from skimage.feature import canny
        from skimage.measure import label
        from skimage.morphology import skeletonize

        scale = min(lightness.shape) / UNIT_SIDE
        found = canny(lightness, self.sigma * scale, self.low, self.high, mode="nearest")
        pieces = label(skeletonize(found), connectivity=2)  # eight neighbours
        long_enough = np.bincount(pieces.ravel()) >= self.shortest * scale
        long_enough[0] = False  # the paper
        lines: NDArray[np.bool_] = long_enough[pieces]
        return lines


def _luma(photo: Array) -> NDArray[np.float32]:
    """(H, W, C) grey or colour to float32 (H, W) in the photo's own numbers."""
    if photo.shape[2] < 3:
        return photo[:, :, 0].astype(np.float32)
    luma: NDArray[np.float32] = photo[:, :, :3].astype(np.float32) @ LUMA
    return luma
