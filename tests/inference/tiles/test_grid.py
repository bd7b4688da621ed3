"""Tiles cover a side, on the generator's grid, and their weights sum to 1."""

import numpy as np
import pytest

from pix2pix.inference.tiles.grid import Side


@pytest.mark.parametrize(
    ("length", "tile", "overlap"),
    [(64, 64, 0), (128, 64, 0), (160, 64, 32), (104, 64, 16), (72, 64, 32), (1000, 40, 8)],
)
def test_weights_sum_to_one_on_one_grid(length: int, tile: int, overlap: int) -> None:
    side = Side(length, tile, overlap)
    total = np.zeros(length)
    for start, weights in zip(side.starts, side.weights, strict=True):
        assert start % 8 == 0
        total[start : start + tile] += weights
    np.testing.assert_allclose(total, 1, atol=1e-6)
    assert all(second - first <= tile - overlap for first, second in zip(side.starts, side.starts[1:], strict=False))


def test_the_border_of_a_tile_counts_for_nothing() -> None:
    first, middle, last = Side(96 * 3 - 64, 96, 32).weights
    assert first[:64].min() == 1
    assert not middle[:8].any()
    assert not middle[-8:].any()
    np.testing.assert_allclose(middle[8:24], np.sin(np.pi / 2 * (np.arange(16) + 0.5) / 16) ** 2, atol=1e-6)
    assert last[32:].min() == 1


def test_borders_lie_in_the_middle_of_overlaps() -> None:
    assert Side(96 * 3 - 64, 96, 32).borders.tolist() == [80, 144]
    assert Side(128, 64, 0).borders.tolist() == [64]
    assert Side(64, 64, 0).borders.tolist() == []
