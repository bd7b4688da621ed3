"""Films come out as players show them: turned, mirrored and cropped as the file says."""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path

import av
import numpy as np
import pytest
from tests.video.films import (
    Picture,
    difference,
    packets,
    patches,
    pictures,
    translator,
    with_box,
    with_matrix,
    write_film,
)

from pix2pix.commands.data import main
from pix2pix.data.sources.side_by_side import SideBySide
from pix2pix.video.errors import FilmError
from pix2pix.video.reading import Film
from pix2pix.video.translating import FilmOptions, translate_film

FINE = FilmOptions(quality=1)
ENTRY = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd+8", b"avc1+78"]

# A quarter turn clockwise takes a point (x, y), y downwards, to (-y, x) beside a shift; ISO/IEC 14496-12 writes points
# as rows: (x, y) (a b; c d). np.rot90 turns anticlockwise. What is applied first stands left.
TURN: dict[int, tuple[int, int, int, int]] = {
    0: (1, 0, 0, 1), 1: (0, 1, -1, 0), 2: (-1, 0, 0, -1), 3: (0, -1, 1, 0),
}  # fmt: skip
MIRROR = {False: (1, 0, 0, 1), True: (-1, 0, 0, 1)}  # left and right change sides


def times(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    a, b, c, d = (np.array(one).reshape(2, 2) @ np.array(other).reshape(2, 2)).flatten().tolist()
    return a, b, c, d


def written(path: Path, turns: int, mirrored: bool, scale: float = 1.0) -> tuple[Path, list[Picture]]:
    """A film whose matrix mirrors it and then turns it clockwise, and its frames as numpy makes them so."""
    frames = [patches(index) for index in range(4)]
    a, b, c, d = (scale * value for value in times(MIRROR[mirrored], TURN[turns]))
    with_matrix(write_film(path, frames), (a, b, 0, c, d, 0, 0, 0, 1))
    return path, [np.rot90(frame[:, ::-1] if mirrored else frame, -turns) for frame in frames]


@pytest.mark.parametrize(("turns", "mirrored"), [*product(range(4), (False, True))])
def test_every_orientation_is_written_upright(turns: int, mirrored: bool, tmp_path: Path) -> None:
    source, upright = written(tmp_path / "film.mp4", turns, mirrored)
    report = translate_film(translator(), source, tmp_path / "result.mp4", FINE)
    for found, expected in zip(pictures(report.path), upright, strict=True):
        assert found.shape == expected.shape
        assert difference(found, expected) < 3
    with av.open(report.path) as film:
        assert next(film.decode(video=0)).rotation == 0
    assert b"rotate" not in report.path.read_bytes()


@pytest.mark.parametrize(("turns", "mirrored"), [(1, False), (2, True), (3, True)])
def test_pairs_are_made_upright(turns: int, mirrored: bool, tmp_path: Path) -> None:
    source, upright = written(tmp_path / "film.mp4", turns, mirrored)
    command = ["make", str(source), "-o", str(tmp_path / "pairs"), "--driver", "edges", "--val", "0.5"]
    assert main(command) == 0
    for split, numbers in (("train", (0, 1)), ("val", (2, 3))):
        pairs = SideBySide(tmp_path / "pairs", split)
        for place, number in enumerate(numbers):
            assert difference(pairs[place].target, upright[number]) < 3


def test_a_matrix_that_also_scales_turns_all_the_same(tmp_path: Path) -> None:
    source, upright = written(tmp_path / "film.mp4", 3, False, scale=2.0)
    with Film(source) as film:
        assert difference(next(film.frames()).picture, upright[0]) < 3


def test_a_film_askew_is_refused(tmp_path: Path) -> None:
    source = write_film(tmp_path / "film.mp4", [patches(0), patches(1)])
    with_matrix(source, (0.7071, 0.7071, 0, -0.7071, 0.7071, 0, 0, 0, 1))
    with pytest.raises(FilmError, match=r"film\.mp4: is to be shown at an angle of -?45 degrees"):
        Film(source)


@pytest.mark.parametrize("turns", range(4))
def test_what_is_cropped_is_not_shown(turns: int, tmp_path: Path) -> None:
    """A clean aperture of 32 x 24, whose middle is 8 right of the picture's and 4 above it; then it is turned."""
    source, _ = written(tmp_path / "film.mp4", turns, False)
    with_box(source, ENTRY, struct.pack(">I4s8i", 40, b"clap", 32, 1, 24, 1, 8, 1, -4, 1))
    report = translate_film(translator(), source, tmp_path / "result.mp4", FINE)
    shown = np.rot90(patches(2)[8:32, 24:56], -turns)
    assert pictures(report.path)[2].shape == shown.shape
    assert difference(pictures(report.path)[2], shown) < 3


def aspect(path: Path) -> Fraction | None:
    with av.open(path) as film:
        return film.streams.video[0].sample_aspect_ratio


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize(("turns", "expected"), [(0, Fraction(16, 11)), (1, Fraction(11, 16))])
def test_pixels_keep_their_shape(turns: int, expected: Fraction, suffix: str, tmp_path: Path) -> None:
    source = tmp_path / "film.mp4"
    with av.open(source, "w") as film:
        video = film.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt, video.sample_aspect_ratio = 64, 48, "yuv420p", Fraction(16, 11)
        film.mux(video.encode(av.VideoFrame.from_ndarray(patches(0), format="rgb24")))
        film.mux(video.encode(None))
    a, b, c, d = TURN[turns]
    with_matrix(source, (a, b, 0, c, d, 0, 0, 0, 1))
    assert aspect(translate_film(translator(), source, tmp_path / f"result{suffix}").path) == expected


def add_cover(film: av.container.OutputContainer) -> None:
    cover = film.add_stream("png")
    cover.width, cover.height, cover.pix_fmt, cover.time_base = 64, 48, "rgb24", Fraction(1, 25)
    cover.disposition = av.stream.Disposition.attached_pic
    film.mux(cover.encode(av.VideoFrame.from_ndarray(patches(9), format="rgb24")))


def add_second(film: av.container.OutputContainer) -> None:
    second = film.add_stream("libx264", rate=25)
    second.width, second.height, second.pix_fmt = 64, 48, "yuv420p"
    for index in range(3):
        film.mux(second.encode(av.VideoFrame.from_ndarray(patches(20 + index), format="rgb24")))
    film.mux(second.encode(None))


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("more", [add_cover, add_second])
def test_the_first_film_is_translated_another_copied_and_a_cover_left_out(
    more: Callable[[av.container.OutputContainer], None], suffix: str, tmp_path: Path
) -> None:
    source = tmp_path / "film.mp4"
    with av.open(source, "w") as film:
        video = film.add_stream("libx264", rate=25, options={"crf": "1"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        frames = [av.VideoFrame.from_ndarray(patches(index), format="rgb24") for index in range(3)]
        encoded = [packet for frame in [*frames, None] for packet in video.encode(frame)]
        more(film)
        film.mux(encoded)
    report = translate_film(translator(-1), source, tmp_path / f"result{suffix}", FINE)
    assert difference(pictures(report.path)[1], 255 - patches(1)) < 3
    with av.open(report.path) as film:
        assert [each.type for each in film.streams] == ["video"] * (1 if more is add_cover else 2)
    if more is add_cover:
        assert report.notes == ["not copied, for they are neither sound, subtitles nor film: stream 1 (cover)"]
    else:
        assert [data for _, data in packets(report.path, 1)] == [data for _, data in packets(source, 1)]


def test_two_fields_that_are_translated_as_one_are_told(tmp_path: Path) -> None:
    source = tmp_path / "film.mp4"
    with av.open(source, "w") as film:
        video = film.add_stream("libx264", rate=25, options={"x264-params": "interlaced=1"})
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        film.mux(video.encode(av.VideoFrame.from_ndarray(patches(0, 64), format="rgb24")))
        film.mux(video.encode(None))
    (note,) = translate_film(translator(), source, tmp_path / "result.mp4").notes
    assert note.startswith("interlaced: ")
