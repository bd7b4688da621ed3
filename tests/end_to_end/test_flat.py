"""Thousands of steps take no more memory, threads and open files than the first hundreds.

pytest -m slow tests/end_to_end/test_flat.py
"""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest
from tests.end_to_end.running_command import RunningCommand

STEPS = 10_560  # a quarter of what is trained before a release that changes the steps: 42,240
PAIRS = 480  # an epoch: validations, checkpoints and pictures come between
MIB = 2**20


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
def test_memory_threads_and_files(workers: int, tmp_path: Path) -> None:
    epochs = STEPS // PAIRS
    run = RunningCommand.start(
        tmp_path / "run", f"data.train_pairs={PAIRS}", f"schedule.epochs={epochs}", f"data.num_workers={workers}"
    )
    seen = []
    for epoch in range(epochs // 4, epochs, epochs // 8):
        run.wait_for_images(epoch * PAIRS + PAIRS // 2)
        seen.append(taken(run.process.pid))
    assert run.status() == 0
    memory, threads, files, children = zip(*seen, strict=True)
    assert max(memory) - memory[0] < 16 * MIB
    assert max(threads) == threads[0]
    assert max(files) <= files[0] + 2  # a file that is being written
    assert set(children) == {children[0]}


def taken(pid: int) -> tuple[int, int, int, int]:
    """Bytes, threads, open files and processes."""
    process = psutil.Process(pid)
    return (
        process.memory_info().rss,
        process.num_threads(),
        len(os.listdir(f"/proc/{pid}/fd")),
        len(process.children(recursive=True)),
    )
