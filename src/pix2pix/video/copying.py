"""Which streams of a film a result can hold beside its pictures, found out before any work."""

from __future__ import annotations

from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer
from av.stream import Disposition, Stream

from pix2pix.video.errors import FilmError
from pix2pix.video.names import WRITTEN_FILMS
from pix2pix.video.opening import open_film
from pix2pix.video.reading import Film, Packet

FORMATS = {".mp4": "mp4", ".mov": "mov", ".mkv": "matroska"}  # WRITTEN_FILMS, as FFmpeg calls such files
SECOND = "1000000"  # in microseconds, as FFmpeg takes it
LOOKED_AT = 1000  # packets from the film's beginning, among which each stream's first is looked for
USUAL_LAYOUTS = {1: "mono", 2: "stereo"}  # of sound whose file says only how many channels it has


def muxing(suffix: str) -> dict[str, str]:
    """Options of the file: write as it goes, and do not wait longer than a second for streams that pause."""
    options = {"max_interleave_delta": SECOND, "flush_packets": "1"}
    if suffix.lower() == ".mkv":
        return options
    return options | {"movflags": "hybrid_fragmented+delay_moov", "frag_duration": SECOND}


def is_copied(stream: Stream) -> bool:
    """Sound, subtitles and further pictures are; data, attachments and the cover, which is the source's, are not."""
    return stream.type in ("audio", "subtitle", "video") and not stream.disposition & Disposition.attached_pic


def add_copied(container: OutputContainer, stream: Stream) -> Stream:
    """A stream of the result for the packets of one of the source. Raises as PyAV does where it cannot be."""
    new: Any = container.add_stream_from_template(stream, opaque=True)
    if new.type == "audio" and (layout := USUAL_LAYOUTS.get(new.codec_context.channels)):
        new.codec_context.layout = layout
    return new  # type: ignore[no-any-return]


def check_streams(path: Path, film: Film) -> None:
    """Raises FilmError where a result of that name cannot hold what is to be copied of the film."""
    firsts: dict[int, Packet] = {}
    with open_film(film.path) as container:
        copied = [each for each in container.streams if is_copied(each) and each.index != film.stream.index]
        if not copied:
            return
        for packet in islice(container.demux(), LOOKED_AT):
            if packet.size:
                firsts.setdefault(packet.stream_index, packet)
        refused = [stream for stream in copied if not _holds(path.suffix, stream, firsts.get(stream.index))]
        if not refused:
            return
        named = ", ".join(f"stream {each.index} ({each.type}, {_codec(each)})" for each in refused)
        others = [
            suffix
            for suffix in WRITTEN_FILMS
            if all(_holds(suffix, stream, firsts.get(stream.index)) for stream in copied)
        ]
        advice = f"name it {path.with_suffix(others[0])}" if others else "leave them out of the source, or convert them"
        raise FilmError(f"{path}: a {path.suffix} cannot hold {named} of {film.path}: {advice}")


def _holds(suffix: str, stream: Stream, first: Packet | None) -> bool:
    """Whether FFmpeg writes such a file with that stream and its first packet; its list of codecs is not enough."""
    file = BytesIO()
    try:
        trial = av.open(file, "w", FORMATS[suffix.lower()], options=muxing(suffix))
        new = add_copied(trial, stream)
        trial.start_encoding()
        if first is not None:
            first.stream = new
            trial.mux([first])
        trial.close()
    except (ValueError, av.FFmpegError):
        return False
    finally:
        file.close()  # so that FFmpeg is not asked to complete a file that it failed to write
    return True


def _codec(stream: Stream) -> str:
    return "of an unknown kind" if stream.codec_context is None else stream.codec_context.name
