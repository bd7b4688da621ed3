"""Holes: of the area asked, a function of the name alone, and nothing outside of them changes."""

from __future__ import annotations

import numpy as np
import pytest

from pix2pix.data.derive.holes import Holes, with_hole
from pix2pix.errors import BadPairError

NAMES = [f"street/{number}" for number in range(300)]
SIZE = (64, 96)


def test_the_centre_is_the_hole_of_context_encoders() -> None:
    hole = Holes(shape="centre").hole((128, 128), "any")
    expected = np.zeros((128, 128), bool)
    expected[32:96, 32:96] = True
    np.testing.assert_array_equal(hole, expected)


def test_blocks_are_squares_and_reach_everywhere() -> None:
    holes = np.stack([Holes(side=0.25).hole(SIZE, name) for name in NAMES])
    for hole in holes[:20]:
        assert hole.sum() == 16 * 16
        assert hole.any(axis=0).sum() == hole.any(axis=1).sum() == 16
    for axis in (1, 2):  # all four borders are touched
        touched = np.any(holes, axis=(0, axis))
        assert touched[0]
        assert touched[-1]
    # the place is uniform, so that the mean hole is as far left as right, and as high as low
    rows, columns = holes.mean(axis=(0, 2)), holes.mean(axis=(0, 1))
    assert rows @ np.arange(64) / rows.sum() == pytest.approx(31.5, abs=3)
    assert columns @ np.arange(96) / columns.sum() == pytest.approx(47.5, abs=4)


def test_boxes_are_several_and_of_several_shapes() -> None:
    one = [Holes("boxes", count=1).hole(SIZE, name) for name in NAMES]
    heights, widths = ([int(hole.any(axis=axis).sum()) for hole in one] for axis in (1, 0))
    assert min(heights + widths) == 8
    assert max(heights + widths) == 32
    assert np.corrcoef(heights, widths)[0, 1] < 0.3
    assert all(hole.sum() == height * width for hole, height, width in zip(one, heights, widths, strict=True))
    several = [Holes("boxes", count=6).hole(SIZE, name).mean() for name in NAMES]
    assert np.mean(several) > 2 * np.mean([hole.mean() for hole in one])


@pytest.mark.parametrize("shape", ["centre", "block", "boxes"])
def test_a_hole_is_a_function_of_seed_and_name(shape: str) -> None:
    holes = Holes(shape, side=0.3)  # type: ignore[arg-type]
    for name in NAMES[:5]:
        np.testing.assert_array_equal(holes.hole(SIZE, name), holes.hole(SIZE, name))
    assert all(holes.hole((3, 5), name).any() for name in NAMES)
    if shape != "centre":
        assert (holes.hole(SIZE, "a") != holes.hole(SIZE, "b")).any()
        assert (holes.hole(SIZE, "a") != Holes(shape, 0.3, seed=1).hole(SIZE, "a")).any()  # type: ignore[arg-type]


@pytest.mark.parametrize(("dtype", "grey"), [("uint8", 128), ("uint16", 32768)])
def test_the_hole_is_grey_and_all_else_is_untouched(dtype: str, grey: int) -> None:
    photo = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (*SIZE, 3)).astype(dtype)
    before = photo.copy()
    derived = Holes()(photo, "a")
    hole = Holes().hole(SIZE, "a")
    assert (derived.source[hole] == grey).all()
    np.testing.assert_array_equal(derived.source[~hole], photo[~hole])
    np.testing.assert_array_equal(photo, before)
    assert derived.counts is None
    counts = Holes(only=True)(photo, "a").counts
    assert counts is not None
    np.testing.assert_array_equal(counts, hole)
    np.testing.assert_array_equal(with_hole(photo, hole), derived.source)


def test_mistakes_are_told() -> None:
    with pytest.raises(ValueError, match=r"data\.holes\.shape is 'disc'; expected centre, block or boxes"):
        Holes("disc")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"data\.holes\.side is 1; expected a share of the picture"):
        Holes(side=1)
    with pytest.raises(ValueError, match=r"data\.holes\.count is 0; expected 1 or more"):
        Holes(count=0)
    with pytest.raises(BadPairError, match=r"x: holds float32; data\.derive=holes works on pictures of 8 or 16 bits"):
        Holes()(np.zeros((8, 8, 1), np.float32), "x")
