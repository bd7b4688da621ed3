"""Tiles against the whole picture at once: equal where a generator sees no further than the discarded borders."""

import copy
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile
from torch import nn

from pix2pix.data.derive.holes import Holes, with_hole
from pix2pix.data.domains import Domain, Grey, LabAb, LabL, Raw, Rgb
from pix2pix.errors import BadPairError
from pix2pix.inference.networks import TorchNetwork
from pix2pix.inference.precision import Precision
from pix2pix.inference.tiles import TileOptions, translate_in_tiles
from pix2pix.inference.translator import Translator
from pix2pix.models.blocks import Generator, Norm
from pix2pix.models.pixelwise import Pixelwise
from pix2pix.models.resnet import ResNet
from pix2pix.models.unet import UNet
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import read_picture, write_picture

PRECISIONS: tuple[Precision, ...] = ("float32", "bf16")
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


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_bfloat16_is_near_float32(norm: Norm, tmp_path: Path) -> None:
    translate = translator(ResNet(3, 1, base_channels=4, blocks=1, norm=norm), Grey())
    source(tmp_path / "source.png", 160, 130)
    results = []
    for precision in PRECISIONS:
        generator = copy.deepcopy(translate.network.generator)  # type: ignore[attr-defined]
        network = TorchNetwork(generator, noise=False, precision=precision)
        at_precision = Translator(network, Rgb(), Grey())
        translate_in_tiles(at_precision, tmp_path / "source.png", tmp_path / "target.png", TileOptions(64, 32))
        results.append(read_picture(tmp_path / "target.png").astype(int))
    assert 0 < np.abs(results[0] - results[1]).mean() < 3


def test_colours_come_back_in_rgb(tmp_path: Path) -> None:
    """As of a picture that is translated at once, also as a TIFF."""
    generator = Pixelwise(1, 2, base_channels=8, layers=2)
    pixels = source(tmp_path / "source.png", 150, 90)
    translate = Translator(translator(generator).network, LabL(), LabAb())
    translate(tmp_path / "source.png", to=tmp_path / "whole.png")
    for name in ("target.tif", "target.png"):
        translate_in_tiles(translate, tmp_path / "source.png", tmp_path / name, TileOptions(64, 16))
        result = read_picture(tmp_path / name)
        assert (result.shape, result.dtype.name) == (pixels.shape, "uint8")
        assert np.abs(result.astype(int) - read_picture(tmp_path / "whole.png")).max() <= 1


def test_known_pixels_are_the_sources(tmp_path: Path) -> None:
    """Also where a hole begins at the border of what is decoded at a time."""
    generator = Pixelwise(3, 3, base_channels=8, layers=2)
    pixels = source(tmp_path / "whole.png", 200, 140)
    hole = np.zeros((200, 140), np.bool_)
    hole[61:67, 20:90] = hole[126:128, 5:60] = hole[100:103, 110:113] = True  # the second is no hole: two rows high
    write_picture(tmp_path / "source.png", with_hole(pixels, hole))
    fill = Holes(shape="block", side=0.5, count=1, only=True, seed=0)
    translate = Translator(translator(generator, Rgb()).network, Rgb(), Rgb(), fill)
    translate(tmp_path / "source.png", to=tmp_path / "at_once.png")
    translate_in_tiles(translate, tmp_path / "source.png", tmp_path / "target.png", TileOptions(64, 16))
    np.testing.assert_array_equal(read_picture(tmp_path / "target.png"), read_picture(tmp_path / "at_once.png"))
    known = read_picture(tmp_path / "source.png")
    hole[126:128] = False
    np.testing.assert_array_equal(read_picture(tmp_path / "target.png")[~hole], known[~hole])
