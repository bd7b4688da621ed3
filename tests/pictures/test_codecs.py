"""Codecs against Pillow, tifffile and numpy as other readers and writers; broken files; writing whole or not at all."""

from __future__ import annotations

import contextlib
import re
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps

from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import READABLE, picture_size, read_picture, write_picture
from pix2pix.pictures.meaning import Meaning, marked, said_of
from pix2pix.pictures.rows import open_rows

FACADE = Path(__file__).parents[2] / ".." / "shared" / "data" / "facades" / "val" / "1.jpg"


def numbers(dtype: str, channels: int, height: int = 13, width: int = 17) -> Array:
    rng = np.random.default_rng(channels)
    shape = (height, width, channels)
    if dtype.startswith(("float", "bool")):
        return rng.normal(0, 1000, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)


def check_read(path: Path, expected: Array) -> None:
    picture = read_picture(path)
    assert picture.dtype == expected.dtype
    assert picture.dtype.isnative
    assert picture.flags.c_contiguous
    np.testing.assert_array_equal(picture, expected)
    assert picture_size(path) == expected.shape


LOSSLESS = [
    *((".png", dtype, channels) for dtype in ("uint8", "uint16") for channels in (1, 2, 3, 4)),
    *((".tif", dtype, channels) for dtype in ("uint8", "uint16", "int16", "float32") for channels in (1, 2, 3, 4, 13)),
    *(
        (".npy", dtype, channels)
        for dtype in ("uint8", "uint16", "float32", "float64", "bool")
        for channels in (1, 3, 7)
    ),
    (".webp", "uint8", 3),
    (".webp", "uint8", 4),
    (".bmp", "uint8", 1),
    (".bmp", "uint8", 3),
]


@pytest.mark.parametrize(("suffix", "dtype", "channels"), LOSSLESS)
def test_what_is_written_is_read_back_exactly(tmp_path: Path, suffix: str, dtype: str, channels: int) -> None:
    expected = numbers(dtype, channels)
    write_picture(tmp_path / f"picture{suffix}", expected)
    check_read(tmp_path / f"picture{suffix}", expected)


@pytest.mark.parametrize(
    ("suffix", "dtype", "channels"),
    [(".png", "uint8", 1), (".png", "uint8", 3), (".png", "uint8", 4), (".png", "uint16", 1), (".tif", "uint8", 3),
     (".tif", "uint16", 1), (".tif", "float32", 1), (".bmp", "uint8", 3), (".webp", "uint8", 3)],
)  # fmt: skip
def test_pillow_reads_what_is_written(tmp_path: Path, suffix: str, dtype: str, channels: int) -> None:
    expected = numbers(dtype, channels)
    write_picture(tmp_path / f"picture{suffix}", expected)
    with Image.open(tmp_path / f"picture{suffix}") as image:
        np.testing.assert_array_equal(np.asarray(image), expected[:, :, 0] if channels == 1 else expected)


def test_jpeg_is_written_close_and_read_as_pillow_reads_it(tmp_path: Path) -> None:
    across, down = np.meshgrid(np.linspace(0, 255, 64), np.linspace(0, 255, 48))
    smooth = np.stack([across, down, 255 - across], axis=2).astype(np.uint8)
    for picture in (smooth, smooth[:, :, :1]):
        path = tmp_path / "picture.JPG"
        write_picture(path, picture)
        with Image.open(path) as image:
            check_read(path, np.asarray(image).reshape(picture.shape))
        assert np.abs(read_picture(path).astype(int) - picture).max() <= 6


@pytest.mark.skipif(not FACADE.exists(), reason="needs the facades beside the project")
def test_a_photograph_is_read_as_pillow_reads_it() -> None:
    with Image.open(FACADE) as image:
        check_read(FACADE, np.asarray(image))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_of_a_jpeg_is_applied(tmp_path: Path, orientation: int) -> None:
    image = Image.fromarray(numbers("uint8", 3, 24, 40))
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    with Image.open(tmp_path / "turned.jpg") as turned:
        check_read(tmp_path / "turned.jpg", np.asarray(ImageOps.exif_transpose(turned)))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize("block", [b"Exif\0\0MM\0\x2a\0\0\0\xff broken", b"Exif\0\0neither order of bytes"])
def test_a_jpeg_with_a_malformed_exif_block_is_read_as_it_lies(tmp_path: Path, block: bytes) -> None:
    image = Image.fromarray(numbers("uint8", 3))
    image.save(tmp_path / "odd.jpg", exif=block)
    image.save(tmp_path / "plain.jpg")
    check_read(tmp_path / "odd.jpg", read_picture(tmp_path / "plain.jpg"))


def test_a_progressive_jpeg_and_one_with_a_thumbnail_are_read(tmp_path: Path) -> None:
    image = Image.fromarray(numbers("uint8", 3))
    image.save(tmp_path / "thumbnail.jpg")
    thumbnail = (tmp_path / "thumbnail.jpg").read_bytes()
    image.save(tmp_path / "progressive.jpg", progressive=True, comment=thumbnail)
    with Image.open(tmp_path / "progressive.jpg") as plain:
        check_read(tmp_path / "progressive.jpg", np.asarray(plain))


def test_a_cmyk_jpeg_becomes_rgb(tmp_path: Path) -> None:
    orange = Image.new("RGB", (32, 16), (240, 120, 10))
    orange.convert("CMYK").save(tmp_path / "ink.jpg", quality=100)
    picture = read_picture(tmp_path / "ink.jpg")
    assert picture.shape == picture_size(tmp_path / "ink.jpg") == (16, 32, 3)
    assert np.abs(picture.astype(int) - (240, 120, 10)).max() <= 3


@pytest.mark.parametrize("transparent", [None, 2])
def test_a_palette_png_is_expanded(tmp_path: Path, transparent: int | None) -> None:
    image = Image.fromarray(numbers("uint8", 3)).quantize(7)
    options: dict[str, Any] = {} if transparent is None else {"transparency": transparent}
    image.save(tmp_path / "palette.png", **options)
    with Image.open(tmp_path / "palette.png") as stored:
        check_read(tmp_path / "palette.png", np.asarray(stored.convert("RGB" if transparent is None else "RGBA")))


@pytest.mark.parametrize(("channels", "transparent"), [(1, 4), (3, (1, 2, 3))])
def test_a_transparent_colour_becomes_an_alpha_channel(tmp_path: Path, channels: int, transparent: Any) -> None:
    stored = numbers("uint8", channels)
    stored[3, 5] = transparent
    image = Image.fromarray(stored if channels == 3 else stored[:, :, 0])
    image.save(tmp_path / "hole.png", transparency=transparent)
    alpha = np.where((stored == transparent).all(axis=2, keepdims=True), 0, 255).astype(np.uint8)
    check_read(tmp_path / "hole.png", np.concatenate([stored, alpha], axis=2))


def test_one_bit_becomes_0_and_255(tmp_path: Path) -> None:
    mask = numbers("uint8", 1)[:, :, 0] > 127
    expected = mask[:, :, None] * np.uint8(255)
    for suffix in (".png", ".bmp"):
        Image.fromarray(mask).save(tmp_path / f"mask{suffix}")
        check_read(tmp_path / f"mask{suffix}", expected)
    tifffile.imwrite(tmp_path / "mask.tif", mask, photometric="minisblack")  # its own default is white for 0
    check_read(tmp_path / "mask.tif", expected)


def test_scans_that_store_white_as_0_are_seen_as_they_look(tmp_path: Path) -> None:
    for stored in (numbers("uint8", 1)[:, :, 0], numbers("uint8", 1)[:, :, 0] > 127):
        path = tmp_path / f"{stored.dtype}.tif"
        tifffile.imwrite(path, stored, photometric="miniswhite", rowsperstrip=4)
        with Image.open(path) as image:
            expected = np.asarray(image.convert("L"))[:, :, None]
        assert not np.array_equal(expected[:, :, 0], stored * np.uint8(255 if stored.dtype == bool else 1))
        check_read(path, expected)
        with open_rows(path) as rows:
            np.testing.assert_array_equal(rows.read(3, 9), expected[3:9])


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_an_animation_is_no_picture(tmp_path: Path, suffix: str) -> None:
    first, *others = (Image.fromarray(numbers("uint8", channels)[:, :, :3]) for channels in (3, 4, 5))
    first.save(tmp_path / f"film{suffix}", save_all=True, append_images=others)
    for look in (read_picture, picture_size):
        with pytest.raises(BadPairError, match=rf"film\{suffix}: .*an animation of 3 frames"):
            look(tmp_path / f"film{suffix}")


def test_two_bits_of_grey_are_spread_over_eight(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 4, 1, 2, 0, 0, 0, 0)  # 4 x 1, 2 bits, grey
    rows = zlib.compress(b"\0\x1b")  # no filter; 0 1 2 3
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    (tmp_path / "two_bits.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    check_read(tmp_path / "two_bits.png", np.array([[[0], [85], [170], [255]]], np.uint8))


@pytest.mark.parametrize(
    ("first", "options"),
    [
        (False, {"photometric": "minisblack", "planarconfig": "contig"}),
        (False, {"photometric": "minisblack", "planarconfig": "contig", "compression": "lzw", "predictor": True}),
        (False, {}),  # tifffile takes the first axis for pages
        (True, {}),
        (True, {"photometric": "minisblack", "planarconfig": "separate", "compression": "zlib"}),
        (True, {"metadata": None}),  # plain pages
        (True, {"metadata": {"axes": "CYX"}, "ome": True}),
        (True, {"imagej": True}),
        (True, {"byteorder": ">"}),
        (True, {"tile": (16, 16), "metadata": {"axes": "CYX"}, "photometric": "minisblack"}),
    ],
)
def test_channels_of_a_tiff_are_found_wherever_they_lie(tmp_path: Path, first: bool, options: dict[str, Any]) -> None:
    expected = numbers("uint16", 5, 40, 30)
    tifffile.imwrite(tmp_path / "bands.tif", np.moveaxis(expected, 2, 0).copy() if first else expected, **options)
    check_read(tmp_path / "bands.tif", expected)


def test_a_tiff_of_another_shape_than_a_picture_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "film.tif", np.zeros((4, 3, 20, 30), np.uint16), metadata={"axes": "TCYX"}, photometric="minisblack"
    )
    for look in (read_picture, picture_size):
        with pytest.raises(BadPairError, match=r"film\.tif: holds axes TCYX .* expected one picture"):
            look(tmp_path / "film.tif")


def test_the_unit_is_in_a_tiffs_description(tmp_path: Path) -> None:
    write_picture(tmp_path / "warm.tif", numbers("float32", 1), unit="°C")
    with tifffile.TiffFile(tmp_path / "warm.tif") as tiff:
        assert tiff.shaped_metadata is not None
        assert tiff.shaped_metadata[0]["unit"] == "°C"


def test_nodata_is_in_a_tag_of_gdal(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.int16).reshape(3, 4, 1)
    write_picture(tmp_path / "a.tif", marked(values, Meaning(nodata=-9999)))
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        assert tiff.pages[0].tags["GDAL_NODATA"].value == "-9999"  # type: ignore[union-attr]
    found = read_picture(tmp_path / "a.tif")
    assert said_of(found).nodata == -9999
    np.testing.assert_array_equal(found, values)


def test_arrays_of_other_byte_and_axis_orders_are_put_right(tmp_path: Path) -> None:
    expected = numbers("float32", 2)
    np.save(tmp_path / "odd.npy", np.asfortranarray(expected.astype(">f4")))
    check_read(tmp_path / "odd.npy", expected)
    np.save(tmp_path / "flat.npy", expected[:, :, 0])
    check_read(tmp_path / "flat.npy", expected[:, :, :1])


WRITABLE = {".png": "uint16", ".jpg": "uint8", ".tif": "float32", ".npy": "float32", ".webp": "uint8", ".bmp": "uint8"}


@pytest.mark.parametrize("suffix", WRITABLE)
@pytest.mark.parametrize("left", [0.0, 0.01, 0.5, 0.9])
def test_a_truncated_file_is_a_bad_pair(tmp_path: Path, suffix: str, left: float) -> None:
    path = tmp_path / f"cut{suffix}"
    write_picture(path, numbers(WRITABLE[suffix], 3, 50, 50))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * left)])
    with pytest.raises(BadPairError, match=re.escape(str(path))):
        read_picture(path)


@pytest.mark.parametrize("suffix", WRITABLE)
def test_a_file_of_another_kind_is_a_bad_pair(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"wrong{suffix}"
    write_picture(tmp_path / "right.png", numbers("uint8", 3))
    png = (tmp_path / "right.png").read_bytes()
    for data in (b"no picture", b"" if suffix == ".png" else png):
        path.write_bytes(data)
        for look in (read_picture, picture_size):
            with pytest.raises(BadPairError, match=re.escape(str(path))):
                look(path)


@pytest.mark.parametrize("suffix", WRITABLE)
def test_broken_bytes_raise_nothing_but_a_bad_pair(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"broken{suffix}"
    write_picture(path, numbers(WRITABLE[suffix], 3))
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(20):
        broken = bytearray(data)
        for place in rng.integers(0, min(len(data), 200), 3):
            broken[place] = rng.integers(256)
        path.write_bytes(broken)
        for look in (read_picture, picture_size):
            with contextlib.suppress(BadPairError):
                look(path)


def test_messages_say_the_file_and_why(tmp_path: Path) -> None:
    with pytest.raises(BadPairError, match=r"gone\.png: cannot be read as a \.png picture: No such file"):
        read_picture(tmp_path / "gone.png")
    (tmp_path / "empty.png").touch()
    with pytest.raises(BadPairError, match=r"empty\.png: is empty"):
        read_picture(tmp_path / "empty.png")
    np.save(tmp_path / "words.npy", np.array([["a", "b"]]))
    with pytest.raises(BadPairError, match=r"words\.npy: holds <U1 of shape"):
        read_picture(tmp_path / "words.npy")
    np.save(tmp_path / "line.npy", np.zeros(5))
    with pytest.raises(BadPairError, match=r"line\.npy: .*expected \(height, width, channels\)"):
        picture_size(tmp_path / "line.npy")
    np.save(tmp_path / "first.npy", np.zeros((3, 20, 30)))
    for look in (read_picture, picture_size):
        with pytest.raises(BadPairError, match=r"first\.npy: .*shape \(3, 20, 30\), whose first axis .*moveaxis"):
            look(tmp_path / "first.npy")
    for look in (read_picture, picture_size):
        with pytest.raises(ValueError, match=r"unknown suffix '\.gif'; .*\.bmp .*\.jpeg \.jpg \.npy \.png"):
            look(tmp_path / "picture.gif")
    assert {".png", ".tiff", ".jpeg"} < READABLE


@pytest.mark.parametrize(
    ("suffix", "dtype", "channels"),
    [(".jpg", "uint16", 3), (".png", "float32", 1), (".png", "uint8", 5), (".bmp", "bool", 1)],
)
def test_what_a_format_cannot_hold_is_refused_and_leaves_nothing(
    tmp_path: Path, suffix: str, dtype: str, channels: int
) -> None:
    with pytest.raises(
        ValueError, match=rf"found {channels} channel\(s\) of {dtype}; a {re.escape(suffix)} file holds"
    ):
        write_picture(tmp_path / f"picture{suffix}", numbers(dtype, channels))
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_existing_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "picture.npy"
    before = numbers("float32", 2)
    write_picture(path, before)

    def disk_full(file: object, array: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_picture(path, before + 1)
    assert list(tmp_path.iterdir()) == [path]
    check_read(path, before)


def test_an_index_beyond_a_palette_is_told(tmp_path: Path) -> None:
    """Not taken for black, which may be a class."""
    rows = zlib.compress(b"\0\0\1\0\2\5")  # two rows of two indices, each behind its filter
    chunks = ((b"IHDR", struct.pack(">2I5B", 2, 2, 8, 3, 0, 0, 0)), (b"PLTE", bytes(range(9))), (b"IDAT", rows))
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (*chunks, (b"IEND", b""))
    )
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(BadPairError, match=r"a\.png.*index 5 is beyond the palette of 3 colours"):
        read_picture(tmp_path / "a.png")
