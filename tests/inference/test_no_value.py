"""Where a source holds no value its translation holds none, whatever the file; where it cannot say so, this is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pydicom
import pytest
import tifffile
import torch
from PIL import Image
from tests.inference.volumes.dicom_series import series
from tests.inference.volumes.test_volumes import Same

from pix2pix.data.datamodule import PairedData
from pix2pix.data.domains import Domain, Raw, Rgb
from pix2pix.data.pairs import Pair
from pix2pix.data.transforms import PairTransform
from pix2pix.inference.pictures import files, pairs, translate_pictures
from pix2pix.inference.plan import Job
from pix2pix.inference.stacks import translate_stack
from pix2pix.inference.tiles import TileOptions, translate_in_tiles
from pix2pix.inference.translator import Translator
from pix2pix.inference.volumes import translate_volume
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import read_picture, write_picture
from pix2pix.pictures.meaning import said_of

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


@pytest.mark.parametrize(("source", "suffix"), [("npy", "tif"), ("tif", "npy")])
def test_numbers_that_say_so_in_files_of_other_kinds(tmp_path: Path, source: str, suffix: str) -> None:
    """A TIFF has the tag of GDAL whatever it was made of, so that whoever opens it sees no measurement of 999."""
    write_picture(tmp_path / f"a.{source}", measured())
    job = Job("a", {1: tmp_path / "out" / f"a.{suffix}"}, tmp_path / f"a.{source}")
    model = translator(COUNTS)
    assert [error for _, error in translate_pictures(model, [job], files(model))] == [None]
    model(tmp_path / f"a.{source}", to=tmp_path / f"b.{suffix}")
    for path in (tmp_path / "out" / f"a.{suffix}", tmp_path / f"b.{suffix}"):
        found = read_picture(path)
        assert is_hole(found[:, :, 0])
        assert said_of(found).nodata == (999 if suffix == "tif" else None)


def test_what_is_made_larger_or_smaller_of_a_hole_has_no_value(tmp_path: Path) -> None:
    """A pixel that one without value has a part in is made up in that part."""
    tifffile.imwrite(tmp_path / "a.tif", measured(64, 96))
    job = Job("a", {1: tmp_path / "b.tif"}, tmp_path / "a.tif")
    wide = Raw(range=(-1000, 100))
    model = translator(wide, wide)
    assert [error for _, error in translate_pictures(model, [job], files(model, size=[32]))] == [None]
    found = tifffile.imread(tmp_path / "b.tif")
    # Bicubic, shrunk to half, makes pixel n of those from 2n - 3 to 2n + 4: of the hole of rows 3-6, columns 5-8.
    assert {tuple(map(int, place)) for place in np.argwhere(np.isnan(found))} == {
        (row, column) for row in range(5) for column in range(1, 6)
    }
    assert np.nanmin(found) > 0  # and not -1000, which the hole was filled with


class OnePair:
    """One source with a hole, of a target without."""

    names: ClassVar[list[str]] = ["a"]

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Pair:
        return Pair(measured()[:, :, None], np.full((16, 24, 1), 50, np.float32), "a")


@pytest.mark.parametrize("target", [FLOATS, COUNTS])
def test_pairs_of_the_trainings_data(tmp_path: Path, target: Domain) -> None:
    sides = FLOATS.to_dict(), target.to_dict()
    data = PairedData(lambda split: OnePair(), *sides, PairTransform((16, 24)))
    job = Job("a", {1: tmp_path / "a.tif"})
    assert [error for _, error in translate_pictures(translator(target), [job], pairs(data, "val"))] == [None]
    assert is_hole(tifffile.imread(tmp_path / "a.tif"))


def test_images_of_pillow() -> None:
    found = np.asarray(translator()(Image.fromarray(measured())))
    assert is_hole(found)


class Turned(Same):
    """The low end of the range, with which holes are filled, becomes the high one."""

    def __call__(self, source: torch.Tensor, names: Sequence[str]) -> torch.Tensor:
        return -super().__call__(source, names)


def test_pictures_for_people_show_nothing_there(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", measured())
    job = Job("a", {1: tmp_path / "b.png"}, tmp_path / "a.tif")
    model = Translator(Turned(3), FLOATS, Rgb())
    assert [error for _, error in translate_pictures(model, [job], files(model), beside=2)] == [None]
    panels = np.split(read_picture(tmp_path / "b.png"), 3, axis=1)
    for panel in panels:
        assert (panel[HOLE] == 0).all()
        assert (panel[8:] > 0).all()


def test_an_aerial_photo_has_no_value_round_its_edges(tmp_path: Path) -> None:
    """What GDAL calls nodata is nothing in all channels; a shadow may be without red."""
    photo = np.full((16, 24, 3), 100, np.uint8)
    photo[HOLE] = 0
    photo[0, 0] = (0, 90, 90)
    tifffile.imwrite(tmp_path / "a.tif", photo, photometric="rgb", extratags=[(42113, "s", 0, "0", True)])
    heights = translator(Raw(channels=3, range=(0, 100)), Rgb())
    heights(tmp_path / "a.tif", to=tmp_path / "b.tif")
    assert is_hole(tifffile.imread(tmp_path / "b.tif")[:, :, 0])
    translate_in_tiles(heights, tmp_path / "a.tif", tmp_path / "c.tif")
    assert is_hole(tifffile.imread(tmp_path / "c.tif")[:, :, 0])
    tifffile.imwrite(tmp_path / "plain.tif", photo, photometric="rgb")
    heights(tmp_path / "plain.tif", to=tmp_path / "d.tif")
    assert np.isfinite(tifffile.imread(tmp_path / "d.tif")).all()


@pytest.mark.parametrize("nodata", [-9999, 0.5])
def test_a_number_that_the_result_cannot_hold_says_nothing(nodata: float) -> None:
    model = translator(Raw(range=(0, 100), nodata=nodata, dtype="uint16"))
    assert np.isfinite(model(measured(), "scan")).all()
    assert model.made_up.pixels == {"scan": 16}


def test_a_result_that_cannot_say_so_is_told_once(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    picture = translator(Rgb())
    picture(measured(), "scan 1")
    picture(measured(), "scan 2")
    (message,) = caplog.messages
    assert message.startswith("scan 1: pixels of the source hold no value, and what the result shows there is made up")
    assert picture.made_up.pixels == {"scan 1": 16, "scan 2": 16}
    Image.fromarray(picture(measured())).save(tmp_path / "a.png")  # as before


def test_pictures_that_are_whole_are_as_before(caplog: pytest.LogCaptureFixture) -> None:
    stored = np.nan_to_num(measured(), nan=50.0)
    assert np.isfinite(translator()(stored)).all()
    assert translator(Rgb())(stored).shape == (16, 24, 3)
    assert caplog.messages == []
