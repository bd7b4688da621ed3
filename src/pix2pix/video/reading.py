"""Reading a film: its frames in order with their time stamps, and the packets of its other streams as they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream
from numpy.typing import NDArray

from pix2pix.data.pairs import Array
from pix2pix.video.errors import FilmError

SCALING = int(Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT)
BT709, UNSPECIFIED, BT601 = 1, 2, 6  # ITU-T H.273, matrix coefficients
HD_HEIGHT = 720  # from which on films that do not say it are BT.709; below, BT.601
BREAK = 0.5  # seconds that a file may end before the length it states, without having been cut off

Picture = NDArray[np.uint8]  # (H, W, 3)
Packet: TypeAlias = "av.Packet[Any]"


class Frame(NamedTuple):
    """One picture of a film."""

    picture: Array  # (H, W, 3) RGB, upright; uint8, or uint16 where 16 bits were asked for
    pts: int  # when it is shown, in units of the film's time base
    duration: int  # in the same units; 0 where the film does not say


class Colours(NamedTuple):
    """How the numbers of a film are to be understood: codes of ITU-T H.273."""

    matrix: int
    primaries: int
    transfer: int


@dataclass(frozen=True)
class Facts:
    """What is known of a film before its frames are read.

    height, width: of the upright picture, in pixels.
    rotation: quarter turns anticlockwise that make the stored picture upright.
    rate: frames a second, on average; time_base: seconds, the unit of time stamps.
    aspect: width of a pixel by its height.
    frames: as the file states; 0 where it does not. seconds: likewise, None where it does not.
    """

    height: int
    width: int
    rotation: int
    rate: Fraction
    time_base: Fraction
    aspect: Fraction
    colours: Colours
    frames: int
    seconds: float | None


class Film:
    """An open film; use it in a `with`. The first video stream is what is read.

    Attributes:
        facts: what is known beforehand.
        cut: after the frames have been read: why the film ended early, or None.

    Raises FilmError where the file is missing, no film, or none of its frames can be decoded.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.cut: str | None = None
        with _opened(self.path) as container:
            self.facts = _facts(self.path, container)
        self.container = _opened(self.path)
        self.stream = _pictures(self.container)

    def __enter__(self) -> Film:
        return self

    def __exit__(self, *_: object) -> None:
        self.container.close()

    def frames(self, bits: int = 8) -> Iterator[Frame]:
        """The frames alone, in the order in which they are shown."""
        return (item for item in self.items(bits, copied=False) if isinstance(item, Frame))

    def items(self, bits: int = 8, *, copied: bool = True) -> Iterator[Frame | Packet]:
        """Frames, and between them the packets of all other streams where `copied`, in the order of the file.

        A film that breaks off ends there, and `cut` says why.
        """
        read, packets, last, end = 0, 0, None, Fraction(0)
        self.stream.thread_type = "AUTO"
        try:
            for packet in self.container.demux():  # all streams, whose end says whether the file is whole
                if packet.pts is not None and packet.size:
                    end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
                if packet.stream_index != self.stream.index:
                    if packet.size and copied:
                        yield packet
                    continue
                packets += packet.size > 0
                for decoded in packet.decode():
                    assert isinstance(decoded, VideoFrame)
                    frame = _frame(decoded, self.facts, bits, last)
                    if frame.picture.shape[:2] != (self.facts.height, self.facts.width):
                        height, width = frame.picture.shape[:2]
                        self.cut = f"after {read} frames the picture changes its size to {width} x {height}"
                        return
                    read, last = read + 1, frame.pts
                    yield frame
        except av.FFmpegError as error:
            self.cut = f"the film breaks off after {read} frames: {error.strerror}"
            return
        stated = self.facts.seconds
        if packets < self.facts.frames or (stated is not None and end < stated - BREAK):
            of = f" of {self.facts.frames}" if self.facts.frames else ""
            self.cut = f"the file was cut off: it holds {packets}{of} frames"


def count_frames(path: str | Path) -> int:
    """How many frames a film holds, by its packets, without decoding them. Raises FilmError as `Film` does."""
    with _opened(Path(path)) as container:
        try:
            return sum(packet.size > 0 for packet in container.demux(_pictures(container)))
        except av.FFmpegError as error:
            raise FilmError(f"{path}: cannot be read to its end: {error.strerror}") from error


def spread_frames(path: str | Path, count: int) -> Iterator[Picture]:
    """At most `count` frames at equal distances over the whole film. Raises FilmError as `Film` does."""
    step = max(-(-count_frames(path) // count), 1)
    with Film(path) as film:
        for frame in islice(film.frames(), step // 2, None, step):
            yield frame.picture


def _opened(path: Path) -> InputContainer:
    if not path.is_file():
        raise FilmError(f"{path}: there is no such file" if not path.exists() else f"{path}: is no file")
    try:
        container = av.open(path.absolute())  # else FFmpeg takes 12:30.mp4 for an address
    except av.FFmpegError as error:
        raise FilmError(
            f"{path}: cannot be read as a film: {error.strerror}. An MP4 that was cut off may have lost its index,"
            " which lies at its end: copy the file again"
        ) from error
    if not container.streams.video:
        container.close()
        raise FilmError(f"{path}: holds no pictures, only {', '.join(sorted({s.type for s in container.streams}))}")
    return container


def _pictures(container: InputContainer) -> VideoStream:
    """The first stream of pictures that is not the film's cover."""
    streams = container.streams.video
    return next((each for each in streams if not each.disposition & Disposition.attached_pic), streams[0])


def _facts(path: Path, container: InputContainer) -> Facts:
    stream = _pictures(container)
    try:
        first = next(container.decode(stream), None)
    except av.FFmpegError as error:
        raise FilmError(f"{path}: its first frame cannot be decoded: {error.strerror}") from error
    if first is None or stream.time_base is None:
        raise FilmError(f"{path}: holds no frame that can be decoded")
    rotation = round(first.rotation / 90) % 4
    height, width = (first.width, first.height) if rotation % 2 else (first.height, first.width)
    aspect = stream.sample_aspect_ratio or Fraction(1)
    matrix = first.colorspace
    if matrix in (UNSPECIFIED, 0):
        matrix = BT709 if first.height >= HD_HEIGHT else BT601
    return Facts(
        height,
        width,
        rotation,
        stream.average_rate or stream.guessed_rate or Fraction(25),
        stream.time_base,
        1 / aspect if rotation % 2 else aspect,
        Colours(matrix, first.color_primaries, first.color_trc),
        stream.frames,
        None if container.duration is None else container.duration / av.time_base,
    )


def _frame(decoded: VideoFrame, facts: Facts, bits: int, last: int | None) -> Frame:
    picture: Array = decoded.to_ndarray(
        format="rgb24" if bits == 8 else "rgb48le",
        src_colorspace=sws_matrix(facts.colours.matrix),
        interpolation=SCALING,
    )
    step = decoded.duration or round(1 / (facts.rate * facts.time_base))
    pts = decoded.pts if decoded.pts is not None else decoded.dts
    if pts is None:
        pts = 0 if last is None else last + step
    if last is not None and pts <= last:
        pts = last + 1  # time goes forward, which encoders insist on
    return Frame(np.ascontiguousarray(np.rot90(picture, facts.rotation)), pts, decoded.duration or 0)


def sws_matrix(matrix: int) -> int:
    """A code of H.273 as FFmpeg's scaler knows it: both spellings of BT.601 are one."""
    return 5 if matrix == BT601 else matrix
