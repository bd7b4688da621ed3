"""The labelled grid: every pixel of every picture is there, and the labels are drawn and fit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pix2pix.pictures.grid import sample_grid

Picture = NDArray[np.uint8]


def noise(height: int, width: int, seed: int) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def found(grid: Picture, picture: Picture) -> list[tuple[int, int]]:
    """Where the picture lies in the grid, exactly."""
    height, width, _ = picture.shape
    corners = np.argwhere((grid == picture[0, 0]).all(axis=-1))
    return [
        (int(top), int(left))
        for top, left in corners
        if grid[top : top + height, left : left + width].shape == picture.shape
        and np.array_equal(grid[top : top + height, left : left + width], picture)
    ]


@pytest.mark.parametrize(("height", "width"), [(128, 128), (256, 256), (200, 264), (512, 130)])
def test_pictures_lie_in_rows_and_columns_pixel_for_pixel(height: int, width: int) -> None:
    rows = [tuple(noise(height, width, 10 * row + column) for column in range(3)) for row in range(2)]
    grid = sample_grid(rows, ["first", "second"])
    assert grid.dtype == np.uint8
    places = [[found(grid, picture) for picture in row] for row in rows]
    assert all(len(place) == 1 for row in places for place in row)
    tops = [{place[0][0] for place in row} for row in places]
    lefts = [[place[0][1] for place in row] for row in places]
    assert [len(each) for each in tops] == [1, 1]
    assert tops[0] < tops[1] or min(tops[0]) + height < min(tops[1])
    assert lefts[0] == lefts[1] == sorted(lefts[0])
    assert all(right - left > width for left, right in zip(lefts[0], lefts[0][1:], strict=False))


@pytest.mark.parametrize(("height", "width", "factor"), [(64, 64, 2), (32, 48, 4), (100, 264, 1), (8, 8, 16)])
def test_small_pictures_are_shown_larger_by_repeated_pixels(height: int, width: int, factor: int) -> None:
    rows = [tuple(noise(height, width, column) for column in range(3))]
    grid = sample_grid(rows, ["one"])
    for picture in rows[0]:
        assert len(found(grid, picture.repeat(factor, axis=0).repeat(factor, axis=1))) == 1


def test_large_pictures_are_shown_smaller_by_the_mean() -> None:
    rows = [tuple(noise(1024, 600, column) for column in range(3))]
    grid = sample_grid(rows, ["one"])
    assert grid.shape[0] < 600
    for picture in rows[0]:
        means = picture.reshape(512, 2, 300, 2, 3).mean(axis=(1, 3))
        best = min(
            np.abs(grid[top : top + 512, left : left + 300].astype(float) - means).max()
            for top in range(grid.shape[0] - 511)
            for left in (6, 312, 618)
        )
        assert best <= 1  # rounding


def test_pictures_of_several_sizes() -> None:
    rows = [tuple(noise(*shape, seed) for seed, shape in enumerate([(128, 128), (256, 256), (130, 200)]))]
    grid = sample_grid(rows, ["one"])
    assert all(len(found(grid, picture)) == 1 for picture in rows[0])


def inked(grid: Picture) -> NDArray[np.bool_]:
    dark: NDArray[np.bool_] = grid.max(axis=-1) < 128
    return dark


def test_names_are_drawn_and_long_ones_keep_both_ends() -> None:
    white = [tuple(np.full((64, 64, 3), 255, np.uint8) for _ in range(3))]
    bare = sample_grid(white, [""], headers=("", "", ""))
    assert not inked(bare).any()
    short = sample_grid(white, ["a"])
    long = sample_grid(white, ["folder/" + "very" * 100 + "/name.png"])
    assert short.shape == long.shape == bare.shape
    header, caption = slice(0, 20), slice(20, 40)
    assert inked(short)[header].any()
    assert np.array_equal(short[header], long[header])
    columns = np.flatnonzero(inked(long)[caption].any(axis=0))
    assert columns.min() >= 4
    assert 0.9 * long.shape[1] < columns.max() < long.shape[1] - 4
    assert not inked(long)[40:].any()
    for changed in ("golder/" + "very" * 100 + "/name.png", "folder/" + "very" * 100 + "/game.png"):
        assert not np.array_equal(sample_grid(white, [changed]), long)
