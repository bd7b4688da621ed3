"""Where tiles lie along one side of a picture, and how much each counts at each place: blended edges that sum to 1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Side:
    """Tiles along one side of a padded picture.

    Of an overlap, the quarter at a tile's border counts for nothing there, because the tile has seen nothing beyond
    it; over the half in the middle one tile fades into the next along sin² and cos².

    Args:
        length: of the padded side, in pixels.
        tile: of a tile.
        overlap: of a tile and the next, at least; the last may overlap more.

    All three are multiples of the generator's `multiple`, so the grid of its down-sampling is the same in every tile.
    """

    length: int
    tile: int
    overlap: int

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The first pixel of each tile, ascending."""
        last = self.length - self.tile
        return (*range(0, last, self.tile - self.overlap), last)

    @cached_property
    def weights(self) -> NDArray[np.float32]:
        """(tiles, tile), summing to 1 over the tiles that cover a pixel."""
        fades = np.array([self._fade(start) for start in self.starts])  # (tiles, tile)
        total = np.zeros(self.length)
        for start, fade in zip(self.starts, fades, strict=True):
            total[start : start + self.tile] += fade
        covered = np.array([total[start : start + self.tile] for start in self.starts])
        weights: NDArray[np.float32] = (fades / covered).astype(np.float32)
        return weights

    @cached_property
    def borders(self) -> NDArray[np.intp]:
        """The pixels before which a tile begins or ends to count, or two count alike: where a seam would be."""
        counts = np.zeros((len(self.starts), self.length + 1), bool)
        for count, start, weight in zip(counts, self.starts, self.weights, strict=True):
            count[start : start + self.tile] = weight > 0.5
        changes = (counts[:, 1:] != counts[:, :-1]).any(axis=0)[:-1]
        return np.flatnonzero(changes) + 1

    def _fade(self, start: int) -> NDArray[np.float64]:
        """(tile,): 1 inside, down to 0 towards the borders beyond which there is another tile."""
        fade = np.ones(self.tile)
        if self.overlap:
            depth = (np.arange(self.tile) + 0.5) / self.overlap  # overlaps that lie between a pixel and the border
            ramp = np.sin(np.pi / 2 * np.clip(2 * depth - 0.5, 0, 1)) ** 2
            if start > 0:
                fade *= ramp
            if start + self.tile < self.length:
                fade *= ramp[::-1]
        return fade
