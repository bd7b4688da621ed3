"""Damaged and dishonest pictures, through the readers of training and translation and through the server's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from tests.hostile.mutate import try_mutants

from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import picture_size, read_picture, write_picture
from pix2pix.pictures.rows import open_rows
from pix2pix.web.uploads import MEGAPIXEL, RefusedError, read_upload

CLEAN = (BadPairError, RefusedError)


def photo(height: int = 96, width: int = 128) -> Array:
    """(H, W, 3) of 8 bits: smooth, with a little noise."""
    down, across = np.mgrid[:height, :width]
    waves = [100 * np.sin(across / 17 + down / 31), 100 * np.cos(down / 25), 90 * np.sin((across + down) / 43)]
    noise = np.random.default_rng(0).normal(0, 3, (height, width, 3))
    return (127 + np.stack(waves, axis=2) + noise).clip(0, 255).astype(np.uint8)


def tiff(path: Path, picture: Array | None = None, **options: object) -> None:
    picture = photo() if picture is None else picture
    colour = "minisblack" if picture.ndim == 2 or options.get("ome") else "rgb"
    tifffile.imwrite(path, picture, **{"photometric": colour} | options)  # type: ignore[arg-type]


def jpeg(path: Path, **options: object) -> None:
    Image.fromarray(photo()).save(path, "JPEG", **options)


def npy(path: Path) -> None:
    np.save(path, photo().astype(np.float32))


FILES: dict[str, Callable[[Path], None]] = {
    "plain.png": lambda path: write_picture(path, photo()),
    "deep.png": lambda path: write_picture(path, photo().astype(np.uint16) * 257),
    "palette.png": lambda path: Image.fromarray(photo()).quantize(16).save(path),
    "baseline.jpg": jpeg,
    "progressive.jpg": partial(jpeg, progressive=True),
    "restarts.jpg": partial(jpeg, restart_marker_rows=1),
    "inks.jpg": lambda path: Image.fromarray(photo()).convert("CMYK").save(path, "JPEG"),
    "plain.tif": tiff,
    "deflate_strips.tif": partial(tiff, compression="zlib", rowsperstrip=16, predictor=True),
    "lzw_tiles.tif": partial(tiff, compression="lzw", tile=(32, 32)),
    "zstd_big.tif": partial(tiff, compression="zstd", tile=(32, 64), bigtiff=True),
    "lzma.tif": partial(tiff, compression="lzma", rowsperstrip=32),
    "packbits.tif": partial(tiff, compression="packbits"),
    "jpeg_tiles.tif": partial(tiff, compression="jpeg", tile=(32, 32)),
    "jpeg2000.tif": partial(tiff, compression="jpeg2000", tile=(32, 32)),
    "webp.tif": partial(tiff, compression="webp", rowsperstrip=32),
    "lerc.tif": lambda path: tiff(path, photo()[:, :, 0].astype(np.float32), compression="lerc", tile=(32, 32)),
    "png.tif": partial(tiff, compression="png", tile=(32, 32)),
    "fax.tif": lambda path: Image.fromarray(photo()[:, :, 0] > 127).save(path, "TIFF", compression="group4"),
    "ome.ome.tif": lambda path: tiff(path, photo().transpose(2, 0, 1), ome=True, metadata={"axes": "CYX"}),
    "imagej.tif": lambda path: tiff(
        path, photo().transpose(2, 0, 1).copy(), imagej=True, metadata={"axes": "CYX"}, photometric="minisblack"
    ),
    "pages.tif": lambda path: tiff(path, photo().transpose(2, 0, 1), photometric="minisblack", compression="zlib"),
    "numbers.npy": npy,
    "lossless.webp": lambda path: Image.fromarray(photo()).save(path, lossless=True),
    "lossy.webp": lambda path: Image.fromarray(photo()).save(path, quality=80),
    "plain.bmp": lambda path: Image.fromarray(photo()).save(path),
    "palette.bmp": lambda path: Image.fromarray(photo()).quantize(16).save(path),
}


def training(path: Path) -> object:
    """As pairs are read, and as `data check` and `translate` look at a picture and read it in rows."""
    size = picture_size(path)
    picture = read_picture(path)
    assert picture.shape == size
    with open_rows(path) as rows:
        assert rows.shape == size
        np.testing.assert_array_equal(rows.read(0, size[0]), picture)
    return size


def serving(path: Path) -> object:
    return read_upload(path.read_bytes(), path.name, 4 * MEGAPIXEL).shape


READERS = {"training": training, "serving": serving}
FAST = 8  # mutants of a file
SLOW = {".npy": 1000, ".png": 350, ".jpg": 250, ".tif": 200, ".webp": 350, ".bmp": 500}  # over 1,000 of each kind


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", FILES)
def test_damaged_pictures_are_refused_or_read(tmp_path: Path, name: str, reader: str) -> None:
    check_mutants(tmp_path, name, reader, FAST, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", FILES)
def test_a_thousand_damaged_pictures_of_each_kind_are_refused_or_read(tmp_path: Path, name: str, reader: str) -> None:
    check_mutants(tmp_path, name, reader, SLOW[Path(name).suffix], seed=2)


def check_mutants(folder: Path, name: str, reader: str, count: int, seed: int) -> None:
    valid = folder / name
    FILES[name](valid)
    READERS[reader](valid)
    report = try_mutants(READERS[reader], valid, count=count, seed=seed, folder=folder, clean=CLEAN)
    print(f"\n{name}, {reader}: {report}")  # with -s: the counts
    assert report.counts["clean"] + report.counts["accepted"] == count, report
