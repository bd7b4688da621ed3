"""Run folders that somebody else made: nothing is written where they lead, and nothing waits for ever."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.end_to_end.conftest import Command
from tests.settings.test_recorded import recorded
from tests.training.stopped_run import TINY, checkpoint

from pix2pix.runs.trust import VARIABLE

SECONDS = 60.0


@pytest.fixture(autouse=True)
def _untrusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """One that was stopped before its first checkpoint."""
    recorded(tmp_path / "run" / ".hydra", *TINY)
    return tmp_path / "run"


@pytest.fixture
def private(tmp_path: Path) -> Path:
    folder = tmp_path / "private"
    (folder / "folder").mkdir(parents=True)
    (folder / "thesis.txt").write_text("five years of work\n")
    for name in ("last.ckpt", "epoch_0001.png", "kept.partial"):
        (folder / "folder" / name).write_text("mine\n")
    return folder


def contents(folder: Path) -> dict[str, str | None]:
    return {str(path.relative_to(folder)): path.read_text() if path.is_file() else None for path in folder.rglob("*")}


LINKS = {
    ".lock": "thesis.txt",
    "train.log": "thesis.txt",
    "metrics.csv": "thesis.txt",
    ".metrics.csv.draft": "thesis.txt",
    "checkpoints": "folder",
    "samples": "folder",
    "tensorboard": "new",
    ".hydra/resume_1": "folder",
}


@pytest.mark.parametrize("name", LINKS)
def test_a_run_is_not_continued_out_of_its_folder(run: Path, private: Path, pix2pix_train: Command, name: str) -> None:
    (run / name).symlink_to(private / LINKS[name])
    before = contents(private)
    status, printed = pix2pix_train("resume=run")
    assert status == 2
    assert f"  {name}: a link to {private / LINKS[name]}\n" in printed
    assert "--trust" in printed
    assert contents(private) == before


def test_nor_is_a_new_one_begun_there(tmp_path: Path, private: Path, pix2pix_train: Command) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "train.log").symlink_to(private / "thesis.txt")
    before = contents(private)
    status, printed = pix2pix_train(*TINY, "hydra.run.dir=new")
    assert status == 2
    assert f"train.log: a link to {private / 'thesis.txt'}" in printed
    assert contents(private) == before


@pytest.mark.parametrize("whose", ["", "seed=1/"])
def test_nor_is_a_sweep(tmp_path: Path, private: Path, pix2pix_train: Command, whose: str) -> None:
    for name in ("multirun.yaml", "console.log"):
        place = tmp_path / "sweep" / whose / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(private / "thesis.txt")
    before = contents(private)
    status, printed = pix2pix_train("-m", *TINY, "seed=1,2", "hydra.sweep.dir=sweep")
    assert status == 2
    assert f"console.log: a link to {private / 'thesis.txt'}" in printed
    assert contents(private) == before


def continued(run: Path) -> str:
    """What `pix2pix train resume=` says, which is refused at once."""
    command = [sys.executable, "-m", "pix2pix.commands.train", f"resume='{run}'"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    return ended.stderr


FIFOS = (
    *("metrics.csv", ".lock", "train.log", "score.json", "trackers.json", "checkpoints/last.ckpt"),
    *(".hydra/hydra.yaml", ".hydra/overrides.yaml"),
)


def test_nobody_waits_for_a_fifo(run: Path) -> None:
    (run / "checkpoints").mkdir()
    for name in FIFOS:
        os.mkfifo(run / name)
    said = continued(run)
    for name in FIFOS:
        assert f"  {name}: a fifo\n" in said


def test_settings_that_are_a_fifo(run: Path) -> None:
    (run / ".hydra" / "config.yaml").unlink()
    os.mkfifo(run / ".hydra" / "config.yaml")
    assert "is no run folder: it has no .hydra/config.yaml" in continued(run)


def moved_to_another_disk(run: Path) -> None:
    disk = run.parent / "disk"
    disk.mkdir()
    run.rename(disk / "theirs")
    run.symlink_to("disk/theirs")


def with_links_within(run: Path) -> None:
    (run / "best.ckpt").symlink_to("checkpoints/best_ssim.ckpt")
    (run / "wandb").mkdir()
    (run / "wandb" / "latest-run").symlink_to("/gone/run")


def with_checkpoints_elsewhere(run: Path) -> None:
    (run / "checkpoints").rename(run.parent / "large")
    (run / "checkpoints").symlink_to("../large")


@pytest.mark.parametrize(
    ("change", "flags"),
    [(moved_to_another_disk, []), (with_links_within, []), (with_checkpoints_elsewhere, ["--trust"])],
)
def test_ones_own_links_are_followed(
    tmp_path: Path, pix2pix_train: Command, change: Callable[[Path], None], flags: list[str]
) -> None:
    assert pix2pix_train(*TINY, "schedule.epochs=1", "hydra.run.dir=run")[0] == 0
    change(tmp_path / "run")
    assert pix2pix_train(*flags, "resume=run", "schedule.epochs=2")[0] == 0
    assert checkpoint(tmp_path / "run")["PairedData"]["epoch"] == 2
