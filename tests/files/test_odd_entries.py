"""What in a folder is none of a run's files: told with its path; links of honest folders are not."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from pix2pix.files.odd_entries import odd_entries


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder as trainings leave it, with what W&B leaves in its own after a move."""
    run = tmp_path / "run"
    for name in (".hydra/resume_1", "checkpoints", "samples", "evaluation/val", "mlruns/1", "wandb/run-1", "notes"):
        (run / name).mkdir(parents=True)
    for name in ("metrics.csv", "checkpoints/last.ckpt", ".hydra/resume_1/config.yaml", "wandb/run-1/a.wandb"):
        (run / name).touch()
    (run / "wandb" / "latest-run").symlink_to("/gone/with/the/move/run-1")
    (run / "notes" / "pairs").symlink_to(tmp_path)
    return run


def test_honest_folders_have_none(run: Path, tmp_path: Path) -> None:
    (run / "checkpoints" / "chosen.ckpt").symlink_to("last.ckpt")
    (run / "best.ckpt").symlink_to("../run/checkpoints/last.ckpt")
    (run / "samples" / "all").symlink_to("..")  # round in a circle
    (run / ".#notes.txt").symlink_to("somebody@host.1234:5678")  # as Emacs locks
    assert odd_entries(run) == []
    (tmp_path / "disk").mkdir()
    run.rename(tmp_path / "disk" / "run")
    (tmp_path / "outputs").symlink_to("disk")  # another disk, perhaps
    assert odd_entries(tmp_path / "outputs" / "run") == []
    assert odd_entries(tmp_path / "nothing") == []


@pytest.mark.parametrize(
    "place",
    [
        *(".lock", "train.log", "trackers.json", "wandb", "evaluation_best_ssim", ".hydra/resume_2"),
        *("checkpoints/images_1.ckpt", "evaluation/test", "evaluation/val/metrics.json", "mlruns/1/metrics"),
    ],
)
def test_links_that_lead_out(run: Path, tmp_path: Path, place: str) -> None:
    shape = tmp_path / "elsewhere"  # which need not be there
    if (run / place).is_dir():
        (run / place).rename(shape)
    (run / place).symlink_to(os.path.relpath(shape, (run / place).parent))
    assert odd_entries(run) == [f"{place}: a link to {shape}"]
    assert odd_entries(run, place.partition("/")[0]) == [f"{place}: a link to {shape}"]
    assert odd_entries(run, "metrics.csv") == []


def test_links_by_way_of_links(run: Path, tmp_path: Path) -> None:
    (run / "notes" / "within").mkdir()
    (run / "notes" / "within" / "epoch_0001.png").symlink_to(tmp_path / "private.png")
    (run / "samples").rmdir()
    (run / "samples").symlink_to("notes/within")
    (run / "train.log").symlink_to("notes/pairs/log")
    assert odd_entries(run) == [
        f"samples/epoch_0001.png: a link to {tmp_path / 'private.png'}",
        f"train.log: a link to {tmp_path / 'log'}",
    ]


def test_what_is_neither_file_nor_folder(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(run / "samples" / "epoch_0001.png")
    (run / "score.json").symlink_to("samples/epoch_0001.png")
    (run / "trackers.json").symlink_to(os.devnull)
    monkeypatch.chdir(run)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s")
        assert odd_entries(run) == [
            "s: a socket",
            "samples/epoch_0001.png: a fifo",
            "score.json: a fifo",
            f"trackers.json: a link to {os.devnull}",
        ]
