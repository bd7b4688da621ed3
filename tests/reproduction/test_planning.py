"""The plan that is kept, and how it is told."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from tests.reproduction.invented import setting

from pix2pix.errors import ConfigError
from pix2pix.reproduction import planning
from pix2pix.reproduction.methods import Method
from pix2pix.reproduction.plan import Cost, Load, Plan

METHODS = [Method("labels2photo", "l1"), Method("labels2photo", "cgan", field=16)]


@pytest.fixture
def costs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Points of an hour an epoch; the list grows with each measurement."""
    measured: list[int] = []

    def measure(chosen: list[Method], *_: Any) -> tuple[dict[Method, Cost], Load]:
        measured.append(1)
        return dict.fromkeys(chosen, Cost(0.0, 1.0, 0.0, 0.0)), Load(3600, 0, 1)

    monkeypatch.setattr(planning, "measure_speed", measure)
    return measured


def planned(folder: Path, **changed: Any) -> Plan:
    usual: dict[str, Any] = {"seeds": None, "hours": None, "jobs": 1}
    return planning.make_plan(setting(), METHODS, folder, **usual | changed)


def test_without_hours_three_seeds_and_the_usual_epochs(tmp_path: Path, costs: list[int]) -> None:
    plan = planned(tmp_path)
    assert (plan.seeds, plan.epochs) == (3, 6)
    assert costs == []


def test_a_continuation_keeps_the_plan_however_late_it_is(tmp_path: Path, costs: list[int]) -> None:
    plan = planned(tmp_path, hours=40.0)
    assert (plan.seeds, plan.epochs) == (3, 6)
    plan.write(tmp_path)
    assert planned(tmp_path, hours=40.0, hours_gone=30.0) == plan
    assert len(costs) == 1


def test_points_of_other_epochs_are_not_mixed(tmp_path: Path, costs: list[int]) -> None:
    planned(tmp_path, hours=40.0).write(tmp_path)
    (tmp_path / "points" / "x").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"holds points of 6 epochs, and this would be 12: .*\(--hours 40\)"):
        planned(tmp_path, hours=80.0, seeds=3)
    assert planned(tmp_path, seeds=5).seeds == 5  # more seeds of the same epochs
    more = planned(tmp_path, hours=40.0, seeds=5)
    assert (more.seeds, more.epochs) == (5, 6)


def test_the_plan_is_said(tmp_path: Path, costs: list[int], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    planned(tmp_path, hours=40.0, only_plan=True)
    assert "2 methods × 3 seeds = 6 points of 6 epochs, 1 at a time; 0 are finished" in caplog.text
    assert "Expected: 36.0 hours, until about " in caplog.text
    assert "and the judge before that" in caplog.text
