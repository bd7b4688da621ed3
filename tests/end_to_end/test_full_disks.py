"""A disk that fills up while a command writes: status 1 with a word, no traceback, and whatever was there is as it was.

pytest -m slow tests/end_to_end/test_full_disks.py

Each case has a file system of its own, of so many KiB, in name spaces of its own, which need no rights.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.end_to_end.running_command import TINY, RunningCommand
from tests.evaluation.untrained_runs import untrained
from tests.training.stopped_run import assert_same_run

from pix2pix.pictures.codecs import write_picture

SPACES = ("unshare", "--user", "--map-root-user", "--mount")
TRAINING = tuple(range(40, 600, 40))  # KiB; a checkpoint has some 150, a draft lies beside the last and the best
EXPORTS = {"model.onnx": (0, 12), "model.xml": (0, 12), "model.safetensors": (0, 12), "translated": (0, 12)}
PATIENCE = 600.0


def has_spaces() -> bool:
    try:
        return subprocess.run([*SPACES, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


pytestmark = [pytest.mark.slow, pytest.mark.skipif(not has_spaces(), reason="needs name spaces for a small disk")]


def on_a_small_disk(disk: Path, kib: int, words: Sequence[str], kept: Path) -> subprocess.CompletedProcess[str]:
    """A command whose `disk` has so many KiB; what is on it at its end is copied to `kept`."""
    disk.mkdir(exist_ok=True)
    script = (
        f"mount -t tmpfs -o size={max(kib, 4)}k none {shlex.quote(str(disk))} || exit 99;"
        f' "$@"; status=$?; cp -r {shlex.quote(str(disk))} {shlex.quote(str(kept))}; exit $status'
    )
    return subprocess.run(
        [*SPACES, "sh", "-c", script, "sh", sys.executable, "-m", *words],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def assert_told(ran: subprocess.CompletedProcess[str]) -> None:
    said = ran.stdout + ran.stderr
    assert ran.returncode == 1, said
    assert "No space left on device" in said
    assert "Traceback" not in said
    assert "unexpected pos" not in said


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run that had room."""
    folder = tmp_path_factory.mktemp("room") / "run"
    assert RunningCommand.start(folder).status() == 0
    return folder


@pytest.mark.parametrize("kib", TRAINING)
def test_a_training(kib: int, whole: Path, tmp_path: Path) -> None:
    """What it left behind goes on, elsewhere, as if nothing had been."""
    words = ["pix2pix.commands.train", *TINY, f"hydra.run.dir='{tmp_path}/disk/run'"]
    ran = on_a_small_disk(tmp_path / "disk", kib, words, tmp_path / "kept")
    assert_told(ran)
    left = tmp_path / "kept" / "run"
    for file in left.glob("checkpoints/*.ckpt"):
        torch.load(file, weights_only=True)
    if (left / "checkpoints" / "last.ckpt").exists():
        assert RunningCommand.resume(left).status() == 0
        assert_same_run(left, whole, "last", "best_ssim")


@pytest.mark.parametrize(("name", "kib"), [(name, kib) for name, each in EXPORTS.items() for kib in each])
def test_a_result(name: str, kib: int, tmp_path: Path) -> None:
    """No half of a file under the name of a whole one."""
    run = untrained(tmp_path / "run")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(3):
        noise = np.random.default_rng(number).integers(0, 256, (96, 96, 3), np.uint8)
        write_picture(pictures / f"{number}.png", noise)
    place = str(tmp_path / "disk" / name)
    words = (
        ["pix2pix.commands.translate", str(run), str(pictures)]
        if name == "translated"
        else ["pix2pix.commands.export", str(run)]
    )
    ran = on_a_small_disk(tmp_path / "disk", kib, [*words, "-o", place], tmp_path / "kept")
    assert_told(ran)
    if name != "translated":
        assert [path.name for path in (tmp_path / "kept").iterdir()] == []
    shutil.rmtree(tmp_path / "kept")
