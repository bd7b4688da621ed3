"""Writing a film: frames are coded, the packets of other streams are copied; playable whenever the writing ends.

The film grows as NAME.partial.mp4 and gets its name once it is whole. While it grows it is a fragmented MP4, a second a
fragment, so that what a killed process leaves can be played; when it is closed it becomes an ordinary one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.codec.context import Flags
from av.stream import Stream
from av.video.stream import VideoStream

from pix2pix.files.atomic import remove_unheld
from pix2pix.files.os_errors import reason
from pix2pix.video.coding import Coding
from pix2pix.video.copying import FORMATS, add_copied, check_streams, is_copied, muxing
from pix2pix.video.errors import FilmError
from pix2pix.video.names import WRITTEN_FILMS
from pix2pix.video.opening import ANY_BYTES
from pix2pix.video.outlet import Outlet
from pix2pix.video.reading import SCALING, Facts, Film, Packet, Picture, sws_matrix

LIMITED, FULL = 1, 2  # range of the luma: 16 to 235, or all numbers, as of red, green and blue
RGB = 0  # ITU-T H.273, matrix coefficients
Chroma = Literal["420", "444"]


class FilmWriter:
    """Writes one film. Call `finish` once all frames are written, or `close` where it ends early.

    Args:
        path: .mp4, .mov or .mkv. It must not exist, nor its NAME.partial.mp4, unless `overwrite`.
        size: (height, width) of the frames.
        like: the film whose rate, time base and colours it takes over.
        copied: the film whose sound, subtitles, further pictures, chapters, names and titles are copied; None: nothing
            is.
        quality: x264's constant rate factor: 0 without loss, 18 hardly to be told from it, 51 worst.
        preset: x264's: how long it looks for a smaller file.
        chroma: "420", which every player shows; odd sides are lengthened by one pixel that repeats the last. "444"
            keeps odd sizes and all colour, and not every player shows it.
        aspect: width of a pixel by its height.
        alpha: what the frames are coded by, which then have a fourth channel; quality, preset and chroma are those of
            H.264, and do not count. None: H.264, without alpha.

    Attributes:
        lengthened: whether frames got a pixel more on odd sides.
        left_out: streams that are not copied, in words: data (time codes, positions), attachments, a cover.
        rounded: whether frames had to be moved to a whole millisecond, by which .mkv counts.
        earliest: seconds, of the first thing written, or 0; in .mkv, which counts from 0, all else is that much later.

    Raises FilmError where the suffix is unknown, something is there, another process writes the same film, or the file
    cannot hold a stream that is to be copied.
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
        alpha: Coding | None = None,
        overwrite: bool = False,
    ) -> None:
        self.path, self.partial = check_target(path, overwrite=overwrite)
        self.frames = 0
        height, width = size
        self.lengthened = bool(height % 2 or width % 2) and chroma == "420" and alpha is None
        self._padding = ((0, height % 2), (0, width % 2), (0, 0)) if self.lengthened else None
        self._colours, self._time_base = like.colours, like.time_base
        self._streams: dict[int, Stream] = {}
        self.left_out: list[str] = []
        self.rounded, self.earliest = False, Fraction(0)
        self._broken = False
        if copied is not None:
            check_streams(self.path, copied)
        try:
            if os.path.lexists(self.partial) and not remove_unheld(self.partial, without_locks=True):
                raise FilmError(f"{self.partial}: another process writes it; wait for it, or name another place")
            self._file = Outlet(self.partial)
        except OSError as error:
            raise FilmError(f"{self.path}: cannot be written: {reason(error)}") from error
        try:
            with self._telling():
                self._container = av.open(
                    self._file,
                    "w",
                    FORMATS[self.path.suffix.lower()],
                    options=muxing(self.path.suffix),
                    metadata_errors=ANY_BYTES,
                )
                # Without frames that lean on later ones: those would be stored earlier than they are shown, and where
                # the rate varies a file that counts from 0, or by what is stored next, then tells other times.
                h264 = {"crf": str(quality), "preset": preset, "bf": "0"}
                coding = alpha or Coding("libx264", f"yuv{chroma}p", "H.264", h264)
                self._add_streams(copied, like.rate, coding)
                self._encoder.width = width + (width % 2 if self._padding else 0)
                self._encoder.height = height + (height % 2 if self._padding else 0)
                self._encoder.pix_fmt = coding.layout
                self._encoder.sample_aspect_ratio = aspect or Fraction(1)
                self._encoder.time_base = self._encoder.codec_context.time_base = like.time_base
                context = self._encoder.codec_context
                context.flags |= Flags.frame_duration
                context.colorspace, context.color_primaries, context.color_trc = like.colours
                context.color_range = LIMITED
                if self._encoder.format.is_rgb:
                    context.colorspace, context.color_range = RGB, FULL
                self._container.start_encoding()
        except BaseException:
            self._drop()
            raise

    def write(self, picture: Picture, pts: int, duration: int = 0) -> None:
        """Add a frame, uint8 (H, W, 3) RGB, or (H, W, 4) with alpha, to be shown at `pts`, in units of the time base.

        Raises FilmError.
        """
        if self._padding:
            picture = np.pad(picture, self._padding, mode="edge")
        stored = "rgba" if picture.shape[2] == 4 else "rgb24"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=stored)
        if self._encoder.format.is_rgb:
            frame = frame.reformat(format=self._encoder.pix_fmt)
        else:
            frame = frame.reformat(
                format=self._encoder.pix_fmt,
                dst_colorspace=sws_matrix(self._colours.matrix),
                dst_color_range=LIMITED,
                interpolation=SCALING,
            )
        frame.pts, frame.duration, frame.time_base = pts, duration, self._time_base
        self.rounded |= (pts * self._time_base * 1000).denominator != 1
        self.earliest = min(self.earliest, pts * self._time_base)
        with self._telling():
            self._container.mux(self._encoder.encode(frame))
        self.frames += 1

    def copy(self, packet: Packet) -> None:
        """Add a packet of another stream as it is. Raises FilmError where it cannot be written."""
        if packet.stream_index in self._streams:
            if packet.pts is not None:
                self.earliest = min(self.earliest, packet.pts * packet.time_base)
            packet.stream = self._streams[packet.stream_index]
            with self._telling():
                self._container.mux([packet])

    def finish(self) -> Path:
        """Close the film, which is whole, and give it its name."""
        try:
            self._end()
            return self.partial.replace(self.path)  # before it is closed, when another may take the partial's place
        finally:
            self._file.close()

    def close(self) -> None:
        """Close the film as far as it got; it keeps its name of a partial one. One without a frame goes.

        Raises FilmError where that cannot be written; after another error that nothing is added to what is there.
        """
        try:
            self._end()
        finally:
            self._file.close()

    def _end(self) -> None:
        if self._file.error is not None or not self.frames:
            self._drop()
        elif not self._broken:
            with self._telling():
                self._container.mux(self._encoder.encode(None))
                self._container.close()
                self._file.sync()

    def _drop(self) -> None:
        """Leave nothing. FFmpeg is not asked to complete a file that is closed already."""
        self._broken = True
        with suppress(OSError):
            self.partial.unlink(missing_ok=True)
        self._file.close()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """What goes wrong inside, in words. FFmpeg's muxers and encoders are not called again after that."""
        if self._broken:
            raise FilmError(f"{self.path}: could not be written, and is not written on")
        try:
            yield
        except (av.FFmpegError, ValueError) as error:
            self._broken = True
            said = getattr(error, "strerror", None) or error
            raise FilmError(f"{self.path}: cannot be written any further: {said}") from error
        finally:
            self._broken |= self._file.error is not None
        if self._file.error is not None:
            self._drop()
            raise FilmError(
                f"{self.path}: cannot be written: {reason(self._file.error)}. Nothing is left of it"
            ) from self._file.error

    def _add_streams(self, copied: Film | None, rate: Fraction, coding: Coding) -> None:
        if copied is None:
            self._encoder = self._coded(rate, coding)
            return
        for stream in copied.container.streams:
            if stream.index == copied.stream.index:
                self._encoder = self._coded(rate, coding)
                new: Stream = self._encoder
            elif is_copied(stream):
                new = add_copied(self._container, stream)
            else:
                kind = "cover" if stream.type == "video" else stream.type
                self.left_out.append(f"stream {stream.index} ({kind})")
                continue
            dropped = ("rotate", "alpha_mode") if stream.index == copied.stream.index else ("rotate",)
            new.metadata.update({key: value for key, value in stream.metadata.items() if key.lower() not in dropped})
            new.disposition = stream.disposition
            self._streams[stream.index] = new
        self._container.metadata.update(copied.container.metadata)
        chapters = copied.container.chapters()  # those of damaged files may have times that no format takes
        self._container.set_chapters([each for each in chapters if 0 <= each["start"] <= each["end"]])

    def _coded(self, rate: Fraction, coding: Coding) -> VideoStream:
        stream = self._container.add_stream(coding.encoder, rate=rate, options=dict(coding.options))
        assert isinstance(stream, VideoStream)
        return stream


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
