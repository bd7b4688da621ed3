"""Classes found in label maps: exact, blurred by JPEG, and not found in photos."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pix2pix.data.sources.scenes import Scenes
from pix2pix.data.sources.side_by_side import SideBySide
from pix2pix.segmentation_score.palette import NoPaletteError, find_palette

FACADES = Path(__file__).parents[2] / ".." / "shared" / "data" / "facades"
facades = pytest.mark.skipif(not FACADES.is_dir(), reason=f"no real data in {FACADES}")
COLOURS = ((20, 20, 200), (250, 250, 250), (0, 0, 0), (230, 40, 30), (30, 180, 60), (250, 220, 20))
Picture = NDArray[np.uint8]


def drawn(seed: int, colours: tuple[tuple[int, int, int], ...] = COLOURS) -> Picture:
    """Rectangles of flat colours on the first colour, (96, 96, 3)."""
    rng = np.random.default_rng(seed)
    picture = np.empty((96, 96, 3), np.uint8)
    picture[:] = colours[0]
    for colour in colours[1:]:
        top, left = rng.integers(0, 64, 2)
        picture[top : top + 30, left : left + 24] = colour
    return picture


def as_jpeg(picture: Picture) -> Picture:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=75)  # half resolution of colour, as usual
    return np.asarray(Image.open(file))


def test_few_colours_are_the_palette() -> None:
    found = find_palette([drawn(seed) for seed in range(8)])
    assert found.exact
    assert set(found.colours) == set(COLOURS)
    assert found.colours[0] == COLOURS[0]  # the most frequent
    assert sum(found.shares) == pytest.approx(1)


def test_blurred_colours_are_found_and_what_lies_between_is_not() -> None:
    blurred = [as_jpeg(drawn(seed)) for seed in range(12)]
    assert len(np.unique(np.concatenate([picture.reshape(-1, 3) for picture in blurred]), axis=0)) > 1000
    found = find_palette(blurred)
    assert not found.exact
    assert len(found.colours) == len(COLOURS)
    for colour in COLOURS:
        assert min(max(abs(a - b) for a, b in zip(colour, other, strict=True)) for other in found.colours) <= 2
    assert find_palette(blurred[::-1]) == found


def test_photos_are_no_label_maps() -> None:
    photos = Scenes("train", 12, (64, 64))
    with pytest.raises(NoPaletteError, match=r"\d+%|more than 64 colour"):
        find_palette(photos[index].target for index in range(12))


def test_one_colour_is_no_label_map() -> None:
    with pytest.raises(NoPaletteError, match=r"have 1 colour\(s\); a label map has 2 to 64"):
        find_palette([np.full((8, 8, 3), 7, np.uint8)])


@facades
def test_the_classes_of_facades() -> None:
    pairs = SideBySide(FACADES, "val", "b_to_a")
    found = find_palette(pairs[index].source for index in range(len(pairs)))
    jet = [(0, 0, 222), (0, 48, 255), (0, 128, 255), (1, 207, 255), (32, 255, 224), (112, 254, 142)]
    jet += [(192, 255, 63), (255, 240, 1), (255, 159, 0), (255, 80, 0), (254, 0, 0), (174, 0, 1)]
    assert sorted(found.colours) == sorted(jet)
    assert min(found.shares) > 0.005
    with pytest.raises(NoPaletteError):
        find_palette(pairs[index].target for index in range(40))
