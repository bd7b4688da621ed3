"""What the chunks of a PNG or the segments of a JPEG say, without decoding it: its size, and which way up it is.

A file of junk takes no longer than one of the same size that is whole: what is passed over is bounded.
"""

from __future__ import annotations

import itertools
import re
import struct
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from PIL import Image

_PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}  # colour type: grey, RGB, palette (expanded), grey and alpha, RGBA
_EXIF = b"Exif\0\0"
_ORIENTATION = 0x0112  # the EXIF tag
_SIZES = {3: 2, 4: 4}  # bytes of EXIF's kinds of whole numbers
_APP1, _START_OF_SCAN = 0xE1, 0xDA
_ALONE = {0x00, 0x01, *range(0xD0, 0xD8)}  # markers without a segment, and what only looks like one
MARKER = re.compile(rb"\xff([^\xff])", re.DOTALL)
MOST_GARBAGE = 2**16  # bytes between the segments of a JPEG
MOST_SEGMENTS = 2**14  # of a JPEG before its picture; profiles and long descriptions take a segment each 64 KiB
MOST_CHUNKS, CHUNK = 2**12, 2**8  # of a PNG: so many, and one more for each so many bytes
MOST_EXIF = 2**20  # bytes of a PNG's EXIF block that are looked at; its orientation lies at the beginning
START_OF_FRAME = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # those three are tables and extensions


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
    """Walk a PNG's chunks; the orientation may lie after the picture. Raises ValueError if it is none.

    Of an animation the orientation is not looked for.
    """
    if file.read(8) != b"\x89PNG\r\n\x1a\n":
        raise ValueError("not a PNG file")
    header: PngHeader | None = None
    started = False
    for count in itertools.count():
        start = file.read(8)
        if len(start) < 8 and started and header is not None:  # cut off, which whoever decodes it tells
            return header
        if len(start) < 8:
            raise ValueError("the file ends before the picture starts")
        if count > MOST_CHUNKS + file.tell() // CHUNK:
            raise ValueError(f"it has {count} chunks in {file.tell()} bytes, as no picture has: it is damaged")
        length, kind = struct.unpack(">I4s", start)
        if kind == b"IHDR":
            width, height, _, colour_type = struct.unpack(">IIBB", file.read(10))
            if colour_type not in _PNG_CHANNELS:
                raise ValueError(f"its colour type is {colour_type}; expected {', '.join(map(str, _PNG_CHANNELS))}")
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
            if header.frames > 1:
                return header
        elif kind == b"eXIf":
            exif = file.read(min(length, MOST_EXIF))
            header = header._replace(orientation=_exif_orientation(exif))
            length -= len(exif)
        file.seek(length + 4, 1)
    raise AssertionError


def jpeg_header(file: BinaryIO) -> JpegHeader:
    """Walk a JPEG's segments up to its first scan. Raises ValueError if it is no JPEG or has no picture."""
    if file.read(2) != b"\xff\xd8":
        raise ValueError("not a JPEG file")
    height = width = components = garbage = 0
    exif = b""
    for _ in range(MOST_SEGMENTS):
        marker, passed = _next_marker(file, MOST_GARBAGE - garbage)
        garbage += passed
        if marker in _ALONE:
            continue
        start = file.read(2)
        length = int.from_bytes(start)
        if len(start) < 2:
            raise ValueError("the file ends before the picture starts")
        if length < 2:
            raise ValueError(f"a segment says that it has {length} bytes; expected at least 2")
        if marker == _START_OF_SCAN:
            if not components:
                raise ValueError("the picture starts before its size is given")
            return JpegHeader(height, width, components, _exif_orientation(exif) if exif else 1, file.tell())
        if marker not in START_OF_FRAME and marker != _APP1:
            file.seek(length - 2, 1)
            continue
        segment = file.read(length - 2)
        if len(segment) < length - 2:
            raise ValueError("the file ends before the picture starts")
        if marker == _APP1:
            exif = segment if segment.startswith(_EXIF) else exif
        elif components:
            raise ValueError("it gives its size twice")
        else:
            height, width, components = struct.unpack_from(">xHHB", segment)
    raise ValueError(f"it has over {MOST_SEGMENTS} segments before its picture, as no picture has: it is damaged")


def _next_marker(file: BinaryIO, most: int) -> tuple[int, int]:
    """The marker that comes next, and the bytes of garbage and padding before it, as libjpeg passes them over."""
    start = file.read(2)
    if len(start) == 2 and start[0] == 0xFF and start[1] != 0xFF:
        return start[1], 0
    block = start + file.read(most)
    found = MARKER.search(block)
    if found is None and len(block) < most + 2:
        raise ValueError("the file ends before the picture starts")
    if found is None or found.start() > most:
        raise ValueError(f"it has over {MOST_GARBAGE} bytes of junk before its picture: it is damaged, or no JPEG")
    file.seek(found.end() - len(block), 1)
    return found[1][0], found.start()


def orientation_in(path: Path) -> int:
    """1 to 8, of a JPEG, PNG or WebP; 1 where it does not say."""
    try:
        with path.open("rb") as file:
            match path.suffix.lower():
                case ".jpg" | ".jpeg":
                    return jpeg_header(file).orientation
                case ".png":
                    return png_header(file).orientation
                case ".webp":
                    with Image.open(file, formats=["WEBP"]) as image:
                        return orientation_of(image)
    except Exception:  # told when it is read
        pass
    return 1


def orientation_of(image: Image.Image) -> int:
    """1 to 8, of an image that Pillow has opened."""
    return _exif_orientation(image.info.get("exif", b""))


def _exif_orientation(block: bytes) -> int:
    """1 (upright) where the EXIF block is malformed, which is common and no reason to refuse the picture.

    Read here, and not by Pillow, which reads all values of all tags, however often they name the same bytes.
    """
    tiff = block.removeprefix(_EXIF)
    order: Literal["little", "big"] = "little" if tiff[:2] == b"II" else "big"
    if tiff[:4] not in (b"II*\0", b"MM\0*"):
        return 1
    first = int.from_bytes(tiff[4:8], order)
    count = int.from_bytes(tiff[first : first + 2], order)
    for place in range(first + 2, min(first + 2 + 12 * count, len(tiff) - 11), 12):
        if int.from_bytes(tiff[place : place + 2], order) == _ORIENTATION:
            size = _SIZES.get(int.from_bytes(tiff[place + 2 : place + 4], order), 0)
            orientation = int.from_bytes(tiff[place + 8 : place + 8 + size], order)
            return orientation if 1 <= orientation <= 8 else 1
    return 1
