"""JPEGs decoded only where all of the picture is there.

libjpeg fills what is missing with grey, or leaves it blurred, and says so in a warning that no reader passes on. So the
markers are walked first (T.81, annex B): scans, restart intervals and the bits of a progressive picture are counted.
What they do not tell is found by decoding twice, the second time with other bytes put behind the last scan: a decoder
that has the whole picture never looks at them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from pix2pix.pictures.array import Array
from pix2pix.pictures.headers import MARKER, MOST_SEGMENTS, START_OF_FRAME

MOST_SCANS = 100  # each is a pass over the whole picture; encoders write 10 or so
_BEHIND = b"\xfe\xfd\xfb\xf7\xef\xdf\xbf\x7f" * 8  # unlike the zeros that libjpeg puts there; no 0xFF, a marker
_ZEROS = bytes(16)  # that end an arithmetic code may be left out
_SOI, _EOI, _SOS, _DRI, _TEM = 0xD8, 0xD9, 0xDA, 0xDD, 0x01
_RESTARTS = range(0xD0, 0xD8)
_PROGRESSIVE, _LOSSLESS, _ARITHMETIC = {0xC2, 0xC6, 0xCA, 0xCE}, {0xC3, 0xC7, 0xCB, 0xCF}, set(range(0xC9, 0xD0))
# As `MARKER`: padding is passed over, since a repetition would look at each 0xFF of it again and again.
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)


class CutOffError(ValueError):
    """A part of a picture that is missing; the message says how much is there."""


@dataclass
class Scan:
    """One pass over a picture."""

    components: list[int]  # places in the frame
    coefficients: range
    low: int  # bits that are left for later scans
    interval: int  # MCUs between restarts, 0 for none
    restarts: int  # that were found


@dataclass
class Frame:
    """What the markers of a JPEG say; `height` is 0 where there is none. `end` is where its last scan stops."""

    kind: int = 0
    precision: int = 8
    height: int = 0
    width: int = 0
    sampling: list[tuple[int, int]] = field(default_factory=list)  # across and down, of each component
    scans: list[Scan] = field(default_factory=list)
    end: int = 0
    whole: bool = False  # there is a marker of the end

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the decoded array; one component has no axis of its own."""
        components = len(self.sampling)
        return (self.height, self.width) + ((components,) if components > 1 else ())

    def mcus(self, scan: Scan) -> tuple[int, int, int]:
        """The rows of a scan's MCUs, how many each has, and the lines of pixels that a row covers."""
        unit = 1 if self.kind in _LOSSLESS else 8
        across, down = (max(each[axis] for each in self.sampling) for axis in (0, 1))
        if len(scan.components) == 1:  # its own blocks, without padding to whole MCUs of the frame
            own_across, own_down = self.sampling[scan.components[0]]
            width, height = -(-self.width * own_across // across), -(-self.height * own_down // down)
            return -(-height // unit), -(-width // unit), max(1, unit * down // own_down)
        return -(-self.height // (unit * down)), -(-self.width // (unit * across)), unit * down


def walk(data: bytes) -> Frame:
    """Follow a JPEG's markers to its end, as libjpeg does. Raises ValueError where they make no sense or end early."""
    frame, ids, interval, position = Frame(), b"", 0, 2
    if data[:2] != b"\xff\xd8":
        raise ValueError("not a JPEG file")
    for _ in range(MOST_SEGMENTS):
        found = MARKER.search(data, position)
        if found is None:
            if not frame.scans:
                raise CutOffError("is cut off: the file ends before the picture starts")
            return frame
        marker, position = found[1][0], found.end()
        if marker in (0, _TEM) or marker in _RESTARTS:
            continue
        if marker == _EOI:
            if not frame.scans:
                raise CutOffError("is cut off: the file ends before the picture starts")
            frame.whole = True
            return frame
        if marker == _SOI:
            raise ValueError("a second picture starts within the first")
        length = int.from_bytes(data[position : position + 2])
        segment = data[position + 2 : position + length]
        if length < 2 or len(segment) != length - 2:
            raise CutOffError("is cut off: the file ends within the tables before a scan")
        position += length
        if marker in START_OF_FRAME:
            if frame.kind:
                raise ValueError("it gives its size twice")
            frame.kind, frame.precision = marker, segment[0]
            frame.height, frame.width = int.from_bytes(segment[1:3]), int.from_bytes(segment[3:5])
            parts = [segment[6 + 3 * index : 9 + 3 * index] for index in range(segment[5])]
            frame.sampling = [(part[1] >> 4, part[1] & 15) for part in parts]
            ids = bytes(part[0] for part in parts)
            if not parts or not frame.height or not frame.width or not all(h and v for h, v in frame.sampling):
                raise ValueError("its size is 0, or that of a component")
        elif marker == _DRI:
            interval = int.from_bytes(segment[:2])
        elif marker == _SOS:
            if not frame.kind:
                raise ValueError("the picture starts before its size is given")
            after = _AFTER_SCAN.search(data, position)
            frame.end = after.start() if after else len(data)
            count = segment[0]
            selected = [ids.index(segment[1 + 2 * index]) for index in range(count)]
            first, last, bits = segment[1 + 2 * count : 4 + 2 * count]
            restarts = (
                sum(data.count(bytes([0xFF, each]), position, frame.end) for each in _RESTARTS) if interval else 0
            )
            frame.scans.append(Scan(selected, range(first, last + 1), bits & 15, interval, restarts))
            if len(frame.scans) > MOST_SCANS:
                raise ValueError(f"it has over {MOST_SCANS} scans, each of which is a pass over the whole picture")
            position = frame.end
    raise ValueError(f"it has over {MOST_SEGMENTS} segments, as no picture has: it is damaged")


def decode_whole(data: bytes, decode: Callable[[bytes], Array], frame: Frame | None = None) -> Array:
    """What `decode` makes of a JPEG, if all of it is there.

    Args:
        decode: bytes to (H, W) or (H, W, C).
        frame: of `data`, where it is known.

    Raises CutOffError that says how many rows were found, ValueError for markers that make no sense.
    """
    frame = frame or walk(data)
    _check_scans(frame)
    picture = decode(data)
    behind = (_ZEROS if frame.kind in _ARITHMETIC else b"") + _BEHIND
    again = decode(data[: frame.end].rstrip(b"\xff") + behind + data[frame.end :])
    if not np.array_equal(picture, again):
        differ = (picture != again).reshape(len(picture), -1).any(axis=1)
        _, _, lines = frame.mcus(frame.scans[-1])
        raise _cut_off(frame, int(np.argmax(differ)) // lines * lines)
    return picture


def _check_scans(frame: Frame) -> None:
    left = [[-1] * 64 for _ in frame.sampling]  # bits of each coefficient that no scan has brought; -1: none at all
    for scan in frame.scans:
        rows, across, lines = frame.mcus(scan)
        if scan.interval and scan.restarts < (rows * across - 1) // scan.interval:
            raise _cut_off(frame, scan.restarts * scan.interval // across * lines)
        for component in scan.components:
            for coefficient in scan.coefficients if frame.kind in _PROGRESSIVE else range(64):
                left[component][coefficient] = scan.low if frame.kind in _PROGRESSIVE else 0
    if any(bits for component in left for bits in component):
        raise CutOffError(f"is cut off: after {len(frame.scans)} scans of the whole picture, finer ones are missing")


def _cut_off(frame: Frame, rows: int) -> CutOffError:
    which = f" in the last of {len(frame.scans)} scans" if len(frame.scans) > 1 else ""
    return CutOffError(f"is cut off: {min(rows, frame.height)} of {frame.height} rows are there{which}")
