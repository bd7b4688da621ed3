"""Sweeps of the real command: the table, failed points, points of two ranks, Ctrl-C, and starting again."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from tests.end_to_end.process_group import start

PATIENCE = 600.0  # seconds
TINY = (
    *(
        "data.size=[16,16]",
        "size.base_channels=4",
        "size.discriminator_channels=4",
        "generator.depth=3",
        "discriminator.receptive_field=7",
    ),
    *("trainer.precision=32-true", "callbacks.samples.count=1", "training.log_every_images=5"),
)


def sweep(folder: Path, *arguments: str) -> tuple[int, str]:
    process = start(folder, "train", "-m", *TINY, *arguments)
    output, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, output


def sweep_folder(folder: Path, name: str) -> Path:
    (found,) = (folder / "outputs" / name).iterdir()
    return found


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "table.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def score(point: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((point / "score.json").read_text())
    return content


def settings(point: Path) -> dict[str, Any]:
    record = torch.load(point / "checkpoints" / "last.ckpt", weights_only=True)["pix2pix"]
    return dict(record["settings"])


def test_over_seeds(tmp_path: Path) -> None:
    arguments = ("seed=1,2", "trainer=cpu", "data.train_pairs=5", "data.val_pairs=1", "schedule.epochs=1")
    status, output = sweep(tmp_path, *arguments)
    assert status == 0, output
    folder = sweep_folder(tmp_path, "scenes")
    rows = table(folder)
    assert [(row["point"], row["seed"], row["status"]) for row in rows] == [
        ("seed=1", "1", "finished"),
        ("seed=2", "2", "finished"),
    ]
    for row in rows:
        point = tmp_path / row["folder"]
        assert settings(point)["seed"] == int(row["seed"])
        assert score(point)["overrides"][-5:] == [f"seed={row['seed']}", *arguments[1:]]
        assert float(row["psnr"]) == pytest.approx(score(point)["scores"]["psnr"], rel=1e-5)
    assert rows[0]["psnr"] != rows[1]["psnr"]
    assert (folder / "table.md").read_text().strip() in output

    before = {path: path.stat().st_mtime_ns for path in folder.glob("seed=*/**/*")}
    began = time.monotonic()
    status, output = sweep(tmp_path, *arguments)
    assert status == 0, output
    assert {path: path.stat().st_mtime_ns for path in folder.glob("seed=*/**/*")} == before, time.monotonic() - began
    assert (folder / "table.md").read_text().strip() in output


def paint(folder: Path, seed: int) -> None:
    """Six pairs to train with and one to validate with, side by side."""
    draw = np.random.default_rng(seed)
    for split, count in (("train", 6), ("val", 1)):
        (folder / split).mkdir(parents=True)
        for index in range(count):
            picture = draw.integers(0, 256, (16, 32, 3), dtype=np.uint8)
            Image.fromarray(picture).save(folder / split / f"{index}.png")


@pytest.mark.slow
def test_four_points_of_two_ranks_of_which_one_fails(tmp_path: Path) -> None:
    for seed, name in enumerate(("a", "b", "c", "d")):
        paint(tmp_path / name, seed)
    broken = tmp_path / "c" / "train" / "3.png"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:100])

    arguments = ("data=side_by_side", "data.root=a,b,c,d", "trainer=ddp_cpu", "schedule.epochs=2")
    status, output = sweep(tmp_path, *arguments)
    assert status == 1, output
    assert "1 of 4 points failed: data.root=c" in output
    assert "Traceback" not in output
    folder = sweep_folder(tmp_path, "side_by_side")
    assert [(row["data.root"], row["status"], row["exit_status"]) for row in table(folder)] == [
        ("a", "finished", "0"),
        ("b", "finished", "0"),
        ("c", "failed", "1"),
        ("d", "finished", "0"),
    ]
    assert "c/train/3.png: cannot be read" in (folder / "table.md").read_text()
    for name in ("a", "b", "d"):
        point = folder / f"data.root={name}"
        assert settings(point)["data"]["root"] == str(tmp_path / name)
        assert score(point)["images"] == 12
        assert (point / "train_ddp_process_1.log").exists()  # the second rank was here

    broken.write_bytes(whole)
    scores = {name: (folder / f"data.root={name}" / "score.json").stat().st_mtime_ns for name in ("a", "b", "d")}
    status, output = sweep(tmp_path, *arguments)
    assert status == 0, output
    assert [row["status"] for row in table(folder)] == ["finished"] * 4
    assert settings(folder / "data.root=c")["data"]["root"] == str(tmp_path / "c")
    assert scores == {
        name: (folder / f"data.root={name}" / "score.json").stat().st_mtime_ns for name in ("a", "b", "d")
    }


def of(folder: Path) -> list[psutil.Process]:
    """Processes that run in a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_running_and_the_same_command_goes_on(tmp_path: Path) -> None:
    arguments = (
        *("seed=1,2,3", "trainer=ddp_cpu", "hydra.launcher.jobs=2"),
        *("data.train_pairs=20", "data.val_pairs=1", "schedule.epochs=30"),
    )
    process = start(tmp_path, "train", "-m", *TINY, *arguments)
    deadline = time.monotonic() + PATIENCE
    while len(list(tmp_path.glob("outputs/scenes/*/seed=*/samples/epoch_0002.png"))) < 2:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(of(tmp_path)) >= 5
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + signal.SIGINT, output
    assert of(tmp_path) == []
    folder = sweep_folder(tmp_path, "scenes")
    rows = table(folder)
    assert [(row["status"], row["exit_status"]) for row in rows] == [
        ("stopped", "143"),
        ("stopped", "143"),
        ("waiting", ""),
    ]

    status, output = sweep(tmp_path, *arguments)
    assert status == 0, output
    assert [row["status"] for row in table(folder)] == ["finished"] * 3
    for seed in (1, 2, 3):
        assert score(folder / f"seed={seed}")["images"] == 600
        assert (folder / f"seed={seed}" / ".hydra" / "resume_1").exists() == (seed != 3)
