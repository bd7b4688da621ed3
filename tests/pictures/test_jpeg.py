"""A JPEG of which rows are missing is refused, with how many are there; whatever else is odd about it, it is read."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import read_picture
from pix2pix.pictures.jpeg import walk
from pix2pix.pictures.rows import open_rows

END = b"\xff\xd9"
HEIGHT, WIDTH = 160, 208


def photo() -> Array:
    down, across = np.mgrid[:HEIGHT, :WIDTH]
    waves = [100 * np.sin(across / 17 + down / 31), 100 * np.cos(down / 25), 90 * np.sin((across + down) / 43)]
    noise = np.random.default_rng(0).normal(0, 5, (HEIGHT, WIDTH, 3))
    return (127 + np.stack(waves, axis=2) + noise).clip(0, 255).astype(np.uint8)


def jpeg(mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(photo()).convert(mode).save(file, "JPEG", **options)
    return file.getvalue()


KINDS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "full colour": {"subsampling": 0},
    "optimised": {"optimize": True},
    "coarse": {"quality": 5},
    "grey": {"mode": "L"},
    "inks": {"mode": "CMYK"},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "many restarts": {"restart_marker_blocks": 2},
    "progressive with restarts": {"progressive": True, "restart_marker_rows": 2},
}


def by_pillow(data: bytes, mode: str = "RGB") -> Array:
    with Image.open(io.BytesIO(data)) as image:
        values = np.asarray(image if mode != "CMYK" else image.convert("RGB"))
    return values[:, :, None] if values.ndim == 2 else values


@pytest.mark.parametrize("kind", KINDS)
def test_cut_short_with_an_end_marker_is_refused(tmp_path: Path, kind: str) -> None:
    """At 40 places, down to the last bytes; Pillow takes all of them, mostly grey."""
    data, path = jpeg(**KINDS[kind]), tmp_path / "picture.jpg"
    start = data.index(b"\xff\xda") + 16
    for place in np.linspace(start, len(data) - 30, 40).astype(int):
        cut = data[:place] + END
        path.write_bytes(cut)
        with pytest.raises(BadPairError, match="is cut off: "):
            read_picture(path)
    with Image.open(io.BytesIO(data[: (start + len(data)) // 2] + END)) as image:
        image.load()  # what the reader may not do


@pytest.mark.parametrize("kind", ["baseline", "full colour", "grey", "restarts"])
def test_as_many_rows_as_are_right_are_counted(tmp_path: Path, kind: str) -> None:
    """Of one pass over the picture; to whole blocks, of which the last may have been found in part."""
    data, path = jpeg(**KINDS[kind]), tmp_path / "picture.jpg"
    whole = by_pillow(data)
    block = 8 if kind in ("full colour", "grey") else 16
    for share in (0.3, 0.5, 0.9):
        cut = data[: int(len(data) * share)] + END
        path.write_bytes(cut)
        with pytest.raises(BadPairError, match="is cut off: ") as raised:
            read_picture(path)
        told = int(str(raised.value).rpartition("is cut off: ")[2].split()[0])
        same = (by_pillow(cut) == whole).reshape(HEIGHT, -1).all(axis=1)
        right = HEIGHT if same.all() else int(np.argmin(same))
        assert told % block == 0
        assert abs(told - right) <= block  # colours are smoothed over the border of a block


def test_scans_that_are_missing_altogether_are_told(tmp_path: Path) -> None:
    """A progressive picture that ends between two passes is whole, and blurred."""
    data, path = jpeg(progressive=True), tmp_path / "picture.jpg"
    places = [place for place in range(len(data)) if data[place : place + 2] == b"\xff\xda"]
    assert len(places) == len(walk(data).scans) == 10
    for count in range(1, 10):
        path.write_bytes(data[: places[count]] + END)
        with pytest.raises(BadPairError, match=f"after {count} scans .*, finer ones are missing|has no"):
            read_picture(path)


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_no_harm_is_read(tmp_path: Path, kind: str) -> None:
    """Bytes behind the end, before the end marker, a second picture behind the first, filling before a marker."""
    data, path = jpeg(**KINDS[kind]), tmp_path / "picture.jpg"
    expected = by_pillow(data, KINDS[kind].get("mode", "RGB"))
    odd = [data, data + b"behind" * 9, data + data, data[:-2] + b"junk" + END, data[:-2] + b"\xff\xff\xff" + END]
    for each in odd:
        path.write_bytes(each)
        np.testing.assert_array_equal(read_picture(path), expected)


def test_a_picture_that_ends_grey_is_whole(tmp_path: Path) -> None:
    """What libjpeg fills in is a picture too, if the file holds it."""
    path = tmp_path / "picture.jpg"
    kinds: list[dict[str, Any]] = [{}, {"optimize": True}, {"progressive": True}]
    for options in kinds:
        grey = photo()
        grey[50:] = 128
        Image.fromarray(grey).save(path, **options)
        np.testing.assert_array_equal(read_picture(path), by_pillow(path.read_bytes()))


def test_passes_without_end_are_refused(tmp_path: Path) -> None:
    """Each takes the time of the whole picture and a few bytes."""
    data, path = jpeg(progressive=True), tmp_path / "picture.jpg"
    scan = data[data.rindex(b"\xff\xda") : -2]
    path.write_bytes(data[:-2] + scan * 100 + END)
    with pytest.raises(BadPairError, match="over 100 scans"):
        read_picture(path)


def test_a_strip_of_a_tiff_that_is_cut_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "picture.tif"
    tifffile.imwrite(path, photo(), compression="jpeg", rowsperstrip=80, photometric="rgb")
    np.testing.assert_array_equal(read_picture(path), tifffile.imread(path))
    with tifffile.TiffFile(path) as tiff:
        offset, length = tiff.pages.first.dataoffsets[1], tiff.pages.first.databytecounts[1]
    data = bytearray(path.read_bytes())
    data[offset + length * 2 // 3 : offset + length] = END * (length - length * 2 // 3)
    path.write_bytes(data[: offset + length])
    assert tifffile.imread(path).shape == (HEIGHT, WIDTH, 3)  # as tifffile reads it by itself
    for read in (read_picture, rows_of):
        with pytest.raises(BadPairError, match=r"is cut off: (24|32|40|48|56) of 80 rows are there"):
            read(path)


def rows_of(path: Path) -> Array:
    with open_rows(path) as rows:
        return rows.read(0, HEIGHT)
