"""Opening a film that somebody else made: its own bytes alone are read, and the size of its pictures is bounded."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from pix2pix.files.os_errors import reason
from pix2pix.video.errors import FilmError

ANY_BYTES = "surrogateescape"  # names and titles need not be UTF-8, and are passed on as they are
MOST_PIXELS = 36_000_000  # of a picture: 8192 x 4320 is less
# What FFmpeg may take a file for. Left out are those that lead to other files or to the network (playlists, scripts
# that join films), and those that take any text for a picture.
FORMATS = (
    "mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "m4v", "h264", "hevc", "ivf", "yuv4mpegpipe", "flv",
    "asf", "ogg", "mxf", "dv", "nut", "gif",
)  # fmt: skip
_FILES = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "none"}
_CODECS = {"max_pixels": str(MOST_PIXELS)}


@contextmanager
def open_film(path: Path) -> Iterator[InputContainer]:
    """The film in a file, until the `with` ends. Raises FilmError where it holds no pictures that can be read."""
    if not path.is_file():
        raise FilmError(f"{path}: there is no such file" if not path.exists() else f"{path}: is no file")
    try:
        file = path.open("rb", buffering=0)  # and not by FFmpeg, for which 12:30.mp4 is an address
    except OSError as error:
        raise FilmError(f"{path}: cannot be read: {reason(error)}") from error
    with file:
        try:
            container = av.open(
                file, "r", options=_CODECS, container_options=_FILES, metadata_errors=ANY_BYTES, io_open=_refuse
            )
        except (av.FFmpegError, OSError) as error:
            raise FilmError(
                f"{path}: cannot be read as a film: {reason_of(error)}. Read are MP4, MOV, MKV, WebM, AVI, MPEG and the"
                " like, but no lists of films. An MP4 that was cut off may have lost its index, which lies at its end:"
                " copy the file again"
            ) from error
        with container:
            _check(path, container)
            yield container


def reason_of(error: OSError | av.FFmpegError | FilmError) -> str:
    """What FFmpeg says, in words; ours as they are."""
    if isinstance(error, FilmError):
        return str(error)
    if error.errno == errno.ENOMEM:  # its word for counts beyond its bounds, for which it never asked for memory
        return "it states sizes that are too large to be held, as damaged files do"
    return error.strerror or str(error)


def pictures_of(container: InputContainer) -> VideoStream:
    """The first stream of pictures that is not the film's cover."""
    streams = container.streams.video
    return next((each for each in streams if not each.disposition & Disposition.attached_pic), streams[0])


def cropping_of(container: InputContainer, stream: VideoStream) -> tuple[int, int, int, int]:
    """Pixels of the stored picture that are not to be shown: left, right, top, bottom.

    FFmpeg leaves it to the player to cut them off, and PyAV tells them only in what it writes for people.
    """
    told: Any = container
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        text: str = told.dumps_format()
    finally:
        av.logging.set_level(level)
    parts = re.split(r"^  Stream #0:(\d+)", text, flags=re.MULTILINE)
    own = dict(zip(map(int, parts[1::2]), parts[2::2], strict=True)).get(stream.index, "")
    found = re.search(r"^      Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)$", own, re.MULTILINE)
    left, right, top, bottom = map(int, found.groups()) if found else (0, 0, 0, 0)
    return left, right, top, bottom


def _check(path: Path, container: InputContainer) -> None:
    if not container.streams.video:
        raise FilmError(f"{path}: holds no pictures, only {', '.join(sorted({s.type for s in container.streams}))}")
    stream = pictures_of(container)
    if stream.codec_context is None:
        raise FilmError(f"{path}: its pictures are coded in a way that is not known here: convert it to H.264 first")
    if stream.width * stream.height > MOST_PIXELS:
        raise FilmError(
            f"{path}: its pictures are {stream.width} x {stream.height} (width x height), and films are read up to"
            f" {MOST_PIXELS // 10**6} million pixels: make it smaller first"
        )
    stream.codec_context.options = dict(_CODECS)


def _refuse(url: str, *_: object) -> None:
    raise PermissionError(f"a film may not open other files: {url}")
