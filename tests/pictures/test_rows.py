"""Rows of a picture are those that reading it whole gives, however the file is laid out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from pix2pix.errors import BadPairError
from pix2pix.pictures.codecs import read_picture, write_picture
from pix2pix.pictures.rows import open_rows

RNG = np.random.default_rng(0)
LAYOUTS: dict[str, tuple[tuple[int, ...], str, dict[str, Any]]] = {
    "one piece": ((101, 77, 3), "uint8", {"photometric": "rgb"}),
    "strips": ((101, 77, 3), "uint16", {"photometric": "rgb", "rowsperstrip": 16, "compression": "zlib"}),
    "big endian": ((101, 77), "uint16", {"byteorder": ">"}),
    "big endian tiles": ((101, 77), "float32", {"byteorder": ">", "tile": (32, 16), "compression": "lzw"}),
    "tiles": ((101, 77, 3), "uint8", {"photometric": "rgb", "tile": (32, 48), "compression": "zlib"}),
    "predictor": ((101, 77), "uint16", {"tile": (32, 48), "compression": "zlib", "predictor": True}),
    "plain tiles": ((101, 77), "float32", {"tile": (32, 48)}),
    "BigTIFF": ((101, 77), "int16", {"tile": (32, 48), "bigtiff": True}),
    "planes": ((5, 101, 77), "uint8", {"planarconfig": "separate", "photometric": "minisblack"}),
    "planes in tiles": (
        (4, 101, 77),
        "uint8",
        {"planarconfig": "separate", "photometric": "rgb", "tile": (32, 32), "compression": "zlib"},
    ),
    "pages": ((13, 101, 77), "float32", {"photometric": "minisblack", "tile": (32, 32), "compression": "zlib"}),
    "13 samples": (
        (101, 77, 13),
        "uint16",
        {"planarconfig": "contig", "photometric": "minisblack", "tile": (32, 32), "compression": "zlib"},
    ),
    "one compressed strip": ((101, 77), "uint8", {"compression": "zlib", "rowsperstrip": 101}),
    "JPEG tiles": ((101, 77, 3), "uint8", {"photometric": "rgb", "tile": (32, 48), "compression": "jpeg"}),
    "bilevel": ((101, 77), "bool", {"rowsperstrip": 8}),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_are_those_of_the_whole(layout: str, tmp_path: Path) -> None:
    shape, dtype, arguments = LAYOUTS[layout]
    byteorder = {key: arguments[key] for key in ("byteorder", "bigtiff") if key in arguments}
    others = {key: value for key, value in arguments.items() if key not in byteorder}
    pixels = RNG.integers(0, 2 if dtype == "bool" else 200, shape).astype(dtype)
    with tifffile.TiffWriter(tmp_path / "picture.tif", **byteorder) as tiff:
        tiff.write(pixels, **others)
    whole = read_picture(tmp_path / "picture.tif")
    with open_rows(tmp_path / "picture.tif") as rows:
        assert rows.shape == whole.shape
        for start, stop in ((0, 1), (0, 101), (31, 65), (100, 101)):
            part = rows.read(start, stop)
            assert part.dtype == whole.dtype
            np.testing.assert_array_equal(part, whole[start:stop])


def test_a_png(tmp_path: Path) -> None:
    picture = RNG.integers(0, 255, (20, 30, 3), dtype=np.uint8)
    write_picture(tmp_path / "picture.png", picture)
    with open_rows(tmp_path / "picture.png") as rows:
        np.testing.assert_array_equal(rows.read(3, 9), picture[3:9])


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "picture.tif"
    tifffile.imwrite(path, RNG.integers(0, 255, (64, 64), dtype=np.uint8), tile=(16, 16), compression="zlib")
    data = path.read_bytes()
    with tifffile.TiffFile(path) as tiff:
        offset = tiff.pages.first.dataoffsets[-1]
    path.write_bytes(data[: offset + 3])
    with open_rows(path) as rows:
        assert rows.read(0, 16).shape == (16, 64, 1)
        with pytest.raises(BadPairError, match=r"picture.tif: rows 48 to 63 cannot be read"):
            rows.read(48, 64)


def test_no_tiff_at_all(tmp_path: Path) -> None:
    (tmp_path / "picture.tif").write_bytes(b"not a TIFF")
    with pytest.raises(BadPairError, match="cannot be read as a TIFF"), open_rows(tmp_path / "picture.tif"):
        pass
    with pytest.raises(BadPairError, match="No such file"), open_rows(tmp_path / "missing.tif"):
        pass
