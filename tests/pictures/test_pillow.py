"""Pillow's images, which are opened lazily, as pictures."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.errors import BadPairError
from pix2pix.pictures.pillow import from_pillow


def jpeg(mode: str) -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_jpeg_that_is_cut_off_is_refused(tmp_path: Path, mode: str) -> None:
    data, path = jpeg(mode), tmp_path / "picture.jpg"
    path.write_bytes(data[: len(data) // 2] + b"\xff\xd9")
    with Image.open(path) as image, pytest.raises(BadPairError, match=r"picture\.jpg: is cut off: \d+ of 64 rows"):
        from_pillow(image)
    path.write_bytes(data + b"behind")
    with Image.open(path) as image, Image.open(io.BytesIO(data)) as same:
        expected = np.asarray(same.convert("RGB") if mode == "CMYK" else same)
        np.testing.assert_array_equal(from_pillow(image).squeeze(), expected)
