"""The real command, small: a page at the end, and the same tables where it was stopped and killed on its way."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.end_to_end.process_group import start

PATIENCE = 1200.0  # seconds
EPOCHS, PAIRS = 4, 40
SMALL = (
    *("--tables", "losses,generators", "--seeds", "1", "--jobs", "2"),
    *(
        f"data.train_pairs={PAIRS}",
        "data.val_pairs=6",
        f"schedule.epochs={EPOCHS}",
        "size.base_channels=4",
        "size.discriminator_channels=4",
    ),
    *("trainer=cpu", "trainer.precision=32-true"),
)
METHODS = 7


def ended(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in said
    return said


def tree(process: subprocess.Popen[str]) -> list[psutil.Process]:
    head = psutil.Process(process.pid)
    return [head, *head.children(recursive=True)]


def results(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return content


def finished(folder: Path) -> dict[Path, int]:
    """When each finished point's log was last written."""
    return {
        path.parent: (path.parent / "console.log").stat().st_mtime_ns
        for path in folder.glob("points/*/reproduction.json")
    }


def progress(folder: Path) -> int:
    """Epochs of all points that have been trained."""
    return sum(len(set(epochs_trained(log.parent))) for log in folder.glob("points/*/console.log"))


def epochs_trained(point: Path) -> list[str]:
    lines = (point / "console.log").read_text().splitlines()
    return [line.split(" · ")[0] for line in lines if line.startswith("epoch ")]


@pytest.mark.slow
def test_killed_three_times_it_gives_the_tables_of_one_that_never_was(tmp_path: Path) -> None:
    process = start(tmp_path, "reproduce", *SMALL, "-o", "whole")
    said = ended(process)
    assert process.returncode == 0, said
    whole = results(tmp_path / "whole")
    text = (tmp_path / "whole" / "index.html").read_text()
    assert f"{METHODS} of {METHODS} training points are finished" in text
    assert all(row["ours"] for table in whole["tables"] for row in table["rows"])
    assert [each["number"] for each in whole["orderings"]] == [1, 2]
    assert whole["judge"]["folder"], "the judge was refused: the test shows less than it should"

    # Ctrl-C first: all that runs saves and ends.
    folder, rng = tmp_path / "killed", random.Random(0)
    process = start(tmp_path, "reproduce", *SMALL, "-o", "killed")
    deadline = time.monotonic() + PATIENCE
    while not list(folder.glob("points/*/checkpoints/last.ckpt")):
        assert process.poll() is None, ended(process)
        assert time.monotonic() < deadline
        time.sleep(0.05)
    all_of_it = tree(process)
    os.kill(process.pid, signal.SIGINT)
    assert "the same command goes on from here" in ended(process)
    assert process.returncode == 128 + signal.SIGINT
    assert not [each for each in all_of_it if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
    assert (folder / "index.html").exists()

    deaths = sorted(rng.sample(range(progress(folder) + 1, METHODS * EPOCHS - 2), 3))
    for death in deaths:
        before = finished(folder)
        process = start(tmp_path, "reproduce", *SMALL, "-o", "killed")
        while progress(folder) < death:
            assert process.poll() is None, ended(process)
            time.sleep(0.02)
        time.sleep(rng.uniform(0, 2))
        for each in tree(process):
            each.kill()
        process.communicate()
        assert before.items() <= finished(folder).items()  # what was finished was not touched
    process = start(tmp_path, "reproduce", *SMALL, "-o", "killed")
    said = ended(process)
    assert process.returncode == 0, said

    again = results(folder)
    assert again["tables"] == whole["tables"]  # bit for bit: floats are compared as they are
    assert again["orderings"] == whole["orderings"]
    repeated = 0
    for point in (folder / "points").iterdir():
        epochs = epochs_trained(point)
        assert sorted(set(epochs)) == [f"epoch {number}/{EPOCHS}" for number in range(1, EPOCHS + 1)]
        repeated += len(epochs) - EPOCHS
        assert images(point) == images(tmp_path / "whole" / "points" / point.name)
        assert images(point)[-1] == EPOCHS * PAIRS
    # An epoch is told just before its checkpoint is written, and a death may lie between.
    assert repeated <= 2 * len(deaths)


def images(point: Path) -> list[int]:
    with (point / "metrics.csv").open(newline="") as file:
        return [int(row["images"]) for row in csv.DictReader(file)]


@pytest.mark.slow
def test_hours_are_planned_from_what_an_image_costs(tmp_path: Path) -> None:
    arguments = (
        "--tables",
        "colour",
        "--jobs",
        "2",
        "data.train_pairs=40",
        "data.val_pairs=6",
        "size.base_channels=4",
        "size.discriminator_channels=4",
    )
    process = start(tmp_path, "reproduce", *arguments, "--plan", "--hours", "1", "-o", "planned")
    said = ended(process)
    assert process.returncode == 0, said
    assert "5 methods × 5 seeds = 25 points of " in said
    assert "Expected: " in said
    assert not (tmp_path / "planned" / "points").exists()
    process = start(tmp_path, "reproduce", *arguments, "--plan", "--hours", "0.001", "-o", "planned")
    said = ended(process)
    assert process.returncode == 2
    assert "--hours: found 0.001, but 5 methods with 1 seed(s) and 1 epoch(s) take about" in said
