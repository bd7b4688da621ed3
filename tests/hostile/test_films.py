"""Damaged films: whatever is in one, it is read as far as it goes, or refused in words, in bounded time and memory."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.hostile.mutate import try_mutants
from tests.video.films import patches, translator, write_avi, write_film, write_timed

from pix2pix.video.errors import FilmError
from pix2pix.video.reading import Film, count_frames
from pix2pix.video.translating import FilmOptions, translate_film

FRAMES = [patches(index) for index in range(30)]
KINDS = ("sound.mp4", "index_first.mp4", "varying.mov", "film.mkv", "film.avi", "film.ts")


def make(path: Path) -> Path:
    """A film of a second, by its name."""
    if path.suffix == ".avi":
        return write_avi(path, [index for index in range(30) if index % 7], "mjpeg")
    if path.stem == "varying":
        return write_timed(path, FRAMES, [index * index for index in range(31)], time_base=Fraction(1, 600), bf="3")
    if path.stem == "index_first":
        return write_film(path, FRAMES, sound=True, movflags="faststart")
    return write_film(path, FRAMES, sound=True)


def read(path: Path) -> int:
    """As `data make` does: the frames are counted, then read. Returns how many."""
    count_frames(path)
    with Film(path) as film:
        return sum(1 for _ in film.items())


def rewrite(path: Path) -> int:
    """As `translate` does, by a network that changes nothing."""
    with TemporaryDirectory() as folder:
        options = FilmOptions(preset="ultrafast")
        return translate_film(translator(), path, Path(folder) / "result.mp4", options).frames


def told(reader: Callable[[Path], int]) -> Callable[[Path], int]:
    """The reader, whose errors say what they say and no more.

    FFmpeg calls a count beyond its bounds a lack of memory, which the film's reader puts right; the memory that is
    really taken is measured.
    """

    def read_and_tell(path: Path) -> int:
        try:
            return reader(path)
        except FilmError as error:
            said = str(error)
        raise FilmError(said)

    return read_and_tell


@pytest.mark.parametrize("kind", KINDS)
def test_some_damaged_films(kind: str, tmp_path: Path) -> None:
    report = try_mutants(told(read), make(tmp_path / kind), count=6, seed=1, folder=tmp_path, clean=(FilmError,))
    assert not report.faults, report
    assert report.counts.total() == 6


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_damaged_films_are_read(kind: str, tmp_path: Path) -> None:
    report = try_mutants(told(read), make(tmp_path / kind), count=1000, seed=2, folder=tmp_path, clean=(FilmError,))
    assert not report.faults, report
    assert min(report.counts["clean"], report.counts["accepted"]) > 20


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS[:2])
def test_a_thousand_damaged_films_are_translated(kind: str, tmp_path: Path) -> None:
    report = try_mutants(told(rewrite), make(tmp_path / kind), count=1000, seed=3, folder=tmp_path, clean=(FilmError,))
    assert not report.faults, report
