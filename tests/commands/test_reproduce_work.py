"""The command without its trainings: mistakes in words, the plan that is kept, and what is found in a folder."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.reproduction.invented import finish, setting

from pix2pix.commands import reproduce
from pix2pix.commands import reproduce_work as command
from pix2pix.errors import ConfigError
from pix2pix.reproduction import TABLES, judging, preparation
from pix2pix.reproduction.methods import Method, Setting
from pix2pix.reproduction.points import FINISHED_BY, point_folder, points
from pix2pix.reproduction.preparation import find_classes
from pix2pix.segmentation_score import judge
from pix2pix.sweeping.point import Point, Result

METHODS = [Method("labels2photo", "l1"), Method("labels2photo", "cgan", field=16)]


def arguments(**changed: Any) -> argparse.Namespace:
    usual: dict[str, Any] = {"overrides": [], "hours": None, "seeds": None, "jobs": 1, "output": None, "plan": False}
    return argparse.Namespace(**{**usual, "tables": TABLES, **changed})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["siez=tiny"], "pix2pix reproduce: siez is no setting. Nearest: type size=tiny"),
        (["objective=l1"], "pix2pix reproduce: objective=l1: the points of the tables set objective themselves"),
        (["data=side_by_side", "data.root=/nowhere"], "pix2pix reproduce: data.root: there is no folder '/nowhere'"),
        (["data.size=[32,32]"], "pix2pix reproduce: data.size: found a side of 32 pixels, and the table of receptive"),
        (["data=side_by_side"], "pix2pix reproduce: data.root is not set"),
    ],
    ids=lambda each: each[-1] if isinstance(each, list) else "",
)
def test_mistakes_are_told_before_anything_is_made(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert reproduce.main(words) == 2
    assert capsys.readouterr().err.startswith(said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--hours", "0"], "expected a number of hours above 0"),
        (["--seeds", "x"], "expected a whole number of at least 1"),
        (["--tables", "losses,color"], "there is no table 'color'"),
    ],
)
def test_flags_are_checked(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        reproduce.main(words)
    assert said in capsys.readouterr().err


def test_words_and_flags_may_be_mixed() -> None:
    parsed = reproduce._parser().parse_intermixed_args(["size=small", "--hours", "2", "trainer=cpu"])
    assert parsed.overrides == ["size=small", "trainer=cpu"]
    assert parsed.hours == 2


def test_a_judge_that_has_changed_or_appeared_is_taken_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one was made again, or after a refusal, what was said of it before is forgotten."""
    place = tmp_path / "judges" / "key"
    asked: list[str] = []

    def run(points: list[Point], folder: Path, **_: Any) -> list[Result]:
        (point,) = points
        path = point.folder / judging.FILE
        if not path.exists():
            asked.append("made")
            path.parent.mkdir(parents=True, exist_ok=True)
            there = (place / judge.FILE).exists()
            path.write_text(
                json.dumps(
                    {"place": str(place), "folder": str(place), "digest": Digest(place).digest}
                    if there
                    else {"place": str(place), "folder": None, "digest": None, "refused": "no better than guessing"}
                )
            )
        return [Result(point, "finished")]

    class Digest:
        def __init__(self, place: Path) -> None:
            self.digest = (place / judge.FILE).read_text()

    monkeypatch.setattr(preparation, "run_points", run)
    monkeypatch.setattr(judge.Judge, "load", Digest)
    assert preparation.make_judge(setting(), tmp_path / "out")["digest"] is None
    assert preparation.make_judge(setting(), tmp_path / "out")["digest"] is None
    assert len(asked) == 1
    place.mkdir(parents=True)
    for content, times in (("first", 2), ("first", 2), ("second", 3)):
        (place / judge.FILE).write_text(content)
        assert preparation.make_judge(setting(), tmp_path / "out")["digest"] == content
        assert len(asked) == times


def test_classes_are_found_in_labels_of_colours(tmp_path: Path) -> None:
    for name in ("train", "val"):
        (tmp_path / "pairs" / name).mkdir(parents=True)
        for index in range(3):
            pair = np.zeros((32, 64, 3), np.uint8)
            pair[:, :32] = np.random.default_rng(index).integers(0, 256, (32, 32, 3))  # the photo, left
            pair[:20, 32:] = (255, 0, 0)
            Image.fromarray(pair).save(tmp_path / "pairs" / name / f"{index}.png")
    shared = command._setting(["data=side_by_side", f"data.root={tmp_path / 'pairs'}"])
    assert shared.direction == ("b", "a")
    assert set(find_classes(shared, tmp_path)) == {(255, 0, 0), (0, 0, 0)}
    assert json.loads((tmp_path / "palette.json").read_text()) == [[255, 0, 0], [0, 0, 0]]

    turned = command._setting([*shared.overrides[:2], "data.direction=a_to_b"])
    (tmp_path / "other").mkdir()
    with pytest.raises(ConfigError, match=r"data.direction=a_to_b: its sources do not look like labels"):
        find_classes(turned, tmp_path / "other")


def test_scores_of_another_judge_are_forgotten_but_not_the_training(tmp_path: Path) -> None:
    labels, colour = METHODS[0], Method("colour", "l1")
    shared: Setting = setting()
    for method in (labels, colour):
        finish(tmp_path, method, 0, [0.5, 0.6])
    asked = points([labels, colour], shared, seeds=1, epochs=1, folder=tmp_path)
    finished = [point_folder(tmp_path, method, 0) / FINISHED_BY for method in (labels, colour)]
    command._forget_old_scores(asked, {"digest": "abc"})
    assert all(path.exists() for path in finished)
    command._forget_old_scores(asked, {"digest": "another"})
    assert [path.exists() for path in finished] == [False, True]
    (finished[1].parent / "evaluation" / "val" / "metrics.json").write_text('{"format": 0}')
    command._forget_old_scores(asked, {"digest": "abc"})
    assert not finished[1].exists()


def test_the_command_is_shown_as_it_can_be_typed() -> None:
    shown = command._typed(
        arguments(hours=3.0, seeds=2, jobs=None, output=Path("a b"), tables=("losses",), overrides=["size=tiny"])
    )
    assert shown == "pix2pix reproduce --hours 3 --seeds 2 --tables losses -o 'a b' size=tiny"
