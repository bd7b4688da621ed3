"""sRGB to CIE Lab and back against scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pix2pix.pictures.lab import lab_to_rgb, rgb_to_lab, rgb_to_lightness

skimage_color = pytest.importorskip("skimage.color")


@pytest.fixture(scope="module")
def colours() -> NDArray[np.uint8]:
    """Every fifth level of each channel, so black, white, the primaries and 52 greys are there: (208, 676, 3)."""
    levels = np.arange(0, 256, 5, dtype=np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=3).reshape(208, 676, 3)


def test_lab_is_that_of_scikit_image(colours: NDArray[np.uint8]) -> None:
    lab = rgb_to_lab(colours)
    assert lab.dtype == np.float32
    np.testing.assert_allclose(lab.transpose(1, 2, 0), skimage_color.rgb2lab(colours), atol=1e-3)
    np.testing.assert_allclose(rgb_to_lightness(colours), lab[:1], atol=1e-4)


def test_every_colour_comes_back(colours: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(lab_to_rgb(rgb_to_lab(colours)), colours)


def test_colours_outside_of_srgb_are_clipped_as_scikit_image_clips_them() -> None:
    lightness, a, b = np.meshgrid(np.linspace(0, 100, 9), *[np.linspace(-110, 110, 12)] * 2, indexing="ij")
    lab = np.stack([lightness, a, b]).reshape(3, 9, 144)
    with pytest.warns(UserWarning, match="negative Z"):  # which it sets to 0, and we do not
        expected = skimage_color.lab2rgb(lab.transpose(1, 2, 0))
    positive_z = (lightness + 16) / 116 - b / 200 > 0
    difference = np.abs(lab_to_rgb(lab).astype(int) - np.rint(expected * 255))
    assert difference[positive_z.reshape(9, 144)].max() <= 1
