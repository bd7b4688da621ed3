"""Writing a film: frames become H.264, the packets of other streams are copied; playable whenever the writing ends.

The film grows as NAME.partial.mp4 and gets its name once it is whole. While it grows it is a fragmented MP4, a second a
fragment, so that what a killed process leaves can be played; when it is closed it becomes an ordinary one.
"""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.stream import Stream

from pix2pix.inference.kinds import WRITTEN_FILMS
from pix2pix.video.errors import FilmError
from pix2pix.video.reading import SCALING, Facts, Film, Packet, Picture, sws_matrix

SECOND = "1000000"  # in microseconds, as FFmpeg takes it
LIMITED = 1  # range of the luma, 16 to 235
Chroma = Literal["420", "444"]


class FilmWriter:
    """Writes one film. Call `finish` once all frames are written, or `close` where it ends early.

    Args:
        path: .mp4, .mov or .mkv. It must not exist, nor its NAME.partial.mp4, unless `overwrite`.
        size: (height, width) of the frames.
        like: the film whose rate, time base and colours it takes over.
        copied: the film whose sound, subtitles, further pictures, names and titles are copied; None: nothing is.
        quality: x264's constant rate factor: 0 without loss, 18 hardly to be told from it, 51 worst.
        preset: x264's: how long it looks for a smaller file.
        chroma: "420", which every player shows; odd sides are lengthened by one pixel that repeats the last. "444"
            keeps odd sizes and all colour, and not every player shows it.
        aspect: width of a pixel by its height.

    Attributes:
        left_out: streams of data (time codes, positions) that are not copied, in words.

    Raises FilmError where the suffix is unknown, something is there, or the file cannot hold a stream that is to be
    copied.
    """

    def __init__(
        self,
        path: str | Path,
        size: tuple[int, int],
        like: Facts,
        *,
        copied: Film | None = None,
        quality: float = 18,
        preset: str = "medium",
        chroma: Chroma = "420",
        aspect: Fraction | None = None,
        overwrite: bool = False,
    ) -> None:
        self.path, self.partial = check_target(path, overwrite=overwrite)
        self.frames = 0
        height, width = size
        self._padding = ((0, height % 2), (0, width % 2), (0, 0)) if chroma == "420" else None
        self._colours, self._time_base = like.colours, like.time_base
        if self.partial.is_symlink():  # which would be written through
            self.partial.unlink()
        self._container = av.open(self.partial.absolute(), "w", options=_muxing(self.path.suffix))
        self._streams: dict[int, Stream] = {}
        self.left_out: list[str] = []
        try:
            self._add_streams(copied, like.rate, {"crf": str(quality), "preset": preset})
        except BaseException:
            self._container.close()
            self.partial.unlink(missing_ok=True)
            raise
        self._encoder.width = width + (width % 2 if self._padding else 0)
        self._encoder.height = height + (height % 2 if self._padding else 0)
        self._encoder.pix_fmt = f"yuv{chroma}p"
        self._encoder.sample_aspect_ratio = aspect or Fraction(1)
        self._encoder.time_base = self._encoder.codec_context.time_base = like.time_base
        context = self._encoder.codec_context
        context.color_range = LIMITED
        context.colorspace, context.color_primaries, context.color_trc = like.colours

    def write(self, picture: Picture, pts: int, duration: int = 0) -> None:
        """Add a frame, uint8 (H, W, 3) RGB, to be shown at `pts`, in units of the time base. Raises FilmError."""
        if self._padding:
            picture = np.pad(picture, self._padding, mode="edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(
            format=self._encoder.pix_fmt,
            dst_colorspace=sws_matrix(self._colours.matrix),
            dst_color_range=LIMITED,
            interpolation=SCALING,
        )
        frame.pts, frame.duration, frame.time_base = pts, duration, self._time_base
        self._mux(self._encoder.encode(frame))
        self.frames += 1

    def copy(self, packet: Packet) -> None:
        """Add a packet of another stream as it is. Raises FilmError where it cannot be written."""
        if packet.stream_index in self._streams:
            packet.stream = self._streams[packet.stream_index]
            self._mux([packet])

    def finish(self) -> Path:
        """Close the film, which is whole, and give it its name."""
        self.close()
        return self.partial.replace(self.path)

    def close(self) -> None:
        """Close the film as far as it got; it keeps its name of a partial one. One without a frame goes."""
        try:
            if self.frames:
                self._mux(self._encoder.encode(None))
        finally:
            self._container.close()
        if not self.frames:
            self.partial.unlink(missing_ok=True)

    def _add_streams(self, copied: Film | None, rate: Fraction, options: dict[str, str]) -> None:
        if copied is None:
            self._encoder = self._container.add_stream("libx264", rate=rate, options=options)
            return
        for stream in copied.container.streams:
            if stream.index == copied.stream.index:
                self._encoder = self._container.add_stream("libx264", rate=rate, options=options)
                new: Stream = self._encoder
            elif stream.type in ("audio", "subtitle", "video"):
                new = self._copied(stream)
            else:
                self.left_out.append(f"stream {stream.index} ({stream.type})")
                continue
            new.metadata.update({key: value for key, value in stream.metadata.items() if key != "rotate"})
            new.disposition = stream.disposition
            self._streams[stream.index] = new
        self._container.metadata.update(copied.container.metadata)

    def _copied(self, stream: Stream) -> Stream:
        try:
            return self._container.add_stream_from_template(stream)
        except (ValueError, av.FFmpegError) as error:
            raise FilmError(
                f"{self.path}: stream {stream.index} of the source cannot be copied ({error}): choose another of"
                f" {', '.join(WRITTEN_FILMS)} for the result, or leave the other streams out"
            ) from error

    def _mux(self, packets: list[Packet]) -> None:
        try:
            self._container.mux(packets)
        except av.FFmpegError as error:
            raise FilmError(f"{self.partial}: cannot be written any further: {error.strerror}") from error


def check_target(path: str | Path, *, overwrite: bool = False) -> tuple[Path, Path]:
    """The path of a film to be written, and the one that it has until it is whole.

    Raises FilmError where the suffix is none that can be written, there is no such folder, or something is there.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITTEN_FILMS:
        raise FilmError(f"{path}: films are written as {', '.join(WRITTEN_FILMS)}; found the suffix {path.suffix!r}")
    if not path.parent.is_dir():
        raise FilmError(f"{path}: there is no folder {path.parent}; make it, or name another")
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    for place in () if overwrite else (path, partial):
        if os.path.lexists(place):
            raise FilmError(f"{place}: is there already, and is not overwritten; move it, or name another")
    return path, partial


def _muxing(suffix: str) -> dict[str, str]:
    """Options of the file: write as it goes, and do not wait longer than a second for streams that pause."""
    options = {"max_interleave_delta": SECOND, "flush_packets": "1"}
    if suffix.lower() == ".mkv":
        return options
    return options | {"movflags": "hybrid_fragmented+delay_moov", "frag_duration": SECOND}
