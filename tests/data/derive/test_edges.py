"""Drawings of edges: where the edge is, one pixel wide, black on white, no short pieces."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pix2pix.data.derive.edges import Edges
from pix2pix.data.sources.scenes import Scenes
from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.meaning import Meaning, marked

ndimage = pytest.importorskip("scipy.ndimage")
pytest.importorskip("skimage")


def lines_of(photo: Array, edges: Edges | None = None) -> NDArray[np.bool_]:
    drawn = (edges or Edges())(photo, "x").source
    assert drawn.dtype == np.uint8
    assert drawn.shape == (*photo.shape[:2], 1)
    assert set(np.unique(drawn)) <= {0, 255}
    lines: NDArray[np.bool_] = drawn[:, :, 0] == 0
    return lines


def grid(side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """y and x of the pixels' centres, from the middle."""
    y, x = np.mgrid[:side, :side] + 0.5 - side / 2
    return y, x


def photos(count: int = 6, side: int = 256) -> list[Array]:
    scenes = Scenes("train", count, (side, side))
    return [scenes[index].target for index in range(count)]


@pytest.mark.parametrize("side", [64, 128, 256, 400])
def test_a_disc_is_drawn_as_its_outline(side: int) -> None:
    y, x = grid(side)
    radius = 0.3 * side
    disc = np.where(np.hypot(y, x) < radius, 200, 50).astype(np.uint8)[:, :, None]
    lines = lines_of(disc)
    assert np.abs(np.hypot(y, x)[lines] - radius).max() < 1.5
    angles = np.sort(np.arctan2(y, x)[lines])
    assert np.diff(angles).max() < 3 / radius  # no gap is wider than three pixels


def test_lines_are_one_pixel_wide() -> None:
    for photo in photos():
        lines = lines_of(photo)
        assert 0.02 < lines.mean() < 0.25
        square = lines[1:, 1:] & lines[1:, :-1] & lines[:-1, 1:] & lines[:-1, :-1]
        assert square.sum() < 0.002 * lines.sum()


def test_every_piece_is_long_enough() -> None:
    for shortest in (1, 10, 40):
        for photo in photos(2):
            lines = lines_of(photo, Edges(shortest=shortest))
            pieces, _ = ndimage.label(lines, structure=np.ones((3, 3)))
            assert np.bincount(pieces.ravel())[1:].min() >= shortest
    assert lines_of(photo, Edges(shortest=40)).sum() < lines_of(photo, Edges(shortest=1)).sum()


def test_lengths_go_with_the_size() -> None:
    """A drawing of half the side has lines of half the length: the same things are drawn."""
    ratios = []
    for small, large in zip(photos(8, 128), photos(8, 256), strict=True):
        ratios.append(2 * lines_of(small).sum() / lines_of(large).sum())
    assert 0.75 < np.mean(ratios) < 1.1


def test_a_mirrored_photo_gives_the_mirrored_drawing() -> None:
    for photo in photos():
        lines, mirrored = lines_of(photo), lines_of(photo[:, ::-1])[:, ::-1]
        near = ndimage.binary_dilation(lines, np.ones((3, 3)))
        assert near[mirrored].mean() > 0.99  # of two equally strong neighbours either may be the ridge


def test_depth_and_channels_make_no_difference() -> None:
    photo = photos(1)[0]
    lines = lines_of(photo)
    np.testing.assert_array_equal(lines_of(photo.astype(np.uint16) * 257), lines)
    alpha = np.full((*photo.shape[:2], 1), 255, np.uint8)
    with_alpha = np.concatenate([photo, alpha], axis=2)
    np.testing.assert_array_equal(lines_of(marked(with_alpha, Meaning(alpha=True))), lines)
    with pytest.raises(BadPairError, match=r"x: has 4 channels; data\.derive=edges works on grey or colour"):
        lines_of(with_alpha)
    grey = photo[:, :, 1:2]
    np.testing.assert_array_equal(lines_of(grey), lines_of(np.repeat(grey, 3, axis=2)))


def test_thresholds_and_blur_draw_fewer_lines() -> None:
    photo = photos(1)[0]
    usual = lines_of(photo).sum()
    assert lines_of(photo, Edges(low=0.1, high=0.3)).sum() < usual
    assert lines_of(photo, Edges(sigma=4)).sum() < usual
    assert not lines_of(np.full((32, 32, 3), 90, np.uint8)).any()


def test_what_cannot_be_drawn_is_said() -> None:
    with pytest.raises(
        BadPairError, match=r"depth17: holds float32; data\.derive=edges works on pictures of 8 or 16 bits"
    ):
        Edges()(np.zeros((8, 8, 1), np.float32), "depth17")
    with pytest.raises(ValueError, match=r"data\.edges\.low is 0\.3; expected above 0 and at most data\.edges\.high"):
        Edges(low=0.3)
    with pytest.raises(ValueError, match=r"data\.edges\.detector is 'hed'; expected canny"):
        Edges(detector="hed")  # type: ignore[arg-type]
