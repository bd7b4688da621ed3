"""Pillow's images as pictures as stored, and back."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array, with_channels
from pix2pix.pictures.jpeg import CutOffError, decode_whole
from pix2pix.pictures.meaning import Meaning, marked

CONVERTED = {"1": "L", "PA": "RGBA", "CMYK": "RGB", "YCbCr": "RGB", "RGBX": "RGB", "La": "LA", "RGBa": "RGBA"}
TAKEN = ("L", "LA", "RGB", "RGBA", "I;16", "I;16L", "I;16B", "I", "F")
GIVEN = {("uint8", 1), ("uint8", 2), ("uint8", 3), ("uint8", 4), ("uint16", 1), ("int32", 1), ("float32", 1)}


def from_pillow(image: Image.Image) -> Array:
    """(H, W, C) in the image's depth, as its pixels lie: its EXIF orientation is the caller's. Palettes become colours.

    Raises BadPairError for a mode that is no grey, colour or number, and for a JPEG that is cut off, where its file is
    still open: Pillow opens files lazily, and fills in grey when it decodes them.
    """
    _check_whole(image)
    mode = image.mode
    if mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    elif mode in CONVERTED:
        image = image.convert(CONVERTED[mode])
    elif mode not in TAKEN:
        raise BadPairError(f"the image is of Pillow's mode {mode}; expected one of 1, P, {', '.join(TAKEN)}")
    values = np.asarray(image)
    native = with_channels(values.astype(values.dtype.newbyteorder("="), copy=False))
    return marked(native, Meaning(alpha=image.mode in ("LA", "RGBA")))


def _check_whole(image: Image.Image) -> None:
    file = getattr(image, "fp", None)
    if image.format != "JPEG" or file is None:
        return
    place = file.tell()
    file.seek(0)
    data = file.read()
    file.seek(place)

    def decode(whole: bytes) -> Array:
        with Image.open(io.BytesIO(whole), formats=["JPEG"]) as again:
            return np.asarray(again)

    try:
        decode_whole(data, decode)
    except CutOffError as error:
        raise BadPairError(f"{getattr(image, 'filename', '') or 'the image'}: {error}") from error
    except ValueError:  # markers that only Pillow makes sense of
        return


def to_pillow(values: Array) -> Image.Image:
    """An image of the mode that holds (H, W, C): L, LA, RGB, RGBA, I;16, I or F.

    Raises ValueError where Pillow has no mode for the dtype and the channels.
    """
    channels = values.shape[2]
    if (values.dtype.name, channels) not in GIVEN:
        raise ValueError(
            f"the translation has {channels} channel(s) of {values.dtype}, and Pillow has no mode for that: "
            f"give the picture as an array, numpy.asarray(image), and take an array"
        )
    return Image.fromarray(values[:, :, 0] if channels == 1 else values)
