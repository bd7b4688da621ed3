"""What the chunks of a PNG or the segments of a JPEG say, without decoding it: its size, and which way up it is."""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

from PIL import Image

_PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}  # colour type: grey, RGB, palette (expanded), grey and alpha, RGBA
_ORIENTATION = 0x0112  # the EXIF tag
_APP1, _START_OF_SCAN = 0xE1, 0xDA
_ALONE = {0x00, 0x01, *range(0xD0, 0xD8)}  # markers without a segment, and what only looks like one
_START_OF_FRAME = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # those three are tables and extensions


class JpegHeader(NamedTuple):
    """A JPEG's frame before its EXIF orientation (1 to 8) is applied, and the byte at which the scan starts."""

    height: int
    width: int
    components: int
    orientation: int
    scan: int


class PngHeader(NamedTuple):
    """A PNG before its orientation (EXIF, 1 to 8) is applied, palette and transparency expanded."""

    height: int
    width: int
    channels: int
    palette: bool
    orientation: int
    frames: int


def png_header(file: BinaryIO) -> PngHeader:
    """Walk a PNG's chunks; the orientation may lie after the picture. Raises ValueError if it is none."""
    if file.read(8) != b"\x89PNG\r\n\x1a\n":
        raise ValueError("not a PNG file")
    header: PngHeader | None = None
    started = False
    while True:
        start = file.read(8)
        if len(start) < 8 and started and header is not None:  # cut off, which whoever decodes it tells
            return header
        length, kind = struct.unpack(">I4s", start)
        if kind == b"IHDR":
            width, height, _, colour_type = struct.unpack(">IIBB", file.read(10))
            header = PngHeader(height, width, _PNG_CHANNELS[colour_type], colour_type == 3, 1, 1)
            file.seek(length - 10 + 4, 1)  # the chunk ends in a checksum of 4 bytes
            continue
        if header is None:
            raise ValueError("the first chunk is not the header")
        started = started or kind == b"IDAT"
        if kind == b"IEND":
            return header
        if kind == b"tRNS":
            header = header._replace(channels=header.channels + 1)
        elif kind == b"acTL":
            header = header._replace(frames=struct.unpack(">I", file.read(4))[0])
            length -= 4
        elif kind == b"eXIf":
            header = header._replace(orientation=_exif_orientation(b"Exif\0\0" + file.read(length)))
            length = 0
        file.seek(length + 4, 1)


def jpeg_header(file: BinaryIO) -> JpegHeader:
    """Walk a JPEG's segments up to its first scan. Raises ValueError if it is no JPEG or has no picture."""
    if file.read(2) != b"\xff\xd8":
        raise ValueError("not a JPEG file")
    height = width = components = 0
    orientation = 1
    while True:
        while (first := file.read(1)) not in (b"\xff", b""):  # garbage before a marker, as libjpeg passes it over
            pass
        while (marker := file.read(1)) == b"\xff":  # padding
            pass
        if not marker or not first:
            raise ValueError("the file ends before the picture starts")
        if marker[0] in _ALONE:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if marker[0] == _START_OF_SCAN:
            if not components:
                raise ValueError("the picture starts before its size is given")
            return JpegHeader(height, width, components, orientation, file.tell())
        segment = file.read(length - 2)
        if marker[0] in _START_OF_FRAME:
            if components:
                raise ValueError("it gives its size twice")
            height, width, components = struct.unpack(">HHB", segment[1:6])
        elif marker[0] == _APP1 and segment.startswith(b"Exif\0\0"):
            orientation = _exif_orientation(segment)


def orientation_of(image: Image.Image) -> int:
    """1 to 8, of an image that Pillow has opened."""
    return _exif_orientation(image.info.get("exif", b""))


def _exif_orientation(segment: bytes) -> int:
    """1 (upright) where the EXIF block is malformed, which is common and no reason to refuse the picture."""
    exif = Image.Exif()
    try:
        exif.load(segment)
        orientation = int(exif.get(_ORIENTATION, 1))
    except Exception:  # Pillow raises SyntaxError, struct.error, KeyError and more on broken blocks
        return 1
    return orientation if 1 <= orientation <= 8 else 1
