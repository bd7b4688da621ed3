"""Small films, made by PyAV alone, and what is in a film, read by PyAV alone."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
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
