"""Uploaded bytes as pictures, and pictures as bytes to send; limits are checked before anything is decoded."""

from __future__ import annotations

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import picture_size, read_picture, write_picture

# First bytes, by which a file is known whatever it is called.
SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
    b"II+\0": ".tif",
    b"MM\0+": ".tif",
    b"\x93NUMPY": ".npy",
    b"BM": ".bmp",
}
MEGAPIXEL = 2**20  # pixels, as 1024 x 1024: so 2048 x 2048 are 4
CHANNELS = 16  # that a picture of the largest size may have: numbers, not pixels, take memory
MEDIA = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".tif": "image/tiff",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".npy": "application/octet-stream",
}


class RefusedError(Exception):
    """A request that is not served: the HTTP status, and why, in words."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def read_upload(content: bytes, name: str, max_pixels: float) -> Array:
    """The picture (H, W, C) in a file's bytes, as stored.

    Args:
        name: what the file was called, for messages alone: its kind is told by its first bytes.

    Raises:
        RefusedError: 422 where it is no picture that can be read, 413 where it is too large.
    """
    name = Path(name or "the upload").name
    suffix = _kind(content)
    if suffix is None:
        kinds = ", ".join(sorted(each[1:] for each in MEDIA))
        found = "is empty (0 bytes)" if not content else "is not a picture of a kind that is read here"
        raise RefusedError(422, f"{name}: {found}; expected one of {kinds}")
    with TemporaryDirectory(prefix="pix2pix_") as folder:
        path = Path(folder) / f"upload{suffix}"
        path.write_bytes(content)
        try:
            height, width, channels = picture_size(path)
            if height * width > max_pixels or height * width * channels > max_pixels * CHANNELS:
                most = max_pixels / MEGAPIXEL
                raise RefusedError(
                    413,
                    f"{name}: has {width} x {height} pixels and {channels} channel(s); up to {most:g} megapixels"
                    f" (of 1024 x 1024) and {CHANNELS * most:g} million numbers are taken here; make it smaller, or"
                    f" start `pix2pix serve` with --max-megapixels {_needed(height, width, channels)}",
                )
            return read_picture(path)
        except BadPairError as error:
            raise RefusedError(422, str(error).replace(str(path), name)) from error


def _needed(height: int, width: int, channels: int) -> int:
    """Megapixels of which a picture of this size is taken."""
    return math.ceil(height * width * max(1, channels / CHANNELS) / MEGAPIXEL)


def best_suffix(picture: Array) -> str:
    """.png for 8-bit pictures, grey or in colours, which everything opens, else .tif; PNG would call others alpha."""
    return ".png" if picture.dtype == np.uint8 and picture.shape[2] in (1, 3) else ".tif"


def to_bytes(picture: Array, suffix: str, unit: str | None = None) -> bytes:
    """A picture file's bytes; the suffix is one of MEDIA. Raises RefusedError (422) where the format cannot hold it."""
    with TemporaryDirectory(prefix="pix2pix_") as folder:
        path = Path(folder) / f"result{suffix}"
        try:
            write_picture(path, picture, unit=unit)
        except ValueError as error:
            raise RefusedError(422, str(error).replace(str(path), "the result")) from error
        return path.read_bytes()


def _kind(content: bytes) -> str | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return ".webp"
    return next((suffix for start, suffix in SIGNATURES.items() if content.startswith(start)), None)
