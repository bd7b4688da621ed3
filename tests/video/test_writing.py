"""A film that cannot be written, or cannot hold a stream, ends in words: before any work, or with nothing left."""

from __future__ import annotations

import errno
import gc
import os
import resource
import signal
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from tests.evaluation.untrained_runs import untrained
from tests.video.films import Same, packets, patches, pictures, translator, write_film

from pix2pix.commands.data import main as data
from pix2pix.commands.translate import main as translate
from pix2pix.video.errors import FilmError
from pix2pix.video.translating import FilmOptions, translate_film

FRAMES = [patches(index % 9, 96, 128) for index in range(100)]
FAST = FilmOptions(preset="ultrafast")
Write = Callable[[int, bytes, int], int]


def nth_fails(monkeypatch: pytest.MonkeyPatch, nth: int, short: bool) -> list[int]:
    """From the nth write on the disk is full; the one before takes a part, where `short`. Returns the sizes written."""
    real: Write = os.pwrite
    sizes: list[int] = []

    def pwrite(handle: int, data: bytes, place: int) -> int:
        sizes.append(len(data))
        if len(sizes) >= nth:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(handle, data[: len(data) // 2 + 1] if short and len(sizes) == nth - 1 else data, place)

    monkeypatch.setattr(os, "pwrite", pwrite)
    return sizes


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_wherever_the_disk_is_full_it_is_told_and_nothing_is_left(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_film(tmp_path / "film.mp4", FRAMES, sound=True)
    with monkeypatch.context() as patched:
        sizes = nth_fails(patched, 10**9, short=False)
        translate_film(translator(), source, tmp_path / f"whole{suffix}", FAST)
        count = len(sizes)
    assert count >= 5
    (tmp_path / f"whole{suffix}").unlink()
    for nth in range(1, count + 1):
        with monkeypatch.context() as patched:
            nth_fails(patched, nth, short=nth % 3 == 0)
            with pytest.raises(FilmError, match=rf"result{suffix}: cannot be written: No space left on device"):
                translate_film(translator(), source, tmp_path / f"result{suffix}", FAST)
        assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"], nth
    gc.collect()  # what is collected late closes nothing twice


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("room", [0, 100, 20_000])
def test_the_kernels_own_limit_does_not_end_the_process(suffix: str, room: int, tmp_path: Path) -> None:
    """In a process of its own, since what failed here once was ended by SIGSEGV."""
    source = write_film(tmp_path / "film.mp4", FRAMES, sound=True)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        try:
            translate_film(translator(), source, tmp_path / f"result{suffix}", FAST)
        except FilmError as error:
            os._exit(1 if "cannot be written: File too large" in str(error) else 3)
        finally:
            os._exit(4)
    _, status = os.waitpid(child, 0)
    assert (os.WIFSIGNALED(status), os.waitstatus_to_exitcode(status)) == (False, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_the_commands_end_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_film(tmp_path / "film.mp4", FRAMES, sound=True)
    run = untrained(tmp_path / "run")
    with monkeypatch.context() as patched:
        nth_fails(patched, 2, short=False)
        assert translate([str(run), str(source), "-o", str(tmp_path / "out"), "--size", "16"]) == 1
    assert "film.mp4: cannot be written: No space left on device" in capsys.readouterr().err
    assert not list((tmp_path / "out").iterdir())

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pix2pix.video.making.write_picture", full)
    assert data(["make", str(source), "-o", str(tmp_path / "pairs"), "--driver", "edges"]) == 1
    assert "pairs: cannot be written: No space left on device" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "out", "run"]


SOUND = {  # encoder: the layout of a sample that it takes
    "aac": "fltp", "ac3": "fltp", "alac": "s16p", "eac3": "fltp", "flac": "s16", "libmp3lame": "fltp", "libopus": "flt",
    "mp2": "s16", "pcm_s16le": "s16", "pcm_s24le": "s32", "pcm_u8": "u8", "vorbis": "fltp",
}  # fmt: skip
TEXT = {"ass": b"0,0,Default,,0,0,0,,words", "mov_text": b"\0\5words", "subrip": b"words", "webvtt": b"words"}
HEADER = (
    b"[Script Info]\r\nScriptType: v4.00+\r\n\r\n[V4+ Styles]\r\nFormat: Name\r\nStyle: Default\r\n\r\n"
    b"[Events]\r\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\r\n"
)
REFUSED = {  # what an .mp4, a .mov and an .mkv cannot hold, by FFmpeg's tables of sample entries and codec names
    ".mp4": {"ass", "pcm_u8", "subrip", "webvtt"},
    ".mov": {"ass", "flac", "libopus", "subrip", "webvtt", "vorbis"},
    ".mkv": {"mov_text"},
}


def write_with(path: Path, codec: str) -> Path:
    """A film of a second, with sound or subtitles of that kind."""
    with av.open(path, "w") as film:
        video = film.add_stream("libx264", rate=25, options={"bf": "0"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        options = {"strict": "-2"} if codec == "vorbis" else {}
        beside: Any = film.add_stream(codec, rate=48000 if codec in SOUND else None, options=options)
        if codec in SOUND:
            beside.layout, beside.format = "stereo", SOUND[codec]
        else:
            beside.time_base = Fraction(1, 1000)
            beside.codec_context.subtitle_header = HEADER
            if codec == "ass":
                beside.codec_context.extradata = HEADER
        for index in range(25):
            film.mux(video.encode(av.VideoFrame.from_ndarray(patches(index), format="rgb24")))
        film.mux(video.encode(None))
        if codec in SOUND:
            wave = (np.sin(np.arange(96000) / 20) * 8000).astype(np.int16)
            heard = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="stereo")
            heard.sample_rate, heard.pts, heard.time_base = 48000, 0, Fraction(1, 48000)
            context = beside.codec_context
            resampler = av.AudioResampler(SOUND[codec], "stereo", 48000, context.frame_size or 1024)
            for frame in [*resampler.resample(heard), *resampler.resample(None), None]:
                film.mux(beside.encode(frame))
        for place in range(2 if codec in TEXT else 0):
            packet = av.Packet(TEXT[codec])
            packet.stream, packet.time_base = beside, Fraction(1, 1000)
            packet.pts = packet.dts = 100 + 400 * place
            packet.duration = 300
            film.mux(packet)
    return path


def heard(path: Path) -> list[tuple[Fraction, bytes]]:
    """What is heard or read, and when; between texts MP4 has empty ones, of which there may be more."""
    return [(time, data) for time, data in packets(path, 1) if data != b"\0\0"]


@pytest.mark.parametrize("codec", [*SOUND, *TEXT])
def test_a_stream_comes_out_bit_for_bit_or_is_refused_before_any_work(codec: str, tmp_path: Path) -> None:
    source = write_with(tmp_path / f"film{'.mp4' if codec == 'mov_text' else '.mkv'}", codec)
    for suffix, refused in REFUSED.items():
        using, target = translator(), tmp_path / f"result{suffix}"
        if codec in refused:
            with pytest.raises(FilmError) as told:
                translate_film(using, source, target, FAST)
            kind = "audio" if codec in SOUND else "subtitle"
            assert f"{target}: a {suffix} cannot hold stream 1 ({kind}, " in str(told.value)
            advised = Path(str(told.value).rpartition("name it ")[2])
            assert advised.parent == tmp_path
            assert codec not in REFUSED[advised.suffix]
            assert isinstance(using.network, Same)
            assert using.network.names == []
            assert not list(tmp_path.glob("result*"))
        else:
            report = translate_film(using, source, target, FAST)
            assert report.frames == len(pictures(target)) == 25
            for (there, one), (here, other) in zip(heard(target), heard(source), strict=True):
                assert one == other
                assert abs(there - here) <= Fraction(1, 1000)
            assert not [note for note in report.notes if "not copied" in note]
            target.unlink()


@pytest.mark.parametrize("codec", ["pcm_s16le", "libmp3lame", "ac3"])
def test_sound_of_an_avi_is_copied(codec: str, tmp_path: Path) -> None:
    """An AVI does not say which of two channels is left, which an .mp4 must."""
    source = write_with(tmp_path / "film.avi", codec)
    for suffix in REFUSED:
        report = translate_film(translator(), source, tmp_path / f"result{suffix}", FAST)
        assert [each for _, each in packets(report.path, 1)] == [each for _, each in packets(source, 1)]
