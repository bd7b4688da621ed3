"""Tiles against the whole picture at once: equal where a generator sees no further than the discarded borders."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile
from torch import nn

from pix2pix.data.codecs import read_picture, write_picture
from pix2pix.data.domains import Domain, Grey, Raw, Rgb
from pix2pix.data.pairs import Array, BadPairError
from pix2pix.inference.networks import TorchNetwork
from pix2pix.inference.tiles import TileOptions, translate_in_tiles
from pix2pix.inference.translator import Translator
from pix2pix.models.blocks import Generator, Norm
from pix2pix.models.pixelwise import Pixelwise
from pix2pix.models.resnet import ResNet
from pix2pix.models.unet import UNet

KELVIN = Raw(range=(200, 400), unit="K", nodata=-9999)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def translator(generator: Generator, target: Domain = KELVIN, statistics: str = "picture") -> Translator:
    for module in generator.modules():  # so that outputs differ by more than what is compared
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight)
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            nn.init.normal_(module.running_mean)
    return Translator(TorchNetwork(generator, noise=False, statistics=statistics), Rgb(), target)  # type: ignore[arg-type]


def source(path: Path, height: int, width: int, smooth: bool = False) -> Array:
    pixels = np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)
    if smooth:
        rows, columns = np.mgrid[:height, :width]
        pixels = pixels // 4 + (96 * (1 + np.sin(rows / 40 + columns / 25)))[:, :, None].astype(np.uint8)
    write_picture(path, pixels)
    return pixels


@pytest.mark.parametrize(("height", "width"), [(200, 264), (131, 77), (64, 300)])
def test_equal_to_the_whole_where_the_receptive_field_is_small(height: int, width: int, tmp_path: Path) -> None:
    generator = Pixelwise(3, 1, base_channels=8, layers=4, receptive_field=9)
    pixels = source(tmp_path / "source.tif", height, width)
    translate = translator(generator)
    translate_in_tiles(translate, tmp_path / "source.tif", tmp_path / "target.tif", TileOptions(64, 16))
    np.testing.assert_allclose(read_picture(tmp_path / "target.tif"), translate(pixels), rtol=0, atol=2e-3)


def test_running_statistics_and_a_resnet_are_exact_too(tmp_path: Path) -> None:
    """Batch norm with training's averages is a fixed map; the field reaches 25 pixels, the discarded quarter 32."""
    generator = ResNet(3, 1, base_channels=4, blocks=1, norm="batch")
    pixels = source(tmp_path / "source.tif", 320, 290)
    translate = translator(generator, statistics="running")
    translate_in_tiles(translate, tmp_path / "source.tif", tmp_path / "target.tif", TileOptions(256, 128))
    np.testing.assert_allclose(read_picture(tmp_path / "target.tif"), translate(pixels), rtol=0, atol=2e-3)


@pytest.mark.parametrize("norm", ["batch", "instance", "group"])
def test_one_tile_is_the_whole_picture(norm: Norm, tmp_path: Path) -> None:
    generator = UNet(3, 3, base_channels=8, depth=3, norm=norm, dropout=0.0)
    pixels = source(tmp_path / "source.png", 61, 83)
    translate = translator(generator, Rgb())
    translate_in_tiles(translate, tmp_path / "source.png", tmp_path / "target.png")
    difference = np.abs(read_picture(tmp_path / "target.png").astype(int) - translate(pixels))
    assert difference.max() <= 1


@pytest.mark.parametrize("norm", ["batch", "instance", "group"])
def test_gathered_statistics_are_nearer_to_the_whole_than_those_of_tiles(norm: Norm, tmp_path: Path) -> None:
    generator = ResNet(3, 1, base_channels=4, blocks=2, norm=norm)
    pixels = source(tmp_path / "source.tif", 256, 384, smooth=True)
    translate = translator(generator)
    whole = translate(pixels)
    errors = {}
    ways: tuple[Literal["picture", "tile"], ...] = ("picture", "tile")
    for statistics in ways:
        options = TileOptions(128, 64, statistics)
        translate_in_tiles(translate, tmp_path / "source.tif", tmp_path / "target.tif", options)
        errors[statistics] = np.abs(read_picture(tmp_path / "target.tif") - whole).mean()
    assert errors["picture"] < errors["tile"] / 3


def test_noise_is_off_and_everything_is_left_as_it_was(tmp_path: Path) -> None:
    generator = UNet(3, 3, base_channels=8, depth=4)
    generator.train()
    translate = translator(generator, Rgb())
    translate.network.noise = True  # type: ignore[attr-defined]
    source(tmp_path / "source.png", 96, 96)
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    for name in ("first.png", "second.png"):
        translate_in_tiles(translate, tmp_path / "source.png", tmp_path / name, TileOptions(64, 32))
    np.testing.assert_array_equal(read_picture(tmp_path / "first.png"), read_picture(tmp_path / "second.png"))
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items())
    assert all(module.training for module in generator.modules())
    assert not any("forward" in module.__dict__ for module in generator.modules())


def test_sixteen_bits_and_a_georeference(tmp_path: Path) -> None:
    scale = (33550, 12, 3, (10.0, 10.0, 0.0), True)
    tifffile.imwrite(tmp_path / "source.tif", np.zeros((90, 70), np.uint16), extratags=[scale])
    generator = Pixelwise(1, 1, base_channels=4, layers=1)
    translate = Translator(TorchNetwork(generator), Grey(16), KELVIN)
    told: list[tuple[int, int]] = []
    translate_in_tiles(
        translate,
        tmp_path / "source.tif",
        tmp_path / "target.tif",
        TileOptions(32, 8),
        lambda done, count: told.append((done, count)),
    )
    with Image.open(tmp_path / "target.tif") as image:
        assert isinstance(image, TiffImageFile)
        assert image.mode == "F"
        assert image.tag_v2[33550] == scale[3]
        assert image.tag_v2[42113] == "-9999"
    assert told == [(done, 12) for done in range(1, 13)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (TileOptions(tile=100), "tile=100: this generator needs a multiple of 16, .* nearest is 96"),
        (TileOptions(tile=64, overlap=20), "overlap=20: this generator needs a multiple of 16"),
        (TileOptions(tile=64, overlap=48), "overlap=48 is more than half of tile=64"),
    ],
)
def test_tiles_that_do_not_suit(options: TileOptions, message: str, tmp_path: Path) -> None:
    source(tmp_path / "source.tif", 80, 80)
    translate = translator(UNet(3, 1, base_channels=4, depth=4))
    with pytest.raises(ValueError, match=message):
        translate_in_tiles(translate, tmp_path / "source.tif", tmp_path / "target.tif", options)
    assert not (tmp_path / "target.tif").exists()


def test_bad_input(tmp_path: Path) -> None:
    translate = translator(UNet(3, 1, base_channels=4, depth=4))
    source(tmp_path / "source.tif", 80, 80)
    with pytest.raises(ValueError, match="is the source itself"):
        translate_in_tiles(translate, tmp_path / "source.tif", tmp_path / "source.tif")
    with pytest.raises(ValueError, match=r"unknown suffix '\.xyz'"):
        translate_in_tiles(translate, tmp_path / "source.tif", tmp_path / "target.xyz")
    with pytest.raises(ValueError, match=r"target.png: found 1 channel\(s\) of float32"):
        translate_in_tiles(translate, tmp_path / "source.tif", tmp_path / "target.png")
    source(tmp_path / "small.tif", 5, 80)
    with pytest.raises(BadPairError, match=r"small.tif: 5 x 80 pixels .* multiples of 16"):
        translate_in_tiles(translate, tmp_path / "small.tif", tmp_path / "target.tif")
    tifffile.imwrite(tmp_path / "deep.tif", np.zeros((80, 80), np.uint16))
    with pytest.raises(BadPairError, match=r"deep.tif: holds uint16"):
        translate_in_tiles(translate, tmp_path / "deep.tif", tmp_path / "target.tif")
    assert not (tmp_path / "target.tif").exists()
