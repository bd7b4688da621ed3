"""Each frame is shown when it was, and for as long: where the rate varies, where frames were dropped, and the last."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from tests.video.films import (
    difference,
    end,
    packets,
    patches,
    pictures,
    seconds,
    translator,
    write_avi,
    write_film,
    write_timed,
)

from pix2pix.video.reading import Film, count_frames
from pix2pix.video.translating import FilmOptions, translate_film

FAST = FilmOptions(preset="ultrafast")
RATES = {  # when each frame is shown, the last number when the last one ends; the unit
    "25 a second": ([0, 24, 48, 72, 96, 120, 144, 168, 192], Fraction(1, 600)),
    "30000/1001 a second": ([index * 1001 for index in range(9)], Fraction(1, 30000)),
    "varying": ([0, 24, 48, 60, 72, 144, 145, 200, 36000], Fraction(1, 600)),
    "varying, in 1/90000": ([0, 3003, 6006, 9100, 90000, 90001, 54180000], Fraction(1, 90000)),
    "late": ([600, 624, 648, 700], Fraction(1, 600)),
}
CODERS = {".mp4": "libx264", ".mov": "libx264", ".mkv": "libx264", ".avi": "mpeg4", ".webm": "libvpx-vp9"}
MILLISECOND = Fraction(1, 1000)


@pytest.mark.parametrize("result", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("suffix", CODERS)
@pytest.mark.parametrize("rate", RATES)
def test_times_and_durations_stay(rate: str, suffix: str, result: str, tmp_path: Path) -> None:
    times, time_base = RATES[rate]
    if suffix == ".avi":  # which counts in frames, and so has one rate; MPEG-4 has units of 1/65536 at least
        time_base = max(time_base, Fraction(1, 30000))
        times = [times[0] + index * 1001 for index in range(len(times))]
    frames = [patches(index) for index in range(len(times) - 1)]
    unbent = {"bf": "0"} if CODERS[suffix] == "libx264" else {}
    source = write_timed(tmp_path / f"film{suffix}", frames, times, time_base=time_base, codec=CODERS[suffix], **unbent)
    report = translate_film(translator(), source, tmp_path / f"result{result}", FAST)
    assert (report.cut, report.frames) == (None, len(frames))
    before, after = seconds(source), seconds(report.path)
    if result != ".mkv":
        assert after == (before if len(set(before)) == len(before) else [*after])
        assert end(report.path) == end(source)
    for one, other in zip([*before, end(source)], [*after, end(report.path)], strict=True):
        assert abs(one - other) <= (MILLISECOND if result == ".mkv" or len(set(before)) < len(before) else 0)
    with Film(report.path) as film:  # and what is written is read so
        shown = list(film.frames())
        assert film.cut is None
        until = (shown[-1].pts + shown[-1].duration) * film.facts.time_base
    assert abs(until - end(source)) <= (MILLISECOND if result == ".mkv" else 0)


def test_two_hours_stay_two_hours(tmp_path: Path) -> None:
    """7,209 s, in pictures of 9 and of 300 s."""
    times = [0]
    for index in range(47):
        times.append(times[-1] + 600 * (300 if index % 2 else 9))
    times.append(600 * 7209)
    source = write_timed(
        tmp_path / "film.mp4", [patches(i % 9) for i in range(48)], times, time_base=Fraction(1, 600), bf="0"
    )
    for suffix in (".mp4", ".mov", ".mkv"):
        report = translate_film(translator(), source, tmp_path / f"result{suffix}")
        assert end(report.path) == 7209
        assert seconds(report.path) == [Fraction(time, 600) for time in times[:-1]]
        with av.open(report.path) as film:
            assert film.duration == 7209 * av.time_base


def test_frames_that_lean_on_later_ones_keep_their_times(tmp_path: Path) -> None:
    """In MP4 such frames are stored in another order, and what is said there of how long one lasts goes by that."""
    times = [0, 5400, 178200, 350000, 351000, 352000, 500000, 500024, 600000]
    source = write_timed(
        tmp_path / "film.mp4", [patches(i) for i in range(8)], times, time_base=Fraction(1, 600), bf="3"
    )
    with av.open(source) as film:
        assert any(packet.pts != packet.dts for packet in film.demux(video=0))
    with Film(source) as film:
        frames = list(film.frames())
        unit = film.facts.time_base
    assert [frame.pts * unit for frame in frames] == [Fraction(time, 600) for time in times[:-1]]
    assert [frame.duration * unit for frame in frames[:-1]] == [
        Fraction(later - time, 600) for time, later in pairwise(times[:-1])
    ]
    for suffix in (".mp4", ".mov", ".mkv"):
        report = translate_film(translator(), source, tmp_path / f"result{suffix}", FAST)
        for one, other in zip(seconds(report.path), seconds(source), strict=True):
            assert abs(one - other) <= (MILLISECOND if suffix == ".mkv" else 0)


DROPPED = {  # which of 50 frames are there; AVI holds a chunk of no bytes for the others
    "one": [index for index in range(50) if index != 7],
    "many": [index for index in range(50) if index % 5 not in (1, 2)],
    "the last second": [*range(25), 49],
}


@pytest.mark.parametrize("codec", ["mjpeg", "mpeg4"])
@pytest.mark.parametrize("dropped", DROPPED)
def test_an_avi_with_dropped_frames_is_whole(dropped: str, codec: str, tmp_path: Path) -> None:
    """The frame before is shown on, so that the others keep their times."""
    kept = DROPPED[dropped]
    source = write_avi(tmp_path / "film.avi", kept, codec)
    film = source.read_bytes()
    assert film[film.index(b"movi") : film.rindex(b"idx1")].count(b"00dc\0\0\0\0") == 50 - len(kept)
    report = translate_film(translator(), source, tmp_path / "result.mp4", FilmOptions(quality=1))
    assert (report.cut, report.frames, report.path) == (None, len(kept), tmp_path / "result.mp4")
    assert seconds(report.path) == [Fraction(index, 25) for index in kept]
    assert end(report.path) == 2
    assert count_frames(source) == len(kept)
    for place in (3, 8, len(kept) - 1):
        assert difference(pictures(report.path)[place], patches(kept[place])) < 5


def test_an_avi_that_ends_with_dropped_frames_is_whole(tmp_path: Path) -> None:
    """A second of no bytes in the end: the last frame is shown on through it."""
    source = write_avi(tmp_path / "film.avi", [*range(25), 49], "mjpeg")
    film = bytearray(source.read_bytes())
    start = film.rindex(b"00dc", 0, film.index(b"idx1"))
    length = int.from_bytes(film[start + 4 : start + 8], "little")
    film[start : start + 8] = b"JUNK" + film[start + 4 : start + 8]  # the last frame's bytes are passed over
    entry = film.rindex(b"00dc")
    film[entry + 12 : entry + 16] = bytes(4)
    assert length > 0
    source.write_bytes(film)
    report = translate_film(translator(), source, tmp_path / "result.mp4", FAST)
    assert (report.cut, report.frames) == (None, 25)
    assert end(report.path) == 2


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".mp4"])
def test_one_that_was_cut_off_is_told(suffix: str, share: float, tmp_path: Path) -> None:
    frames = [patches(index) for index in range(100)]
    source = tmp_path / f"film{suffix}"
    if suffix == ".avi":
        write_avi(source, list(range(100)), "mjpeg")
    elif suffix == ".mkv":
        write_film(source, frames)
    else:
        write_film(source, frames, movflags="faststart")
    source.write_bytes(source.read_bytes()[: int(source.stat().st_size * share)])
    report = translate_film(translator(), source, tmp_path / "result.mp4", FAST)
    assert report.cut is not None
    assert report.path == tmp_path / "result.partial.mp4"
    assert 30 < report.frames < 100


def test_a_part_that_an_edit_list_shows_is_whole(tmp_path: Path) -> None:
    """A phone trims a film by saying what of it is shown: here from 0.4 s on for 1.2 s, of 2 s that are there."""
    frames = [patches(index) for index in range(50)]
    source = write_timed(
        tmp_path / "film.mp4", frames, [24 * index for index in range(51)], time_base=Fraction(1, 600), bf="0"
    )
    film = bytearray(source.read_bytes())
    place = film.index(b"elst") + 4
    unit = int.from_bytes(film[film.index(b"mvhd") + 16 :][:4], "big")
    film[place + 8 : place + 12] = (unit * 6 // 5).to_bytes(4, "big")
    film[place + 12 : place + 16] = (19200 * 2 // 5).to_bytes(4, "big")
    source.write_bytes(film)
    report = translate_film(translator(), source, tmp_path / "result.mp4", FilmOptions(quality=1))
    assert (report.cut, report.frames) == (None, 30)
    assert seconds(report.path) == [Fraction(index, 25) for index in range(30)]
    assert end(report.path) == Fraction(6, 5)
    assert difference(pictures(report.path)[0], patches(10)) < 3
    assert count_frames(source) == 30


def test_sound_and_subtitles_keep_their_times(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", [patches(index) for index in range(25)], sound=True)
    report = translate_film(translator(), source, tmp_path / "result.mov", FAST)
    assert packets(report.path, 1) == packets(source, 1)


@pytest.mark.parametrize("first", ["sound", "pictures"])
def test_no_frame_is_lost_where_sound_comes_first(first: str, tmp_path: Path) -> None:
    """What a decoder still holds in the end comes out, whichever number the stream has."""
    source = tmp_path / "film.mp4"
    with av.open(source, "w") as film:
        streams = {
            kind: film.add_stream(kind, rate=rate)
            for kind, rate in (("aac", 16000), ("libx264", 25))[:: 1 if first == "sound" else -1]
        }
        sound: Any = streams["aac"]
        video: Any = streams["libx264"]
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for index in range(30):
            film.mux(video.encode(av.VideoFrame.from_ndarray(patches(index), format="rgb24")))
        film.mux(video.encode(None))
        heard = av.AudioFrame.from_ndarray(np.zeros((2, 16000), np.float32), format="fltp", layout="stereo")
        heard.sample_rate, heard.pts, heard.time_base = 16000, 0, Fraction(1, 16000)
        film.mux(sound.encode(heard))
        film.mux(sound.encode(None))
    report = translate_film(translator(), source, tmp_path / "result.mp4", FAST)
    assert (report.cut, report.frames) == (None, 30)
    assert seconds(report.path) == [Fraction(index, 25) for index in range(30)]
    assert count_frames(source) == 30
