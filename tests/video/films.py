"""Small films, made by PyAV alone, and what is in a film, read by PyAV alone."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from av.codec.context import Flags
from numpy.typing import NDArray

from pix2pix.data.domains import Rgb
from pix2pix.inference.networks import Network
from pix2pix.inference.translator import Translator

Picture = NDArray[np.uint8]
SHARED = Path(__file__).parents[2] / ".." / "shared" / "data" / "video"
TECHNICIAN, CARPHONE = SHARED / "technician.mp4", SHARED / "carphone.mp4"


class Same:
    """A network that changes nothing, and remembers the names that it was given."""

    def __init__(self, sign: int = 1) -> None:
        self.sign = sign
        self.names: list[str] = []

    draws_noise = False
    multiple = 1

    def __call__(self, source: torch.Tensor, names: Sequence[str]) -> torch.Tensor:
        self.names += names
        return source * self.sign

    def to(self, device: torch.device | str) -> None:
        pass

    def lanes(self, count: int) -> Sequence[Network]:
        return []


def translator(sign: int = 1) -> Translator:
    return Translator(Same(sign), Rgb(), Rgb())


def patches(index: int, height: int = 48, width: int = 64) -> Picture:
    """Flat patches of colour, which survive the coding of colour at half resolution; others in each frame."""
    rng = np.random.default_rng(index)
    colours = rng.integers(30, 226, (3, 4, 3))
    picture = np.kron(colours, np.ones((16, 16, 1), int))[:height, :width].astype(np.uint8)
    return np.pad(picture, ((0, height - picture.shape[0]), (0, width - picture.shape[1]), (0, 0)), mode="edge")


def write_film(
    path: Path,
    frames: Sequence[Picture],
    *,
    pts: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 600),
    sound: bool = False,
    rotation: int = 0,
    **options: str,
) -> Path:
    """Nearly lossless H.264 of 25 frames a second, or of the time stamps given; with a second of AAC if wanted."""
    height, width = frames[0].shape[:2]
    even = height % 2 == 0 and width % 2 == 0
    with av.open(path, "w", options=options) as film:
        video = film.add_stream("libx264", rate=25, options={"crf": "1"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p" if even else "yuv444p"
        video.time_base = video.codec_context.time_base = time_base
        if rotation:
            video.set_display_rotation(rotation)
        audio = film.add_stream("aac", rate=16000) if sound else None
        for index, frame in enumerate(frames):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts = index * 24 if pts is None else pts[index]
            picture.time_base = time_base
            film.mux(video.encode(picture))
        film.mux(video.encode(None))
        if audio is not None:
            for start in range(0, 16000, 1024):
                wave = np.sin(np.arange(start, start + 1024) / 20).astype(np.float32)
                heard = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
                heard.sample_rate, heard.pts, heard.time_base = 16000, start, Fraction(1, 16000)
                film.mux(audio.encode(heard))
            film.mux(audio.encode(None))
    return path


def write_timed(
    path: Path,
    frames: Sequence[Picture],
    times: Sequence[int],
    *,
    time_base: Fraction,
    codec: str = "libx264",
    **options: str,
) -> Path:
    """A film whose frames are shown at `times`, the last until the one time more that there is."""
    height, width = frames[0].shape[:2]
    with av.open(path, "w") as film:
        video: Any = film.add_stream(codec, rate=25, options=options)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.time_base = video.codec_context.time_base = time_base
        video.codec_context.flags |= Flags.frame_duration
        for picture, begin, end in zip(frames, times, times[1:], strict=False):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.duration, frame.time_base = begin, end - begin, time_base
            film.mux(video.encode(frame))
        film.mux(video.encode(None))
    return path


def write_avi(path: Path, kept: Sequence[int], codec: str) -> Path:
    """Frames of 25 a second, of which some are not there: AVI holds a chunk of no bytes for each of those."""
    with av.open(path, "w") as film:
        video: Any = film.add_stream(codec, rate=25, options={"q": "2", "bf": "0"})
        video.width, video.height = 64, 48
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for index in kept:
            frame = av.VideoFrame.from_ndarray(patches(index), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            film.mux(video.encode(frame))
        film.mux(video.encode(None))
    return path


def end(path: Path) -> Fraction:
    """When the last frame ends, as the file states it: MP4, MOV and AVI in the track's header, Matroska in a tag."""
    with av.open(path) as film:
        video: Any = film.streams.video[0]
        if video.duration is not None and "matroska" not in film.format.name:
            return Fraction(((video.start_time or 0) + video.duration) * video.time_base)
        hours, minutes, rest = video.metadata["DURATION"].split(":")
        return int(hours) * 3600 + int(minutes) * 60 + Fraction(rest)


def box_of(film: bytes | bytearray, *names: bytes) -> tuple[int, int]:
    """Where the box of that path in an MP4 begins, and its length; `name+78` passes over 78 bytes of that box's own."""
    place, length, rest = 0, 0, len(film)
    for name in names:
        kind, _, own = name.partition(b"+")
        while film[place + 4 : place + 8] != kind:
            place += int.from_bytes(film[place : place + 4], "big")
            assert place < rest, name
        length = int.from_bytes(film[place : place + 4], "big")
        start, rest, place = place, place + length, place + 8 + int(own or 0)
    return start, length


def with_matrix(path: Path, matrix: Sequence[float]) -> Path:
    """The film, whose track has the display matrix (a b u c d v x y w) now; u, v and w count in another unit."""
    film = bytearray(path.read_bytes())
    start, length = box_of(film, b"moov", b"trak", b"tkhd")
    numbers = [round(value * 2 ** (30 if index % 3 == 2 else 16)) for index, value in enumerate(matrix)]
    film[start + length - 44 : start + length - 8] = struct.pack(">9i", *numbers)
    path.write_bytes(film)
    return path


def with_box(path: Path, within: Sequence[bytes], box: bytes) -> Path:
    """The film with one more box at the end of another; its pictures must lie before that."""
    film = bytearray(path.read_bytes())
    bounds = [box_of(film, *within[: depth + 1]) for depth in range(len(within))]
    film[sum(bounds[-1]) : sum(bounds[-1])] = box
    for start, length in bounds:
        film[start : start + 4] = struct.pack(">I", length + len(box))
    path.write_bytes(film)
    return path


def seconds(path: Path) -> list[Fraction]:
    """When each frame is shown."""
    with av.open(path) as film:
        return [Fraction(frame.pts or 0) * (frame.time_base or 0) for frame in film.decode(video=0)]


def pictures(path: Path) -> list[Picture]:
    with av.open(path) as film:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in film.decode(video=0)]


def packets(path: Path, stream: int) -> list[tuple[Any, bytes]]:
    """Time stamp in seconds and bytes of each packet of a stream."""
    with av.open(path) as film:
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in film.demux(film.streams[stream])
            if packet.size and packet.pts is not None
        ]


def difference(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Median over all values, so that edges, where colour is blurred by its coding, do not matter."""
    return float(np.median(np.abs(one.astype(int) - other.astype(int))))
