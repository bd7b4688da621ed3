"""Whether a film's file has all the bytes that it states: one that was cut off while it was copied does not."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

EBML, SEGMENT = 0x1A45DFA3, 0x18538067  # Matroska's elements (RFC 8794, RFC 9559)
MOST_BOXES = 1_000_000  # a film in fragments has two a second


def is_whole(path: Path) -> bool | None:
    """By how long its parts say they are; None where they do not say it, and of other films than these."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(12)
        file.seek(0)
        if start[:4] == b"RIFF":
            return _within(_avi_end(file), size)
        if start[:4] == EBML.to_bytes(4, "big"):
            return _within(_matroska_end(file), size)
        if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
            return _within(_mp4_end(file, size), size)
        return None


def _within(end: int, size: int) -> bool | None:
    return None if end < 0 else end <= size


def _mp4_end(file: BinaryIO, size: int) -> int:
    """Where the last of the boxes ends (ISO/IEC 14496-12, 4.2)."""
    place = 0
    for _ in range(MOST_BOXES):
        if place >= size:
            break
        file.seek(place)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:], "big")
        elif length == 0:
            return size  # to the end of the file
        if length < 8:
            return -1
        place += length
    return place


def _avi_end(file: BinaryIO) -> int:
    """Where the last of the lists that hold the pictures and the sound ends; -1 where there is none."""
    place, end = 0, -1
    while len(head := file.read(12)) == 12:
        length = int.from_bytes(head[4:8], "little")
        if head[:4] == b"RIFF":
            place += 12
        elif length == 0:
            return -1  # it was never finished
        else:
            place += 8 + length + length % 2
            if head[:4] == b"LIST" and head[8:] == b"movi":
                end = place
        file.seek(place)
    return end


def _matroska_end(file: BinaryIO) -> int:
    """Where the segment ends; -1 where it does not say so."""
    while (element := _vint(file, keep_marker=True)) >= 0:
        length = _vint(file)
        if element == SEGMENT:
            return file.tell() + length if length >= 0 else -1
        if element != EBML or length < 0:
            return -1
        file.seek(length, 1)
    return -1


def _vint(file: BinaryIO, *, keep_marker: bool = False) -> int:
    """A number of variable length; -1 at the end of the file, and for the one that means unknown."""
    first = file.read(1)
    if not first or not first[0]:
        return -1
    more = 8 - first[0].bit_length()
    rest = file.read(more)
    value = int.from_bytes(first + rest, "big")
    if keep_marker:
        return value
    bits = 7 * (more + 1)
    value &= (1 << bits) - 1
    return -1 if value == (1 << bits) - 1 or len(rest) < more else value
