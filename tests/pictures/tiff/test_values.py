"""What a TIFF says of its numbers, read whole, in rows and by its header, against Pillow and scikit-image."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps
from skimage.color import lab2rgb, rgb2lab

from pix2pix.data.domains import Grey, Labels, Raw, Rgb
from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array, with_channels
from pix2pix.pictures.codecs import picture_size, read_picture, write_picture
from pix2pix.pictures.meaning import has_alpha, opaque, said_of
from pix2pix.pictures.rows import open_rows

SHARED = Path(__file__).parents[3] / ".." / "shared" / "data"
CONTIG: dict[str, Any] = {"photometric": "minisblack", "planarconfig": "contig"}
STRIPS: dict[str, Any] = {"rowsperstrip": 8, "compression": "zlib"}


def numbers(dtype: str, channels: int, height: int = 24, width: int = 31) -> Array:
    rng = np.random.default_rng(channels)
    return rng.integers(0, np.iinfo(dtype).max, (height, width, channels), dtype=dtype, endpoint=True)


def read_every_way(path: Path) -> Array:
    """What every reader gives, which must be one and the same."""
    picture = read_picture(path)
    assert picture_size(path) == picture.shape
    with open_rows(path) as rows:
        assert rows.shape == picture.shape
        parts = [rows.read(start, min(start + 7, len(picture))) for start in range(0, len(picture), 7)]
    np.testing.assert_array_equal(np.concatenate(parts), picture)
    assert all(part.dtype == picture.dtype for part in parts)
    if not said_of(picture).palette:
        assert all(said_of(part) == said_of(picture) for part in parts)
    return picture


def write(path: Path, stored: Array, tags: tuple[tuple[int, int, int, Any], ...] = (), **options: Any) -> Path:
    extra = [(*tag, True) for tag in tags]
    tifffile.imwrite(path, stored, extratags=extra, metadata=options.pop("metadata", None), **options)
    return path


# --- channels and alpha -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [2, 3, 4, 5])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_samples_that_nothing_calls_alpha_or_colours_are_all_kept(tmp_path: Path, channels: int, dtype: str) -> None:
    stored = numbers(dtype, channels)
    picture = read_every_way(write(tmp_path / "stains.tif", stored, **CONTIG, **STRIPS))
    np.testing.assert_array_equal(picture, stored)
    assert not said_of(picture).colour
    largest = int(np.iinfo(dtype).max)
    raw = Raw(channels, (0, largest), dtype=dtype)
    np.testing.assert_array_equal(raw.decode(raw.encode(raw.prepare(picture, "a").values)), stored)
    bits: Any = 8 * picture.itemsize
    with pytest.raises(BadPairError, match=rf"a: has {channels} channels.*kind:raw,channels:{channels},"):
        Grey(bits).prepare(picture, "a")


@pytest.mark.parametrize("channels", [2, 4])
def test_channels_of_another_axis_are_not_alpha(tmp_path: Path, channels: int) -> None:
    stored = numbers("uint16", channels)
    planes = np.moveaxis(stored, 2, 0).copy()
    for options in ({"metadata": {"axes": "CYX"}}, {"metadata": {"axes": "CYX"}, "ome": True}, {"imagej": True}):
        picture = read_every_way(write(tmp_path / "c.tif", planes, photometric="minisblack", **options))
        np.testing.assert_array_equal(picture, stored)
        with pytest.raises(BadPairError, match=f"has {channels} channels"):
            Rgb(16).prepare(picture, "a")


@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_is_what_extra_samples_call_so_and_is_dropped_by_colours(tmp_path: Path, channels: int) -> None:
    stored = numbers("uint8", channels)
    photometric = "rgb" if channels == 4 else "minisblack"
    straight = {"photometric": photometric, "planarconfig": "contig", **STRIPS}
    picture = read_every_way(write(tmp_path / "a.tif", stored, extrasamples=["unassalpha"], **straight))
    np.testing.assert_array_equal(picture, stored)
    assert has_alpha(picture)
    colours = stored[:, :, :-1]
    np.testing.assert_array_equal(Rgb().prepare(picture, "a").values, np.broadcast_to(colours, (*stored.shape[:2], 3)))
    np.testing.assert_array_equal(Raw(channels, (0, 255)).prepare(picture, "a").values, stored)
    unknown = read_every_way(write(tmp_path / "b.tif", stored, extrasamples=["unspecified"], **straight))
    assert not has_alpha(unknown)
    with pytest.raises(BadPairError, match=f"has {channels} channels"):
        Rgb().prepare(unknown, "b")


def test_colours_multiplied_by_alpha_are_divided_as_pillow_does(tmp_path: Path) -> None:
    stored = numbers("uint8", 4)
    stored[0, :5, 3] = 0
    stored[:, :, :3] = stored[:, :, :3].astype(int) * stored[:, :, 3:] // 255
    path = write(tmp_path / "a.tif", stored, photometric="rgb", extrasamples=["assocalpha"], **STRIPS)
    with Image.open(path) as image:
        np.testing.assert_array_equal(read_every_way(path), np.asarray(image.convert("RGBA")))


def test_what_is_written_says_what_it_is(tmp_path: Path) -> None:
    for channels in (2, 4):
        rgba = numbers("uint8", channels)
        write_picture(tmp_path / "numbers.tif", rgba)
        assert not has_alpha(read_picture(tmp_path / "numbers.tif"))
        write_picture(tmp_path / "alpha.png", rgba)
        write_picture(tmp_path / "alpha.tif", read_picture(tmp_path / "alpha.png"))
        assert has_alpha(read_picture(tmp_path / "alpha.tif"))
        np.testing.assert_array_equal(read_picture(tmp_path / "alpha.tif"), rgba)


# --- photometric ------------------------------------------------------------------------------------------------------


def test_inks_become_colours_by_pillows_formula(tmp_path: Path) -> None:
    stored = numbers("uint8", 4)
    stored[0, 0] = (255, 0, 0, 0)
    path = write(tmp_path / "ink.tif", stored, photometric="separated", **STRIPS)
    picture = read_every_way(path)
    np.testing.assert_array_equal(picture, np.asarray(Image.fromarray(stored, "CMYK").convert("RGB")))
    assert picture[0, 0].tolist() == [0, 255, 255]  # cyan
    deep = read_every_way(write(tmp_path / "16.tif", stored.astype(np.uint16) * 257, photometric="separated", **STRIPS))
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - picture).max() <= 0.51  # the same, rounded finer
    masked = np.dstack([stored, stored[:, :, :1]])
    path = write(tmp_path / "a.tif", masked, photometric="separated", extrasamples=["unassalpha"], **STRIPS)
    np.testing.assert_array_equal(read_every_way(path), np.dstack([picture, stored[:, :, :1]]))
    assert has_alpha(read_picture(path))


def test_other_inks_than_the_four_are_numbers(tmp_path: Path) -> None:
    stored = numbers("uint8", 4)
    path = write(tmp_path / "spots.tif", stored, ((332, 3, 1, 2),), photometric="separated", **STRIPS)
    picture = read_every_way(path)
    np.testing.assert_array_equal(picture, stored)
    assert not said_of(picture).colour


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("photometric", ["cielab", "icclab"])
def test_lab_becomes_srgb(tmp_path: Path, bits: int, photometric: str) -> None:
    rgb = numbers("uint8", 3)
    rgb[0, :3] = ((255, 255, 255), (0, 0, 0), (255, 0, 0))
    lab = rgb2lab(rgb)
    unit = 1 << (bits - 8)
    if photometric == "cielab":  # a and b are signed
        white = (1 << bits) - 1
        stored = np.rint(lab * [white / 100, unit, unit]).astype(np.int32).astype(f"uint{bits}")
        lab_stored = np.rint(lab * [white / 100, unit, unit]) / [white / 100, unit, unit]
    else:
        stored = np.rint(lab * [255 * unit / 100, unit, unit] + [0, 128 * unit, 128 * unit]).astype(f"uint{bits}")
        lab_stored = (stored - np.array([0.0, 128 * unit, 128 * unit])) / [255 * unit / 100, unit, unit]
    picture = read_every_way(write(tmp_path / "lab.tif", stored, photometric=photometric, **STRIPS))
    expected = lab2rgb(lab_stored) * ((1 << bits) - 1)
    assert picture.dtype == f"uint{bits}"
    assert np.abs(picture - expected).max() <= (0.51 if bits == 8 else 4)  # of 65535: it is computed in float32
    if bits == 16:
        assert np.abs(picture / 257 - rgb).max() <= 0.6


def test_a_palette_becomes_colours_and_classes_stay_indices(tmp_path: Path) -> None:
    classes = (numbers("uint8", 1) % 7)[:, :, 0]
    colours = np.random.default_rng(0).integers(0, 256, (256, 3))
    colours[200] = colours[3]  # twice, but not in use
    colormap = (colours.T * 257).astype(np.uint16)
    path = write(tmp_path / "map.tif", classes, photometric="palette", colormap=colormap, **STRIPS)
    with Image.open(path) as image:
        np.testing.assert_array_equal(read_every_way(path), np.asarray(image.convert("RGB")))
        image.save(tmp_path / "map.png")
        image.save(tmp_path / "map.bmp")
    for each in (path, tmp_path / "map.png", tmp_path / "map.bmp"):
        picture = read_every_way(each)
        np.testing.assert_array_equal(Labels(classes=7).prepare(picture, "a").values[:, :, 0], classes)
        halves = picture[:, 10:]  # as of a file of two pictures
        np.testing.assert_array_equal(Labels(classes=7).prepare(halves, "a").values[:, :, 0], classes[:, 10:])
        palette = tuple(map(tuple, colours[:7].tolist()))
        np.testing.assert_array_equal(Labels(palette).prepare(picture, "a").values[:, :, 0], classes)


def test_two_classes_of_one_colour_are_not_told_apart_silently(tmp_path: Path) -> None:
    colormap = np.zeros((3, 256), np.uint16)
    stored = (numbers("uint8", 1) % 7)[:, :, 0]
    path = write(tmp_path / "map.tif", stored, photometric="palette", colormap=colormap, **STRIPS)
    with pytest.raises(BadPairError, match="expected 1 channel of class indices"):
        Labels(classes=7).prepare(read_every_way(path), "a")


@pytest.mark.parametrize(("dtype", "largest"), [("uint8", 255), ("uint16", 65535), ("uint32", 2**32 - 1)])
def test_white_as_0_is_turned_round_in_every_depth(tmp_path: Path, dtype: str, largest: int) -> None:
    stored = numbers(dtype, 1)
    picture = read_every_way(write(tmp_path / "white.tif", stored[:, :, 0], photometric="miniswhite", **STRIPS))
    np.testing.assert_array_equal(picture, largest - stored)
    planes = np.moveaxis(numbers(dtype, 2), 2, 0).copy()
    path = write(tmp_path / "c.tif", planes, photometric="miniswhite", metadata={"axes": "CYX"})
    np.testing.assert_array_equal(read_every_way(path), largest - numbers(dtype, 2))


def test_alpha_beside_white_as_0_is_not_turned_round(tmp_path: Path) -> None:
    stored = numbers("uint8", 2)
    options: dict[str, Any] = {"photometric": "miniswhite", "planarconfig": "contig", "extrasamples": ["unassalpha"]}
    picture = read_every_way(write(tmp_path / "a.tif", stored, **options, **STRIPS))
    np.testing.assert_array_equal(picture, np.dstack([255 - stored[:, :, 0], stored[:, :, 1]]))


def test_four_bits_are_spread_as_pillow_does(tmp_path: Path) -> None:
    stored = numbers("uint8", 1)[:, :, 0] % 16
    path = write(tmp_path / "four.tif", stored, photometric="minisblack", bitspersample=4, rowsperstrip=8)
    with Image.open(path) as image:
        np.testing.assert_array_equal(read_every_way(path)[:, :, 0], np.asarray(image))


def test_luma_and_chroma_become_colours(tmp_path: Path) -> None:
    rgb = np.asarray(Image.fromarray(numbers("uint8", 3, 6, 8)).resize((32, 32)))
    ycbcr = np.asarray(Image.fromarray(rgb).convert("YCbCr"))
    path = write(
        tmp_path / "plain.tif", ycbcr, photometric="ycbcr", subsampling=(1, 1), compression="lzw", rowsperstrip=8
    )
    back = np.asarray(Image.fromarray(ycbcr, "YCbCr").convert("RGB"))
    assert np.abs(read_every_way(path).astype(int) - back).max() <= 1
    path = write(tmp_path / "jpeg.tif", rgb, photometric="ycbcr", compression="jpeg", tile=(16, 16))
    with Image.open(path) as image:
        assert np.abs(read_every_way(path).astype(int) - np.asarray(image)).max() <= 4


@pytest.mark.parametrize("photometric", ["itulab", "cfa", "logluv", "mask"])
def test_what_is_not_known_is_refused_by_its_name(tmp_path: Path, photometric: str) -> None:
    code = {"itulab": 10, "cfa": 32803, "logluv": 32845, "mask": 4}[photometric]
    path = write(tmp_path / "odd.tif", numbers("uint8", 1)[:, :, 0], photometric="minisblack")
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages.first.tags[262].overwrite(code)
    for look in (read_picture, picture_size):
        with pytest.raises(BadPairError, match=r"odd\.tif: (says PhotometricInterpretation|holds only masks)"):
            look(path)


def test_numbers_that_have_no_black_are_refused_with_what_to_type(tmp_path: Path) -> None:
    path = write(tmp_path / "f.tif", numbers("uint8", 1)[:, :, 0].astype(np.float32), photometric="miniswhite")
    with pytest.raises(BadPairError, match=r"f\.tif: says WhiteIsZero of float32.*tiffset -s 262 1 f\.tif"):
        read_picture(path)


def test_channels_of_different_kinds_are_refused(tmp_path: Path) -> None:
    for code, kinds in ((339, (1, 2, 1)), (258, (16, 16, 8))):
        path = write(tmp_path / "mixed.tif", numbers("int16", 3), photometric="rgb")
        with tifffile.TiffFile(path, mode="r+") as tiff:
            tiff.pages.first.tags[code].overwrite(kinds)
        for look in (read_picture, picture_size):
            with pytest.raises(BadPairError, match=r"mixed\.tif: .*(different kinds|cannot be read)"):
                look(path)


# --- which way up, scales, nodata -------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_that_of_pillow(tmp_path: Path, orientation: int) -> None:
    stored = numbers("uint8", 3)
    path = write(tmp_path / "turned.tif", stored, ((274, 3, 1, orientation),), photometric="rgb", **STRIPS)
    exif = Image.Exif()
    exif[274] = orientation
    for suffix in (".png", ".webp"):
        options: dict[str, Any] = {"lossless": True} if suffix == ".webp" else {}
        Image.fromarray(stored).save(tmp_path / f"turned{suffix}", exif=exif, **options)
        with Image.open(tmp_path / f"turned{suffix}") as image:
            expected = np.asarray(ImageOps.exif_transpose(image))
        np.testing.assert_array_equal(read_every_way(tmp_path / f"turned{suffix}"), expected)
    np.testing.assert_array_equal(read_every_way(path), expected)


def scaled(first: str, second: str) -> str:
    return (
        f'<GDALMetadata><Item name="SCALE" sample="0" role="scale">{first}</Item>'
        f'<Item name="OFFSET" sample="1" role="offset">{second}</Item></GDALMetadata>'
    )


def test_gdals_scale_offset_and_nodata_are_applied(tmp_path: Path) -> None:
    stored = numbers("int16", 2)
    stored[3, 4, 0] = -9999
    tags = ((42112, 2, 0, scaled("0.5", "100")), (42113, 2, 0, "-9999"))
    picture = read_every_way(write(tmp_path / "bands.tif", stored, tags, **CONTIG, **STRIPS))
    expected = stored * np.array([0.5, 1]) + [0, 100]
    expected[3, 4, 0] = np.nan
    np.testing.assert_array_equal(picture, expected.astype(np.float32))
    valid = Raw(2, (-20000, 40000)).prepare(picture, "a").valid
    assert valid is not None
    assert np.argwhere(~valid).tolist() == [[3, 4]]


def test_what_gdal_calls_nodata_is_not_valid(tmp_path: Path) -> None:
    stored = numbers("uint16", 1)
    stored[3, 4] = 7
    path = write(tmp_path / "n.tif", stored[:, :, 0], ((42113, 2, 0, "7"),), photometric="minisblack", **STRIPS)
    picture = read_every_way(path)
    valid = Raw(1, (0, 65535)).prepare(picture, "a").valid
    assert valid is not None
    np.testing.assert_array_equal(~valid, stored[:, :, 0] == 7)


# --- which picture ----------------------------------------------------------------------------------------------------


def several(path: Path, *pages: tuple[Array, dict[str, Any]]) -> Path:
    with tifffile.TiffWriter(path) as tiff:
        for page, options in pages:
            tiff.write(page, **{"photometric": "minisblack", "metadata": None} | options)
    return path


def test_thumbnails_masks_and_pyramids_do_not_count(tmp_path: Path) -> None:
    stored = numbers("uint8", 1)[:, :, 0]
    thumbnail, mask = (stored[::2, ::2], {"subfiletype": 1}), (stored > 9, {"subfiletype": 4})
    path = several(tmp_path / "first.tif", thumbnail, (stored, {}), mask)
    np.testing.assert_array_equal(read_every_way(path)[:, :, 0], stored)
    path = several(tmp_path / "pyramid.tif", (stored, {"subifds": 1}), thumbnail)
    np.testing.assert_array_equal(read_every_way(path)[:, :, 0], stored)


def test_two_pictures_of_different_sizes_are_refused(tmp_path: Path) -> None:
    stored = numbers("uint8", 1)[:, :, 0]
    path = several(tmp_path / "two.tif", (stored, {}), (stored[::2], {}))
    readers: list[Callable[[Path], object]] = [read_picture, picture_size, lambda path: open_rows(path).__enter__()]
    for look in readers:
        with pytest.raises(BadPairError, match=r"two\.tif: holds 2 pictures of different kinds"):
            look(path)


@pytest.mark.parametrize("axes", ["ZYX", "TYX", "TCYX", "ZYXS"])
@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_stack_is_no_picture(tmp_path: Path, axes: str, count: int) -> None:
    shape = [{"Y": 20, "X": 30}.get(axis, count if axis in "ZT" else 3) for axis in axes]
    photometric = "rgb" if "S" in axes else "minisblack"
    for ome in (False, True):
        options: dict[str, Any] = {"photometric": photometric, "ome": ome, "metadata": {"axes": axes}}
        path = write(tmp_path / "stack.tif", np.zeros(shape, np.uint8), **options)
        for look in (read_picture, picture_size):
            with pytest.raises(BadPairError, match=rf"stack\.tif: holds axes {axes} .*expected one picture"):
                look(path)


@pytest.mark.parametrize("axes", ["ZYX", "TCYX", "ZYXS"])
def test_the_line_that_is_told_writes_pictures_that_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, axes: str
) -> None:
    shape = [{"Y": 24, "X": 31, "C": 3, "S": 3}.get(axis, 2) for axis in axes]
    stored = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    path = tmp_path / "it's a stack.tif"
    write(path, stored, photometric="rgb" if "S" in axes else "minisblack", metadata={"axes": axes})
    with pytest.raises(BadPairError) as told:
        read_picture(path)
    (tmp_path / "slices").mkdir()
    monkeypatch.chdir(tmp_path / "slices")
    _, _, command = str(told.value).partition(": python ")
    subprocess.run(f"{shlex.quote(sys.executable)} {command}", shell=True, check=True)
    for index in range(2):
        page = read_picture(tmp_path / "slices" / f"it's a stack_{index:04}.tif")
        expected = np.moveaxis(stored[index], 0, 2) if "C" in axes else with_channels(stored[index])
        np.testing.assert_array_equal(page, expected)
        assert said_of(page).pages == ""


def test_three_slices_are_no_colours_though_they_are_stored_as_if(tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="shape"):  # tifffile stores them as planes of RGB
        write(tmp_path / "z.tif", np.zeros((3, 20, 30), np.uint8), metadata={"axes": "ZYX"})
    with pytest.raises(BadPairError, match="holds axes ZYX"):
        read_picture(tmp_path / "z.tif")


@pytest.mark.parametrize("metadata", [None, {}])
def test_pages_that_nothing_names_are_channels_for_whom_asks_for_so_many_numbers(tmp_path: Path, metadata: Any) -> None:
    planes = np.moveaxis(numbers("uint8", 3), 2, 0).copy()
    picture = read_every_way(write(tmp_path / "p.tif", planes, photometric="minisblack", metadata=metadata))
    np.testing.assert_array_equal(Raw(3, (0, 255)).prepare(picture, "p").values, numbers("uint8", 3))
    for domain in (Rgb(), Grey(), Labels(classes=256)):
        with pytest.raises(BadPairError, match=r"p: holds 3 pictures along .*kind:raw,channels:3"):
            domain.prepare(picture, "p")


# --- files from the fields --------------------------------------------------------------------------------------------


@pytest.mark.skipif(not SHARED.exists(), reason="needs the sets beside the project")
def test_files_from_the_fields_are_read_as_tifffile_has_them() -> None:
    files = sorted(file for file in SHARED.rglob("*.tif*") if file.is_file())
    for file in files:
        expected = tifffile.imread(file)
        expected = expected[:, :, None] if expected.ndim == 2 else np.moveaxis(expected, 0, 2)
        picture = read_every_way(file)
        np.testing.assert_array_equal(picture, expected, err_msg=str(file))
        assert opaque(picture).shape == expected.shape
    assert len(files) > 40
