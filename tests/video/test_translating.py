"""Films translated frame by frame: what must stay as it was does, and what breaks off can be played up to there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Literal

import av
import numpy as np
import pytest
from tests.video.films import (
    CARPHONE,
    TECHNICIAN,
    Picture,
    Same,
    difference,
    packets,
    patches,
    pictures,
    seconds,
    translator,
    write_film,
)

from pix2pix.data.domains import Raw
from pix2pix.errors import BadPairError
from pix2pix.inference.translator import Translator
from pix2pix.video.errors import FilmError
from pix2pix.video.reading import Film
from pix2pix.video.translating import FilmOptions, translate_film

FRAMES = [patches(index) for index in range(12)]
FINE = FilmOptions(quality=1)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_frames_time_stamps_and_sound_are_kept(suffix: str, tmp_path: Path) -> None:
    uneven = [0, 24, 48, 60, 72, 144, 145, 200, 300, 301, 303, 360]
    source = write_film(tmp_path / "film.mp4", FRAMES, pts=uneven, sound=True)
    report = translate_film(translator(-1), source, tmp_path / f"result{suffix}", FINE)
    assert (report.frames, report.cut) == (12, None)
    assert report.path == tmp_path / f"result{suffix}"
    assert not list(tmp_path.glob("*.partial*"))
    # Matroska counts in milliseconds and from 0, and AAC begins before that: there, all streams move alike.
    said = ["up to half a millisecond earlier or later", "0.064 s later"] if suffix == ".mkv" else []
    assert all(words in note for words, note in zip(said, report.notes, strict=True))
    shift = seconds(report.path)[0] - seconds(source)[0]
    assert shift == (Fraction(64, 1000) if suffix == ".mkv" else 0)
    near = Fraction(1, 1000) if suffix == ".mkv" else 0
    for there, here in zip(seconds(report.path), seconds(source), strict=True):
        assert abs(there - here - shift) <= near
    for (there, heard), (here, played) in zip(packets(report.path, 1), packets(source, 1), strict=True):
        assert heard == played
        assert abs(there - here - shift) <= near
    for found, frame in zip(pictures(report.path), FRAMES, strict=True):
        assert difference(found, (255 - frame)) < 3


def test_a_film_of_high_definition_keeps_its_colours(tmp_path: Path) -> None:
    """Such a film that says nothing is BT.709, and so the result says; read as BT.601 it would be far off."""
    large = [np.kron(frame, np.ones((16, 16, 1), np.uint8)) for frame in FRAMES[:2]]
    source = write_film(tmp_path / "film.mp4", large)
    with av.open(translate_film(translator(), source, tmp_path / "result.mp4", FINE).path) as film:
        frame = next(film.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (1, 1)
    with Film(source) as one, Film(tmp_path / "result.mp4") as other:
        for before, after in zip(one.frames(), other.frames(), strict=True):
            assert difference(before.picture, after.picture) < 2


def test_odd_sides_are_lengthened_or_kept(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", [patches(index, 47, 63) for index in range(3)])
    padded = translate_film(translator(), source, tmp_path / "padded.mp4", FINE)
    assert pictures(padded.path)[0].shape == (48, 64, 3)
    assert "63 x 47" in padded.notes[0]
    kept = translate_film(translator(), source, tmp_path / "kept.mp4", FilmOptions(quality=1, chroma="444"))
    assert pictures(kept.path)[0].shape == (47, 63, 3)
    assert kept.notes == []
    assert difference(pictures(kept.path)[2], patches(2, 47, 63)) < 3


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_frames_are_translated_and_written_upright(rotation: int, tmp_path: Path) -> None:
    """A phone stores the picture as its sensor lies, and says how it must be turned: anticlockwise by so much."""
    source = write_film(tmp_path / "film.mp4", FRAMES, rotation=rotation)
    report = translate_film(translator(), source, tmp_path / "result.mp4", FINE)
    with av.open(report.path) as film:
        frame = next(film.decode(video=0))
        assert frame.rotation == 0
    upright = np.rot90(FRAMES[0], rotation // 90)
    assert difference(pictures(report.path)[0], upright) < 3


def test_noise_is_steady_or_fresh(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", FRAMES)
    steady, fresh = translator(), translator()
    translate_film(steady, source, tmp_path / "steady.mp4")
    translate_film(fresh, source, tmp_path / "fresh.mp4", FilmOptions(noise="fresh"))
    assert isinstance(steady.network, Same)
    assert isinstance(fresh.network, Same)
    assert (len(set(steady.network.names)), len(set(fresh.network.names))) == (1, 12)


def test_side_by_side_and_progress(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", FRAMES)
    seen: list[tuple[int, int]] = []
    options = FilmOptions(quality=1, side_by_side=True)
    report = translate_film(
        translator(-1), source, tmp_path / "both.mp4", options, progress=lambda *done: seen.append(done)
    )
    assert seen == [(index + 1, 12) for index in range(12)]
    both = np.concatenate([FRAMES[3], 255 - FRAMES[3]], axis=1)
    assert difference(pictures(report.path)[3], both) < 3


def test_a_film_that_was_cut_off_gives_its_beginning(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", [patches(index) for index in range(60)], movflags="faststart")
    data = source.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: len(data) * 2 // 3])
    report = translate_film(translator(), cut, tmp_path / "result.mp4", FINE)
    assert report.cut is not None
    assert "60 frames" in report.cut
    assert report.path == tmp_path / "result.partial.mp4"
    assert not (tmp_path / "result.mp4").exists()
    assert 30 < len(pictures(report.path)) == report.frames < 60
    assert seconds(report.path) == seconds(source)[: report.frames]


def test_ctrl_c_leaves_what_is_there(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", FRAMES, sound=True)

    def stop(done: int, of: int) -> None:
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        translate_film(translator(), source, tmp_path / "result.mp4", FINE, progress=stop)
    assert seconds(tmp_path / "result.partial.mp4") == seconds(source)[:7]
    with pytest.raises(FilmError, match=r"result\.partial\.mp4: is there already"):
        translate_film(translator(), source, tmp_path / "result.mp4", FINE)


def test_what_a_killed_process_leaves_can_be_played(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", [patches(index % 9) for index in range(250)])

    def copy(done: int, of: int) -> None:
        if done == 240:
            shutil.copy(tmp_path / "result.partial.mp4", tmp_path / "killed.mp4")

    translate_film(translator(), source, tmp_path / "result.mp4", FilmOptions(preset="ultrafast"), progress=copy)
    left = seconds(tmp_path / "killed.mp4")
    assert len(left) > 100
    assert left == seconds(source)[: len(left)]


def test_an_error_comes_out_and_nothing_empty_is_left(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", FRAMES)
    wrong = Translator(Same(), Raw(5, range=((0.0, 1.0),) * 5), Raw(5, range=((0.0, 1.0),) * 5))
    with pytest.raises(BadPairError):
        translate_film(wrong, source, tmp_path / "result.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


class Sometimes:
    """Draws the brightness of a frame, and finds nothing in every third one; it wants to see three frames first."""

    name: ClassVar[str] = "sometimes"
    studied: ClassVar[int] = 3
    drawn: ClassVar[Literal["grey", "rgb"]] = "rgb"

    def __init__(self) -> None:
        self.seen = self.asked = 0

    def study(self, frames: Iterable[Picture]) -> None:
        self.seen = len(list(frames))

    def __call__(self, frame: Picture, size: tuple[int, int]) -> Picture | None:
        self.asked += 1
        return None if self.asked % 3 == 0 else np.full((*size, 3), int(frame.mean()), np.uint8)

    def geometry(self) -> dict[str, Any]:
        return {}


def test_frames_are_resized_where_it_is_asked(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", FRAMES)
    for asked, shape in (([24], (24, 32, 3)), ([40, 20], (40, 20, 3))):
        report = translate_film(translator(), source, tmp_path / f"{asked[0]}.mp4", FINE, size=asked)
        shown = pictures(report.path)
        assert shown[0].shape == shape
        assert difference(shown[4].mean(), FRAMES[4].mean()) < 3


def test_a_driver_draws_what_is_translated_at_its_own_size(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", FRAMES, sound=True)
    driver = Sometimes()
    report = translate_film(translator(-1), source, tmp_path / "held.mp4", FINE, driver=driver, size=(32, 40))
    assert (driver.seen, report.frames, report.held, report.skipped) == (3, 12, 4, 0)
    shown = pictures(report.path)
    assert shown[0].shape == (32, 40, 3)
    assert difference(shown[4], np.full_like(shown[4], 255 - int(FRAMES[4].mean()))) < 3
    assert difference(shown[5], shown[4]) < 3
    skip = FilmOptions(quality=1, absent="skip")
    report = translate_film(translator(), source, tmp_path / "skipped.mp4", skip, driver=Sometimes(), size=(32, 40))
    assert (report.frames, report.held, report.skipped) == (8, 0, 4)
    assert seconds(report.path) == [time for index, time in enumerate(seconds(source)) if index % 3 != 2]
    error = FilmOptions(absent="error")
    with pytest.raises(FilmError, match=r"film\.mp4, frame 3: the driver sometimes finds nothing"):
        translate_film(translator(), source, tmp_path / "error.mp4", error, driver=Sometimes(), size=(32, 40))


def test_a_missing_package_is_named() -> None:
    """Without PyAV, anything of films says what to type."""
    code = (
        "import importlib.util as util; real = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'av' else real(name, *rest)\n"
        "import sys; from pix2pix.commands.data import main\n"
        "sys.exit(main(['make', 'film.mp4', '--driver', 'edges', '-o', 'pairs']))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr.strip().endswith("not installed. Type: pip install 'pix2pix-lightning[video]'")


def test_mistakes_are_told_before_any_work(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", FRAMES)
    (tmp_path / "there.mp4").write_text("mine")
    (tmp_path / "text.mp4").write_text("no film")
    for film, result, said in (
        (source, "there.mp4", "there.mp4: is there already"),
        (source, "result.webm", "found the suffix '.webm'"),
        (source, "nowhere/result.mp4", "there is no folder"),
        (tmp_path / "no.mp4", "result.mp4", "no.mp4: there is no such file"),
        (tmp_path / "text.mp4", "result.mp4", "text.mp4: cannot be read as a film"),
    ):
        with pytest.raises(FilmError, match=said):
            translate_film(translator(), film, tmp_path / result)
    assert (tmp_path / "there.mp4").read_text() == "mine"
    assert not list(tmp_path.glob("*.partial*"))
    for wrong in ({"smoothing": 1.0}, {"quality": 60}):
        with pytest.raises(FilmError, match=r"expected 0"):
            FilmOptions(**wrong)


@pytest.mark.skipif(not TECHNICIAN.is_file(), reason=f"needs {TECHNICIAN}")
def test_every_other_stream_is_copied(tmp_path: Path) -> None:
    report = translate_film(translator(-1), TECHNICIAN, tmp_path / "result.mp4", FilmOptions(preset="ultrafast"))
    assert seconds(report.path) == seconds(TECHNICIAN)
    with av.open(TECHNICIAN) as before, av.open(report.path) as after:
        for one, other in zip(before.streams, after.streams, strict=True):
            assert (one.type, one.language, one.disposition) == (other.type, other.language, other.disposition)
    for stream in (1, 2, 3, 4, 5):
        assert packets(report.path, stream) == packets(TECHNICIAN, stream)
    with pytest.raises(FilmError, match=r"cannot hold stream 2 \(subtitle, mov_text\), stream 5"):
        translate_film(translator(), TECHNICIAN, tmp_path / "result.mkv")
    alone = translate_film(
        translator(), TECHNICIAN, tmp_path / "alone.mkv", FilmOptions(preset="ultrafast", others=False)
    )
    with av.open(alone.path) as film:
        assert len(film.streams) == 1


@pytest.mark.skipif(not CARPHONE.is_file(), reason=f"needs {CARPHONE}")
def test_a_film_of_30000_1001_frames_a_second(tmp_path: Path) -> None:
    report = translate_film(translator(), CARPHONE, tmp_path / "result.mp4", FilmOptions(preset="ultrafast"))
    assert seconds(report.path) == [Fraction(1001 * index, 30000) for index in range(120)]
    with av.open(report.path) as film:
        assert film.streams.video[0].average_rate == Fraction(30000, 1001)


@pytest.mark.parametrize("name", ["12:30:05.mp4", "take:1.mp4", "file:x.mp4", "caf\udce9.mp4"])
def test_names_that_look_like_addresses_or_are_no_text(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_film(tmp_path / "film.mp4", FRAMES)
    (tmp_path / "film.mp4").rename(name)
    Path("a:b").mkdir()
    report = translate_film(translator(), Path(name), Path("a:b") / name, FINE)
    assert (report.frames, report.cut) == (len(FRAMES), None)
    with Film(Path("a:b") / name) as film:
        assert sum(1 for _ in film.frames()) == len(FRAMES)


def test_two_that_write_one_film_do_not_mix(tmp_path: Path) -> None:
    """The second is refused as long as the first writes; what nobody writes any more is replaced, if asked for."""
    source = write_film(tmp_path / "film.mp4", [patches(index) for index in range(12)])
    target = tmp_path / "result.mp4"
    told = []

    def second(done: int, of: int) -> None:
        if done == 6:
            with pytest.raises(FilmError, match=r"result\.partial\.mp4: another process writes it") as error:
                translate_film(translator(), source, target, replace(FINE, overwrite=True))
            told.append(str(error.value))

    translate_film(translator(), source, target, replace(FINE, overwrite=True), progress=second)
    assert len(told) == 1
    assert seconds(target) == seconds(source)
    (tmp_path / "result.partial.mp4").write_bytes(b"left by one that was killed")
    translate_film(translator(), source, target, replace(FINE, overwrite=True))
    assert seconds(target) == seconds(source)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "result.mp4"]


def test_a_link_in_the_place_of_a_partial_film_is_not_written_through(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", [patches(index) for index in range(12)])
    precious = tmp_path / "precious.txt"
    precious.write_text("kept")
    (tmp_path / "result.partial.mp4").symlink_to(precious)
    translate_film(translator(), source, tmp_path / "result.mp4", replace(FINE, overwrite=True))
    assert precious.read_text() == "kept"
    assert not (tmp_path / "result.partial.mp4").is_symlink()


@pytest.mark.parametrize("name", ["result.mp4", "result.partial.mp4"])
def test_the_film_that_is_read_is_not_overwritten(name: str, tmp_path: Path) -> None:
    """What is left of a killed translation is a film like others, and may be what is translated next."""
    source = write_film(tmp_path / name, [patches(index) for index in range(12)])
    before = source.read_bytes()
    with pytest.raises(FilmError, match=f"{name}: is the film that is read"):
        translate_film(translator(), source, tmp_path / "result.mp4", replace(FINE, overwrite=True))
    assert source.read_bytes() == before
