"""A clock that stands wrong, or jumps while a run is stopped, moves nothing of the run but its date.

pytest -m slow tests/end_to_end/test_clocks.py
"""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from tests.end_to_end.running_command import RunningCommand
from tests.training.stopped_run import assert_same_run

# Python reads this before anything else: seconds are added to the clock of the wall, as a wrong battery does.
WRONG = """
import os, time
right, ahead = time.time, float(os.environ.get("SECONDS_AHEAD", "0"))
time.time = lambda: right() + ahead
time.time_ns = lambda: int(time.time() * 1e9)
"""
YEAR = 365 * 86_400
CLOCKS = {"first behind, then ahead": (-50 * YEAR, 60 * YEAR), "first ahead, then behind": (60 * YEAR, -50 * YEAR)}


@pytest.mark.slow
@pytest.mark.parametrize("case", CLOCKS)
def test_the_run_is_the_same(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(WRONG)
    whole, run = tmp_path / "whole", tmp_path / "run"
    assert RunningCommand.start(whole).status() == 0
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    before, after = CLOCKS[case]
    monkeypatch.setenv("SECONDS_AHEAD", str(before))
    started = RunningCommand.start(run)
    started.wait_for_images(150)
    started.signal(signal.SIGTERM)
    assert started.status() == 143
    monkeypatch.setenv("SECONDS_AHEAD", str(after))
    assert RunningCommand.resume(run).status() == 0
    assert_same_run(run, whole, "last", "best_ssim")
