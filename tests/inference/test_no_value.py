"""Where a source holds no value its translation holds none, whatever the file; where it cannot say so, this is told."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pydicom
import pytest
import tifffile
import torch
from PIL import Image
from tests.inference.volumes.dicom_series import series
from tests.inference.volumes.test_volumes import Same

from pix2pix.data.domains import Domain, Raw, Rgb
from pix2pix.inference import no_value
from pix2pix.inference.pictures import files, translate_pictures
from pix2pix.inference.plan import Job
from pix2pix.inference.stacks import translate_stack
from pix2pix.inference.tiles import TileOptions, translate_in_tiles
from pix2pix.inference.translator import Translator
from pix2pix.inference.volumes import translate_volume
from pix2pix.pictures.array import Array

FLOATS = Raw(range=(0, 100))
COUNTS = Raw(range=(0, 100), nodata=999, dtype="uint16")
HOLE = (slice(3, 7), slice(5, 9))  # without a value


def translator(target: Domain = FLOATS, source: Domain = FLOATS) -> Translator:
    return Translator(Same(target.channels), source, target)


def measured(height: int = 16, width: int = 24) -> Array:
    """(H, W) from 1 to 99, with a hole of NaN."""
    values = np.linspace(1, 99, height * width, dtype=np.float32).reshape(height, width)
    values[HOLE] = np.nan
    return values


def is_hole(found: Array) -> bool:
    """Whether no pixel holds a value in the hole, and every pixel does outside of it."""
    empty = np.isnan(found) if found.dtype.kind == "f" else found == 999
    expected = np.zeros(found.shape, bool)
    expected[HOLE] = True
    return bool((empty == expected).all())


@pytest.mark.parametrize("target", [FLOATS, COUNTS])
def test_arrays_and_tensors(target: Domain) -> None:
    translate, stored = translator(target), measured()
    found = translate(stored)
    assert is_hole(found[:, :, 0])
    assert np.nanmax(np.abs(np.where(found[:, :, 0] == 999, np.nan, found[:, :, 0]) - stored)) <= 0.5
    assert is_hole(translate(torch.from_numpy(stored)[None])[0].numpy())


@pytest.mark.parametrize("target", [FLOATS, COUNTS])
@pytest.mark.parametrize("size", [None, [16]])
def test_files(tmp_path: Path, target: Domain, size: list[int] | None) -> None:
    tifffile.imwrite(tmp_path / "a.tif", measured())
    job = Job("a", {1: tmp_path / "out" / "a.tif"}, tmp_path / "a.tif")
    model = translator(target)
    assert [error for _, error in translate_pictures(model, [job], files(model, size=size))] == [None]
    found = tifffile.imread(tmp_path / "out" / "a.tif")
    assert is_hole(found)
    with tifffile.TiffFile(tmp_path / "out" / "a.tif") as written:
        tag = written.pages[0].tags.get("GDAL_NODATA")  # type: ignore[union-attr]
    assert (None if tag is None else float(tag.value)) == getattr(target, "nodata", None)


def test_what_a_file_says_has_no_value_has_none(tmp_path: Path) -> None:
    stored = np.nan_to_num(measured(), nan=-9999.0)
    tifffile.imwrite(tmp_path / "a.tif", stored, extratags=[(42113, "s", 0, "-9999", True)])
    translator()(tmp_path / "a.tif", to=tmp_path / "b.tif")
    assert is_hole(tifffile.imread(tmp_path / "b.tif"))


def test_tiles_and_stacks(tmp_path: Path) -> None:
    large = measured(200, 150)
    tifffile.imwrite(tmp_path / "large.tif", large)
    translate_in_tiles(translator(), tmp_path / "large.tif", tmp_path / "a.tif", TileOptions(64, 16))
    assert is_hole(tifffile.imread(tmp_path / "a.tif"))
    tifffile.imwrite(tmp_path / "stack.tif", np.stack([measured()] * 3), metadata={"axes": "ZYX"}, imagej=True)
    translate_stack(translator(), tmp_path / "stack.tif", tmp_path / "b.tif", lambda done, count: None)
    assert all(is_hole(each) for each in tifffile.imread(tmp_path / "b.tif"))


def test_what_a_scanner_pads_with(tmp_path: Path) -> None:
    """Outside of the circle of a computed tomograph lies its PixelPaddingValue: -2000, and no air of -1024."""
    folder = tmp_path / "ct"
    series(folder, count=3)
    for path in folder.iterdir():
        slice_ = pydicom.dcmread(path)
        pixels = slice_.pixel_array.copy()
        pixels[0, :3] = 0
        slice_.PixelData = pixels.tobytes()
        slice_.add_new("PixelPaddingValue", "US", 0)
        slice_.save_as(path)
    hounsfield = Raw(range=(-1024, 3071), unit="HU")
    translate_volume(translator(hounsfield, hounsfield), folder, tmp_path / "out", "axial")
    for before, after in zip(sorted(folder.iterdir(), reverse=True), sorted((tmp_path / "out").iterdir()), strict=True):
        given, found = pydicom.dcmread(before), pydicom.dcmread(after)
        assert np.array_equal(found.pixel_array == found.PixelPaddingValue, given.pixel_array == 0)
        assert np.count_nonzero(given.pixel_array == 0) >= 3


def test_a_result_that_cannot_say_so_is_told_once(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    no_value._told.clear()
    picture = translator(Rgb())
    with caplog.at_level(logging.WARNING):
        picture(measured(), "scan 1")
        picture(measured(), "scan 2")
    (message,) = caplog.messages
    assert message.startswith("scan 1: 4.2 % of the source's pixels hold no value, and what the result shows there")
    Image.fromarray(picture(measured())).save(tmp_path / "a.png")  # as before


def test_pictures_that_are_whole_are_as_before(caplog: pytest.LogCaptureFixture) -> None:
    no_value._told.clear()
    stored = np.nan_to_num(measured(), nan=50.0)
    assert np.isfinite(translator()(stored)).all()
    assert translator(Rgb())(stored).shape == (16, 24, 3)
    assert caplog.messages == []
