"""Uploads mean what their files say, and are refused in words where that is nothing to be translated."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from pix2pix.pictures.meaning import has_alpha, said_of
from pix2pix.web.uploads import RefusedError, best_suffix, read_upload

NOISE = np.random.default_rng(0).integers(0, 255, (16, 24, 4), dtype=np.uint8)


def tiff(stored: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, stored, **options)
    return file.getvalue()


def test_cyan_is_cyan() -> None:
    cyan = np.zeros((16, 24, 4), np.uint8)
    cyan[:, :, 0] = 255
    file = io.BytesIO()
    Image.fromarray(cyan, "CMYK").save(file, "JPEG", quality=100)
    for content in (tiff(cyan, photometric="separated"), file.getvalue()):
        picture = read_upload(content, "ink", 1e6)
        assert picture.shape == (16, 24, 3)
        assert np.abs(picture.astype(int) - (0, 255, 255)).max() <= 2


def test_alpha_is_what_the_file_calls_so() -> None:
    assert has_alpha(read_upload(tiff(NOISE, photometric="rgb"), "a", 1e6))
    bands = read_upload(tiff(NOISE, photometric="minisblack", planarconfig="contig"), "a", 1e6)
    assert not has_alpha(bands)
    assert not said_of(bands).colour
    assert best_suffix(np.asarray(bands)) == ".tif"  # in PNG the fourth would be called alpha


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (tiff(NOISE[:3, :, 0].repeat(9, 0).reshape(3, 9, 24), metadata={"axes": "ZYX"}, photometric="minisblack"),
         r"z\.tif: holds axes ZYX of lengths \(3, 9, 24\); expected one picture"),
        (b"GIF89a" + bytes(50), r"z\.tif: is not a picture of a kind that is read here"),
        (b"\0\0\0\x18ftypheic" + bytes(50), r"z\.tif: is not a picture of a kind that is read here"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        read_upload(content, "z.tif", 1e6)
