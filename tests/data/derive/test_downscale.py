"""Downscaling and back: Pillow's pictures, of the size and the dtype that went in."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pix2pix.data.derive.downscale import Downscale
from pix2pix.data.sources.scenes import Scenes


@pytest.mark.parametrize("factor", [2, 4, 8])
@pytest.mark.parametrize("size", [(64, 64), (61, 90)])
def test_it_is_what_pillow_makes(factor: int, size: tuple[int, int]) -> None:
    photo = Scenes("train", 1, size)[0].target
    height, width = size
    small = Image.fromarray(photo).resize((round(width / factor), round(height / factor)), Image.Resampling.BICUBIC)
    expected = np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    made = Downscale(factor)(photo, "x").source
    assert made.dtype == np.uint8
    assert np.abs(made - expected).max() <= 3
    assert np.abs(made - expected).mean() < 0.2


def test_detail_goes_and_all_else_stays() -> None:
    y, x = np.mgrid[:64, :64]
    slow, fine = 8000 * np.sin(x / 20), 8000.0 * ((x + y) % 2)
    photo = (20000 + slow + fine).astype(np.uint16)[:, :, None]
    made = Downscale(4)(photo, "x").source
    assert made.dtype == np.uint16
    inner = (slice(8, -8), slice(8, -8), 0)
    assert np.abs(made[inner] - (24000 + slow)[8:-8, 8:-8]).max() < 150


def test_the_smallest_and_the_mistaken() -> None:
    assert Downscale(8)(np.zeros((3, 5, 3), np.uint8), "x").source.shape == (3, 5, 3)
    with pytest.raises(ValueError, match=r"data\.factor is 1; expected 2 or more"):
        Downscale(1)
