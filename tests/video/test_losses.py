"""What a film says and its result does not is told before any work, once for each film."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from tests.video.films import difference, patches, pictures, translator, write_film
from tests.video.test_translating import Sometimes

from pix2pix.video.making import make_pairs
from pix2pix.video.translating import FilmOptions, translate_film

FULL = 2  # range of the luma: all numbers


def write(path: Path, layout: str = "yuv420p", encoder: str = "libx264", **context: Any) -> Path:
    """Three frames of `patches`; what is said beside goes to the encoder."""
    options = context.pop("options", {"crf": "1"})
    aspect = context.pop("aspect", None)
    with av.open(path, "w") as film:
        video: Any = film.add_stream(encoder, rate=25, options=options)
        video.width, video.height, video.pix_fmt = 64, 48, layout
        if aspect is not None:
            video.sample_aspect_ratio = aspect
        for name, value in context.items():
            setattr(video.codec_context, name, value)
        for index in range(3):
            frame = av.VideoFrame.from_ndarray(patches(index), format="rgb24")
            reach = context.get("color_range", 1)
            film.mux(video.encode(frame.reformat(format=layout, dst_colorspace=5, dst_color_range=reach)))
        film.mux(video.encode(None))
    return path


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ("10 bits a colour: what is made of it has 8", {"layout": "yuv420p10le"}),
        ("HDR (PQ): its numbers are taken as they are, in 8 bits", {"layout": "yuv420p10le", "color_trc": 16}),
        ("HDR (HLG): its numbers are taken as they are, in 8 bits", {"color_trc": 18}),
        ("interlaced: each picture is two", {"options": {"x264-params": "interlaced=1"}}),
        (
            "not passed on, what it says beside its pictures: how bright it gets",
            {"options": {"x264-params": "cll=1000,400"}},
        ),
    ],
)
def test_what_is_lost_is_told_before_any_work(
    said: str, source: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    film = write(tmp_path / "film.mkv", **source)
    told: list[str] = []
    report = translate_film(translator(), film, tmp_path / "result.mp4", progress=lambda *_: told.append(caplog.text))
    (note,) = report.notes
    assert note.startswith(said)
    assert told[0].count(f"film.mkv: {said}") == told[-1].count(f"film.mkv: {said}") == 1
    caplog.clear()
    make_pairs(film, tmp_path / "pairs", Sometimes(), val=0.6)
    assert caplog.text.count(f"film.mkv: {said}") == 1


def test_a_film_of_8_bits_loses_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    film = write_film(tmp_path / "film.mp4", [patches(index) for index in range(3)])
    assert translate_film(translator(), film, tmp_path / "result.mp4").notes == []
    make_pairs(film, tmp_path / "pairs", Sometimes(), val=0.6)
    assert not caplog.messages


def test_pairs_say_that_they_have_neither_alpha_nor_wide_pixels(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_pairs(write(tmp_path / "alpha.mov", "argb", "qtrle", options={}), tmp_path / "one", Sometimes(), val=0.6)
    assert "alpha.mov: its alpha is left out" in caplog.text
    wide = write(tmp_path / "wide.mp4", aspect=Fraction(16, 11))
    make_pairs(wide, tmp_path / "two", Sometimes(), val=0.6)
    assert "wide.mp4: its pixels are 1.45 times as wide as high, and pairs show them as squares" in caplog.text


def test_a_drawing_has_no_alpha_which_is_said(tmp_path: Path) -> None:
    film = write(tmp_path / "alpha.mov", "argb", "qtrle", options={})
    report = translate_film(translator(), film, tmp_path / "result.mov", driver=Sometimes(), size=(32, 40))
    assert report.notes == ["its alpha is left out: drawings have none"]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_film_of_full_range_keeps_its_colours(suffix: str, tmp_path: Path) -> None:
    film = write(tmp_path / f"film{suffix}", "yuvj420p", color_range=FULL)
    report = translate_film(translator(), film, tmp_path / "result.mp4", FilmOptions(quality=1))
    with av.open(film) as before, av.open(report.path) as after:
        assert (before.streams.video[0].codec_context.color_range, FULL) == (FULL, FULL)
        assert next(after.decode(video=0)).color_range == 1
    assert difference(pictures(report.path)[1], patches(1)) < 3


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_chapters_are_kept(suffix: str, tmp_path: Path) -> None:
    """With their names; where nothing but pictures is copied, they are not."""
    asked: Any = [
        {"id": number, "start": start, "end": start + 60, "time_base": Fraction(1, 1000), "metadata": {"title": title}}
        for number, start, title in ((1, 0, "Dawn"), (2, 60, "Dusk"))
    ]
    with av.open(tmp_path / "film.mkv", "w") as film:
        video: Any = film.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        film.set_chapters(asked)
        for index in range(3):
            film.mux(video.encode(av.VideoFrame.from_ndarray(patches(index), format="rgb24")))
        film.mux(video.encode(None))
    report = translate_film(translator(), tmp_path / "film.mkv", tmp_path / f"result{suffix}")
    alone = translate_film(translator(), tmp_path / "film.mkv", tmp_path / f"alone{suffix}", FilmOptions(others=False))
    with av.open(report.path) as film, av.open(alone.path) as other:
        chapters: Any = film.chapters()
        found = [(float(each["start"] * each["time_base"]), each["metadata"]["title"]) for each in chapters]
        assert found == [(0.0, "Dawn"), (0.06, "Dusk")]
        assert not other.chapters()
