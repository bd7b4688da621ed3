"""Reading a film: its frames in order with their time stamps, and the packets of its other streams as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from av.video.stream import VideoStream
from numpy.typing import NDArray

from pix2pix.pictures.array import Array
from pix2pix.video.errors import FilmError
from pix2pix.video.losses import losses, shows_alpha
from pix2pix.video.opening import MOST_PIXELS, cropping_of, open_film, pictures_of, reason_of
from pix2pix.video.orientation import Orientation, orientation_of
from pix2pix.video.wholeness import is_whole

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
    duration: int  # until the next one is, or the film ends, in the same units; at least 1
    alpha: Array | None = None  # (H, W) of the picture's dtype, 0 where nothing is seen; None: the film has none


class Colours(NamedTuple):
    """How the numbers of a film are to be understood: codes of ITU-T H.273."""

    matrix: int
    primaries: int
    transfer: int


@dataclass(frozen=True)
class Facts:
    """What is known of a film before its frames are read.

    height, width: of the upright picture, in pixels.
    orientation: how the stored picture is turned and mirrored to be upright.
    cropping: pixels of the stored picture that are not shown: left, right, top, bottom.
    rate: frames a second, on average; time_base: seconds, the unit of time stamps.
    aspect: width of a pixel by its height.
    codec: FFmpeg's name for how the pictures are coded.
    alpha: whether its frames have alpha.
    losses: what is lost when frames are read, in words.
    frames: as the file states; 0 where it does not. seconds: likewise, None where it does not.
    end: of the last picture, in units of the time base; None where the file does not state it.
    """

    height: int
    width: int
    orientation: Orientation
    cropping: tuple[int, int, int, int]
    rate: Fraction
    time_base: Fraction
    aspect: Fraction
    colours: Colours
    codec: str
    alpha: bool
    losses: tuple[str, ...]
    frames: int
    seconds: float | None
    end: int | None


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
        with open_film(self.path) as container:
            self.facts = _facts(self.path, container)
        self._open = ExitStack()
        self.container = self._open.enter_context(open_film(self.path))
        self.stream = pictures_of(self.container)

    def __enter__(self) -> Film:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def frames(self, bits: int = 8) -> Iterator[Frame]:
        """The frames alone, in the order in which they are shown."""
        return (item for item in self.items(bits, copied=False) if isinstance(item, Frame))

    def items(self, bits: int = 8, *, copied: bool = True) -> Iterator[Frame | Packet]:
        """Frames, and between them the packets of all other streams where `copied`, in the order of the file.

        A film that breaks off ends there, and `cut` says why.
        """
        last: Frame | None = None
        for item in self._items(bits, copied):
            if not isinstance(item, Frame):
                yield item
                continue
            if last is not None:
                yield last._replace(duration=item.pts - last.pts)
            last = item
        if last is not None:
            stated = self.facts.end
            yield (
                last if stated is None or stated <= last.pts or self.cut else last._replace(duration=stated - last.pts)
            )

    def _items(self, bits: int, copied: bool) -> Iterator[Frame | Packet]:
        """As `items`; a frame's duration is what its packet says, which need not be true: it may go by the decoding."""
        read, packets, last, end = 0, 0, None, Fraction(0)
        self.stream.thread_type = "AUTO"
        try:
            for packet in self.container.demux():  # all streams, whose end says whether the file is whole
                if packet.pts is not None and packet.size:
                    end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
                if packet.stream.index != self.stream.index:  # the last ones, without bytes, have no other number
                    if packet.size and copied:
                        yield packet
                    continue
                packets += packet.size > 0
                if not packet.size and packet.dts is not None:
                    continue  # a frame that was dropped: the one before is shown on
                for decoded in packet.decode():
                    assert isinstance(decoded, VideoFrame)
                    height, width = _shown_size(decoded, self.facts.cropping, orientation_of(decoded))
                    if (height, width) != (self.facts.height, self.facts.width):
                        self.cut = f"after {read} frames the picture changes its size to {width} x {height}"
                        return
                    frame = _frame(decoded, self.facts, bits, last)
                    read, last = read + 1, frame.pts
                    yield frame
        except (av.FFmpegError, FilmError) as error:
            self.cut = f"the film breaks off after {read} frames: {reason_of(error)}"
            return
        if self._is_short(packets, end):
            of = f" of {self.facts.frames}" if self.facts.frames else ""
            self.cut = f"the file was cut off: it holds {packets}{of} frames"

    def _is_short(self, packets: int, end: Fraction) -> bool:
        """Whether the file holds less than it states, by its frames, and by when the last thing in it ends."""
        whole = is_whole(self.path)
        if "mp4" in self.container.format.name:
            expected = sum(entry.size > 0 for entry in self.stream.index_entries)  # without those that were edited out
        else:
            expected = (
                0 if whole else self.facts.frames
            )  # AVI counts frames that were dropped, and holds nothing of them
        stated, slack = self.facts.seconds, BREAK if whole is None else 1 / self.facts.rate
        return packets < expected or (not whole and stated is not None and end < stated - slack)


def count_frames(path: str | Path) -> int:
    """How many frames a film holds, by its packets, without decoding them. Raises FilmError as `Film` does."""
    with open_film(Path(path)) as container:
        try:
            return sum(packet.size > 0 and not packet.is_discard for packet in container.demux(pictures_of(container)))
        except av.FFmpegError as error:
            raise FilmError(f"{path}: cannot be read to its end: {reason_of(error)}") from error


def spread_frames(path: str | Path, count: int) -> Iterator[Picture]:
    """At most `count` frames at equal distances over the whole film. Raises FilmError as `Film` does."""
    step = max(-(-count_frames(path) // count), 1)
    with Film(path) as film:
        for frame in islice(film.frames(), step // 2, None, step):
            yield frame.picture


def _facts(path: Path, container: InputContainer) -> Facts:
    stream = pictures_of(container)
    try:
        first = next(container.decode(stream), None)
    except av.FFmpegError as error:
        raise FilmError(
            f"{path}: its first frame cannot be decoded: {reason_of(error)}. Pictures are read up to"
            f" {MOST_PIXELS // 10**6} million pixels"
        ) from error
    if first is None or stream.time_base is None:
        raise FilmError(f"{path}: holds no frame that can be decoded")
    try:
        orientation = orientation_of(first)
    except FilmError as error:
        raise FilmError(f"{path}: {error}") from error
    cropping = cropping_of(container, stream)
    height, width = _shown_size(first, cropping, orientation)
    if min(height, width) < 1:
        raise FilmError(f"{path}: says that nothing of its pictures is to be shown (they are cropped by {cropping})")
    aspect = stream.sample_aspect_ratio or Fraction(1)
    matrix = first.colorspace
    if matrix in (UNSPECIFIED, 0):
        matrix = BT709 if first.height >= HD_HEIGHT else BT601
    return Facts(
        height,
        width,
        orientation,
        cropping,
        stream.average_rate or stream.guessed_rate or Fraction(25),
        stream.time_base,
        1 / aspect if orientation.transposed else aspect,
        Colours(matrix, first.color_primaries, first.color_trc),
        stream.codec_context.name,
        shows_alpha(first),
        losses(path, stream, first),
        stream.frames,
        None if container.duration is None else container.duration / av.time_base,
        _stated_end(container, stream),
    )


def _shown_size(decoded: VideoFrame, cropping: tuple[int, int, int, int], orientation: Orientation) -> tuple[int, int]:
    """(height, width) of the upright picture."""
    left, right, top, bottom = cropping
    height, width = decoded.height - top - bottom, decoded.width - left - right
    return (width, height) if orientation.transposed else (height, width)


def _stated_end(container: InputContainer, stream: VideoStream) -> int | None:
    """When the last picture ends, in units of the time base; None where the file does not say, or it is a guess."""
    assert stream.time_base is not None
    if "matroska" in container.format.name:
        found = re.fullmatch(r"(\d+):(\d+):(\d+\.\d+)", stream.metadata.get("DURATION", ""))
        if found is None:
            return None
        hours, minutes, seconds = map(Fraction, found.groups())
        return round((hours * 3600 + minutes * 60 + seconds) / stream.time_base)
    if stream.duration is None or not ("mp4" in container.format.name or container.format.name == "avi"):
        return None
    return (stream.start_time or 0) + stream.duration


def _frame(decoded: VideoFrame, facts: Facts, bits: int, last: int | None) -> Frame:
    picture: Array = decoded.to_ndarray(
        format=("rgba" if bits == 8 else "rgba64le") if facts.alpha else ("rgb24" if bits == 8 else "rgb48le"),
        src_colorspace=sws_matrix(facts.colours.matrix),
        interpolation=SCALING,
    )
    step = decoded.duration or round(1 / (facts.rate * facts.time_base))
    pts = decoded.pts if decoded.pts is not None else decoded.dts
    if pts is None:
        pts = 0 if last is None else last + step
    if last is not None and pts <= last:
        pts = last + 1  # time goes forward, which encoders insist on
    left, right, top, bottom = facts.cropping
    shown = picture[top : decoded.height - bottom, left : decoded.width - right]
    upright = orientation_of(decoded).upright(shown)
    alpha = upright[:, :, 3] if facts.alpha else None
    return Frame(np.ascontiguousarray(upright[:, :, :3]), pts, max(step, 1), alpha)


def sws_matrix(matrix: int) -> int:
    """A code of H.273 as FFmpeg's scaler knows it: both spellings of BT.601 are one."""
    return 5 if matrix == BT601 else matrix
