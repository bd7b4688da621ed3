"""The process of one point: trains, then scores; the training is a few lines here, and so is the scoring."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pix2pix.settings.overrides import run_folder

PROGRAM = """
import sys, types
from pathlib import Path
from pix2pix.reproduction import point

point.TRAIN = (sys.executable, "-S", "-c", Path(sys.argv.pop(1)).read_text())
scoring = types.ModuleType("pix2pix.reproduction.scoring")
scoring.score_point = lambda folder, judge: (folder / "scored.txt").write_text(judge)
sys.modules["pix2pix.reproduction.scoring"] = scoring
sys.exit(point.main())
"""
TRAINING = """
import pathlib, signal, sys, time
settings = dict(argument.split("=", 1) for argument in sys.argv[1:])
folder = pathlib.Path(settings["hydra.run.dir"].strip("'"))

def save(number, frame):
    time.sleep(0.3)
    (folder / "saved.txt").touch()
    sys.exit(128 + number)

signal.signal(signal.SIGTERM, save)
(folder / "began.txt").touch()
time.sleep(float(settings.get("seconds", 0)))
if "status" in settings:
    sys.exit(int(settings["status"]))
(folder / "score.json").write_text("{}")
"""


def command(folder: Path, *arguments: str) -> list[str]:
    training = folder / "training.py"
    training.write_text(TRAINING)
    return [sys.executable, "-c", PROGRAM, str(training), "none", *arguments, f"hydra.run.dir='{folder}'"]


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


def test_trained_then_scored_and_the_next_time_only_scored(tmp_path: Path) -> None:
    assert subprocess.run(command(tmp_path), check=False).returncode == 0
    assert (tmp_path / "scored.txt").read_text() == "none"
    (tmp_path / "scored.txt").unlink()
    assert subprocess.run(command(tmp_path, "status=9"), check=False).returncode == 0
    assert (tmp_path / "scored.txt").exists()


def test_a_training_that_fails_is_not_scored(tmp_path: Path) -> None:
    assert subprocess.run(command(tmp_path, "status=7"), check=False).returncode == 7
    assert not (tmp_path / "scored.txt").exists()


def test_a_signal_to_the_group_waits_for_the_training_to_save(tmp_path: Path) -> None:
    process = subprocess.Popen(command(tmp_path, "seconds=60"), start_new_session=True)
    wait_for(tmp_path / "began.txt")
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(30) == 128 + signal.SIGTERM
    assert (tmp_path / "saved.txt").exists()
    assert not (tmp_path / "scored.txt").exists()


def test_the_training_saves_and_ends_where_its_starter_is_killed(tmp_path: Path) -> None:
    starter = "import subprocess, sys; subprocess.Popen(sys.argv[1:], start_new_session=True).wait()"
    process = subprocess.Popen([sys.executable, "-c", starter, *command(tmp_path, "seconds=60")])
    wait_for(tmp_path / "began.txt")
    process.kill()
    process.wait()
    wait_for(tmp_path / "saved.txt")


@pytest.mark.parametrize("argument", ["resume='/a b/c'", "hydra.run.dir='/a b/c'"])
def test_the_folder_that_arguments_name(argument: str) -> None:
    assert run_folder(["seed=1", argument]) == Path("/a b/c")
