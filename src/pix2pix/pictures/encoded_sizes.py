"""What a compressed strip or file says of its size in its first bytes: (height, width, channels)."""

from __future__ import annotations

import struct

Size = tuple[int, int, int]
MOST_PARTS = 2**16  # tiles times channels of a JPEG 2000: its decoder takes memory for each before it reads them


def size_in_png(data: bytes) -> Size:
    """Of a PNG, with 4 channels at most. Raises ValueError, as all here do, where it is none."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR" or len(data) < 26:
        raise ValueError("not a PNG")
    width, height, _, colour = struct.unpack(">IIBB", data[16:26])
    return height, width, {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}.get(colour, 4)


def size_in_webp(data: bytes) -> Size:
    """Of a WebP, by its canvas or, if it has none, its only frame (RFC 9649)."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        raise ValueError("not a WebP")
    kind, body = data[12:16], data[20:30]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(body[start : start + 3], "little") for start in (4, 7))
        return height, width, 4 if body[0] & 0x10 else 3
    if kind == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits >> 14 & 0x3FFF), 1 + (bits & 0x3FFF), 4 if bits >> 28 & 1 else 3
    if kind == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", body[6:10])
        return height & 0x3FFF, width & 0x3FFF, 3
    raise ValueError("a WebP without a picture")


def size_in_lerc(data: bytes) -> Size:
    """Of a LERC 2 blob and those behind it, one a band; the channels are its values a pixel times its bands."""
    height = width = channels = position = 0
    while data[position : position + 6] == b"Lerc2 " and len(data) >= position + 40:
        (version,) = struct.unpack_from("<i", data, position + 6)
        place = position + (14 if version >= 3 else 10)  # behind the checksum
        rows, columns, *more = struct.unpack_from("<6i", data, place)
        values, length = (more[0], more[3]) if version >= 4 else (1, more[2])
        if length <= 0 or min(rows, columns, values) < 0:
            raise ValueError("a LERC header that makes no sense")
        height, width, channels = max(height, rows), max(width, columns), channels + values
        position += length
    if not channels:
        raise ValueError("not LERC 2")
    return height, width, channels


def size_in_jpeg2000(data: bytes) -> Size:
    """Of a JPEG 2000 codestream, bare or in a JP2 file without a palette (T.800, annexes A and I)."""
    start = 0
    if data[4:8] == b"jP  ":
        while data[start + 4 : start + 8] != b"jp2c":
            length = int.from_bytes(data[start : start + 4])
            if length < 8 or start + length > len(data) or b"pclr" in data[start : start + length]:
                raise ValueError("a JP2 file without a picture, or with a palette")
            start += length
        start += 16 if int.from_bytes(data[start : start + 4]) == 1 else 8
    if data[start : start + 4] != b"\xff\x4f\xff\x51" or len(data) < start + 42:
        raise ValueError("not JPEG 2000")
    right, bottom, left, top, across, down, first, above, channels = struct.unpack_from(">8IH", data, start + 8)
    if not across or not down or right <= left or bottom <= top or first > left or above > top or not channels:
        raise ValueError("a JPEG 2000 header that makes no sense")
    parts = -(-(right - first) // across) * -(-(bottom - above) // down) * channels
    if parts > MOST_PARTS:
        raise ValueError(f"a JPEG 2000 of {parts} tiles and channels")
    return bottom - top, right - left, channels
