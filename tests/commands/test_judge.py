"""The command `pix2pix judge`: on a run's checkpoint, twice, and with what can go wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.evaluation.untrained_runs import pairs_folder, untrained

from pix2pix.commands.judge import main
from pix2pix.segmentation_score import training as judge_training

SCENES = ("data.train_pairs=24", "data.val_pairs=6")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return untrained(tmp_path_factory.mktemp("run"), *SCENES)


def judged(*words: Any) -> int:
    return main([str(word) for word in words])


def test_a_judge_is_made_once(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert judged(run, "--judges", tmp_path, "--epochs", 8) == 0
    told = capsys.readouterr().out
    (folder,) = tmp_path.iterdir()
    assert "epoch   8 of 8 · loss " in told
    assert f"The judge is in {folder}" in told
    about = json.loads((folder / "judge.json").read_text())
    assert about["recipe"]["epochs"] == 8
    assert f"judge on real photos    {about['real_photos']['judge']['pixel_accuracy']['value']:.3f} (" in told

    assert judged(run, "--judges", tmp_path) == 0
    told = capsys.readouterr().out
    assert "epoch" not in told
    assert f"{folder} holds the judge of these pictures at this size. To train it anew: --again" in told

    assert judged(run, "--judges", tmp_path, "--epochs", 9) == 2
    assert "leave them out, or type --again" in capsys.readouterr().err

    (folder / "judge.ckpt").write_bytes(b"no judge")
    assert judged(run, "--judges", tmp_path) == 1
    assert "pix2pix judge: " in capsys.readouterr().err
    assert judged(run, "--judges", tmp_path, "--again", "--epochs", 8) == 0
    assert json.loads((folder / "judge.json").read_text())["digest"] == about["digest"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["nowhere"], 2, "pix2pix judge: nowhere is neither a file nor a folder"),
        (["RUN", "--palette", "ff0000,0000ff"], 1, "--palette: the run's sources are labels"),
        (["RUN", "--epochs", "1"], 1, "the judge does not see enough in real photos"),
    ],
    ids=["no run", "palette of labels", "too short"],
)
def test_mistakes_are_told_in_words(
    words: list[str], status: int, said: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judged(*[str(run) if word == "RUN" else word for word in words], "--judges", tmp_path / "judges") == status
    assert said in capsys.readouterr().err
    assert not (tmp_path / "judges").exists()


def test_pictures_that_are_no_labels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = pairs_folder(tmp_path / "pairs", train=6, val=6)
    run = untrained(tmp_path / "run", "data=side_by_side", f"data.root={root}")
    assert judged(run, "--judges", tmp_path / "judges") == 1
    assert "the sources do not look like labels" in capsys.readouterr().err


@pytest.mark.parametrize("palette", ["red", "ff0000", "ff0000,FF0000", "ff0000,00f"])
def test_palettes_that_are_none(palette: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        judged("RUN", "--palette", palette)
    assert ended.value.code == 2
    assert "--palette: " in capsys.readouterr().err


def test_a_judge_that_was_stopped_is_not_there(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(judge_training, "_checked", stopped)
    assert judged(run, "--judges", tmp_path) == 130
    assert "stopped; no judge has been written" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_help_comes_without_torch() -> None:
    environment = os.environ | {"PYTHONPROFILEIMPORTTIME": "1"}
    command = [sys.executable, "-m", "pix2pix.commands.judge", "--help"]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "pix2pix judge RUN --palette" in ran.stdout
    assert not {"torch", "lightning"} & {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
