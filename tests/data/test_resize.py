"""Resizing against Pillow channel by channel, and the properties that pairs rely on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.data.domains import Interpolation
from pix2pix.data.resize import resize
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import read_picture

FACADE = Path(__file__).parents[2] / ".." / "shared" / "data" / "facades" / "val" / "1.jpg"
SIZES = [(286, 286), (64, 64), (100, 333), (257, 31), (1, 1)]


def noise(dtype: str, channels: int, height: int = 256, width: int = 200) -> Array:
    """Noise over the whole range, the upper half of lowest and highest values alone: edges where bicubic overshoots."""
    values = np.random.default_rng(0).random((height, width, channels))
    values[: height // 2] = np.round(values[: height // 2])
    largest = {"uint8": 255, "uint16": 65535, "float32": 1, "bool": 1}[dtype]
    return (values * largest).round(6 if dtype == "float32" else 0).astype(dtype)


def by_pillow(values: Array, size: tuple[int, int], filter: Image.Resampling) -> Array:
    planes = [np.ascontiguousarray(values[:, :, channel]) for channel in range(values.shape[2])]
    resized = [np.asarray(Image.fromarray(plane).resize((size[1], size[0]), filter)) for plane in planes]
    return np.stack(resized, axis=2)


def check_as_pillow(values: Array, size: tuple[int, int]) -> None:
    """Both round after each of two passes, so 2 grey levels can come up, at a few pixels in 100,000 of noise."""
    resized = resize(values, size, "bicubic")
    assert resized.dtype == np.uint8
    difference = np.abs(resized.astype(int) - by_pillow(values, size, Image.Resampling.BICUBIC))
    assert difference.max() <= 2
    assert np.mean(difference > 1) < 1e-4


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 7])
def test_bicubic_on_8_bits_is_pillows_to_one_grey_level(size: tuple[int, int], channels: int) -> None:
    check_as_pillow(64 + noise("uint8", channels) // 2, size)  # nothing to clip between the two passes


@pytest.mark.parametrize("size", [(286, 286), (64, 64), (257, 31)])
def test_bicubic_clips_overshoot_where_pillow_does(size: tuple[int, int]) -> None:
    check_as_pillow(noise("uint8", 3), size)


@pytest.mark.skipif(not FACADE.exists(), reason="needs the facades beside the project")
@pytest.mark.parametrize("size", [(286, 286), (128, 256), (143, 143), (64, 64)])
def test_bicubic_of_a_photograph_is_pillows_to_one_grey_level(size: tuple[int, int]) -> None:
    photo = read_picture(FACADE)[:, :256]
    pillows = by_pillow(photo, size, Image.Resampling.BICUBIC)
    assert np.abs(resize(photo, size, "bicubic").astype(int) - pillows).max() <= 1


@pytest.mark.parametrize("size", SIZES)
def test_bicubic_on_float_is_pillows_and_overshoots(size: tuple[int, int]) -> None:
    values = noise("float32", 3)
    resized = resize(values, size, "bicubic")
    np.testing.assert_allclose(resized, by_pillow(values, size, Image.Resampling.BICUBIC), atol=2e-5)
    if size == (286, 286):
        assert resized.max() > 1.01


def test_bicubic_on_16_bits_keeps_them() -> None:
    values = noise("uint16", 5)
    exact = by_pillow(values.astype(np.float32), (286, 286), Image.Resampling.BICUBIC)
    resized = resize(values, (286, 286), "bicubic")
    assert resized.dtype == np.uint16
    assert (
        np.abs(resized.astype(float) - np.clip(exact, 0, 65535)).max() <= 2
    )  # of 65535: torch has float32 weights, Pillow float64


@pytest.mark.parametrize("size", [(286, 286), (100, 333), (61, 31)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "bool"])
def test_nearest_is_pillows_where_no_centre_lies_on_a_border(size: tuple[int, int], dtype: str) -> None:
    values = noise(dtype, 3, 255, 201)
    resized = resize(values, size, "nearest")
    assert resized.dtype == values.dtype
    expected = by_pillow(values.astype(np.float32), size, Image.Resampling.NEAREST)
    np.testing.assert_array_equal(resized, expected.astype(dtype))


@pytest.mark.parametrize(
    ("old", "new"), [(256, 286), (256, 128), (512, 128), (300, 200), (255, 128), (255, 85), (85, 255)]
)
def test_mirroring_before_and_after_nearest_agree(old: int, new: int) -> None:
    values = np.arange(old * old, dtype=np.float32).reshape(old, old, 1)
    for axis in (0, 1):
        after = np.flip(resize(values, (new, new), "nearest"), axis)
        np.testing.assert_array_equal(after, resize(np.flip(values, axis), (new, new), "nearest"))


def test_mirroring_before_and_after_bicubic_agree_to_one_grey_level() -> None:
    values = noise("uint8", 3)
    after = resize(values, (286, 286), "bicubic")[:, ::-1].astype(int)
    assert np.abs(after - resize(values[:, ::-1], (286, 286), "bicubic")).max() <= 1


@pytest.mark.parametrize("interpolation", ["bicubic", "nearest"])
def test_views_and_read_only_pictures_are_resized_and_left_alone(interpolation: Interpolation) -> None:
    values = noise("uint8", 3)
    whole = values.copy()
    values.flags.writeable = False
    for view in (values, values[:, 50:150], values[::-1, ::-1], values.swapaxes(0, 1)):
        np.testing.assert_array_equal(
            resize(view, (90, 90), interpolation), resize(view.copy(order="C"), (90, 90), interpolation)
        )
    np.testing.assert_array_equal(values, whole)
    assert resize(values, (256, 200), interpolation) is values


def test_a_mask_has_no_bicubic() -> None:
    with pytest.raises(ValueError, match="resize it by nearest"):
        resize(noise("bool", 1), (10, 10), "bicubic")
