"""HEIC and HEIF, the pictures of phones: read where the extra `heic` is there, by libheif through pi-heif."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from pix2pix.pictures.array import Array, with_channels
from pix2pix.pictures.limits import check_claim
from pix2pix.pictures.meaning import Meaning, marked

SUFFIXES = (".heic", ".heif")


def is_there() -> bool:
    """Whether the library is installed; it is loaded when the first picture is read."""
    return find_spec("pi_heif") is not None


def read_heif(path: Path) -> Array:
    """The main picture of a file as (H, W, C), upright; of 10 or 12 bits as uint16, whose lowest bits are 0.

    Raises BadPairError for more than the memory takes, and whatever libheif finds wrong.
    """
    image = _main(path)
    stored = with_channels(np.array(image))  # a copy, since the numbers go with the image
    return marked(stored, Meaning(alpha=stored.shape[2] in (2, 4)))


def size_heif(path: Path) -> tuple[int, int, int]:
    """(height, width, channels) of what `read_heif` gives, from the file's header alone."""
    return _size(_main(path))


def _size(image: Any) -> tuple[int, int, int]:
    return image.size[1], image.size[0], len(image.mode.partition(";")[0])


def _main(path: Path) -> Any:
    import pi_heif

    images = pi_heif.open_heif(path, convert_hdr_to_8bit=False)  # the numbers are not decoded yet
    image = images[images.primary_index]
    check_claim(path, *_size(image), 2)
    return image
