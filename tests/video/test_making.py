"""`pix2pix data make` as it is typed: pairs that the training reads, parted by time, and what is told."""

from __future__ import annotations

import json
import shlex
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.evaluation.untrained_runs import untrained
from tests.video.films import CARPHONE, difference, patches, write_film

from pix2pix.commands.data import main
from pix2pix.data.sources.side_by_side import SideBySide
from pix2pix.pictures.codecs import read_picture
from pix2pix.settings.compose import check
from pix2pix.video.driver_file import Made, driver_of, made_for, read_made
from pix2pix.video.drivers.landmarks import Landmarks
from pix2pix.video.errors import FilmError

FRAMES = [patches(index) for index in range(20)]


def make(film: Path, folder: Path, *flags: str) -> int:
    return main(["make", str(film), "-o", str(folder), *flags])


def test_pairs_are_parted_by_time_and_the_line_trains_on_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = write_film(tmp_path / "film.mp4", FRAMES)
    folder = tmp_path / "my pairs"
    assert make(film, folder, "--driver", "edges", "--val", "0.2", "--every", "2") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{folder}: 8 pairs to train, 2 to validate, 64 x 48 (width x height)"
    train, val = SideBySide(folder, "train"), SideBySide(folder, "val")
    assert list(train.names) == [f"{number:06d}" for number in range(1, 17, 2)]
    assert list(val.names) == ["000017", "000019"]
    pair = val[1]
    assert difference(pair.target, FRAMES[18]) < 3
    assert set(np.unique(pair.source)) == {0, 255}
    settings, _ = check(shlex.split(said[-1])[2:])
    assert settings["data"]["root"] == str(folder)
    assert settings["data"]["size"] == [48, 64]
    made = read_made(folder)
    assert made == Made("edges", (48, 64), "film.mp4", 2, {"train": 8, "val": 2, "held": 0, "skipped": 0}, {})
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("flags", "shape"), [([], (48, 64)), (["--size", "24"], (24, 32)), (["--size", "40", "80"], (40, 80))]
)
def test_sizes(flags: list[str], shape: tuple[int, int], tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", FRAMES)
    assert make(film, tmp_path / "pairs", "--driver", "edges", *flags) == 0
    assert read_picture(tmp_path / "pairs" / "train" / "000001.png").shape == (shape[0], 2 * shape[1], 3)


@pytest.mark.skipif(not CARPHONE.is_file(), reason=f"needs {CARPHONE}")
def test_a_run_on_landmarks_knows_the_face_that_it_was_trained_on(tmp_path: Path) -> None:
    assert make(CARPHONE, tmp_path / "pairs", "--driver", "landmarks", "--every", "10") == 0
    run = untrained(tmp_path / "run", "data=side_by_side", f"data.root={tmp_path / 'pairs'}")
    made = made_for(run)
    assert made.driver == "landmarks"
    driver, size = driver_of(made, "landmarks", mirror=True)
    assert isinstance(driver, Landmarks)
    assert (size, driver.studied > 0) == ((144, 176), True)
    with pytest.raises(FilmError, match="was trained on drawings by landmarks, and cannot be driven by edges"):
        driver_of(made, "edges")


def test_a_run_on_other_pairs_cannot_be_driven(tmp_path: Path) -> None:
    with pytest.raises(FilmError, match=r"have no driver\.json"):
        made_for(untrained(tmp_path / "run"))
    (tmp_path / "driver.json").write_text(json.dumps({"format": 1, "size": [4, 4], "driver": "edges"}))
    with pytest.raises(FilmError, match="is not what"):
        read_made(tmp_path)
    with pytest.raises(FilmError, match="cannot be read"):
        read_made(tmp_path / "nowhere")


def test_a_film_that_was_cut_off_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_film(tmp_path / "film.mkv", FRAMES, time_base=Fraction(1, 1000), sound=True).read_bytes()
    (tmp_path / "cut.mkv").write_bytes(data[: len(data) // 2])
    assert make(tmp_path / "cut.mkv", tmp_path / "pairs", "--driver", "edges") == 0
    assert "the file was cut off: it holds" in "".join(capsys.readouterr())


def test_a_picture_is_no_film(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_film(tmp_path / "one.mp4", FRAMES[:1])
    assert make(tmp_path / "one.mp4", tmp_path / "pairs", "--driver", "edges") == 2
    assert "holds one frame, so it is a picture rather than a film" in capsys.readouterr().err


def test_mistakes_end_in_words_and_leave_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = write_film(tmp_path / "film.mp4", FRAMES)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.txt").write_text("mine")
    there = sorted(tmp_path.rglob("*"))
    for flags, said in (
        (["--driver", "edges", "-o", "mine"], "mine: is there already"),
        (["--driver", "edges", "-o", "no/pairs"], "there is no folder"),
        (["--driver", "edges", "--val", "1"], "--val is 1.0; expected a share above 0 and below 1"),
        (["--driver", "edges", "--every", "20"], "of the 1 frames that are taken 1 would train, 0 validate"),
        (["--driver", "edges", "--size", "64", "80", "3"], "found 64 80 3"),
        (["--driver", "landmarks"], "found something in 0 of 20 frames"),
        (["--driver", "landmarks", "--absent", "error"], "frame 1: the driver landmarks finds nothing"),
        (["--driver", "pose"], "needs a detector of your own"),
    ):
        words = [str(tmp_path / word) if word in ("mine", "no/pairs") else word for word in flags]
        output = [] if "-o" in words else ["-o", str(tmp_path / "pairs")]
        assert main(["make", str(film), *words, *output]) == 2
        assert said in capsys.readouterr().err
        assert sorted(tmp_path.rglob("*")) == there
    assert make(tmp_path / "no.mp4", tmp_path / "pairs", "--driver", "edges") == 2
    assert "there is no such file" in capsys.readouterr().err
