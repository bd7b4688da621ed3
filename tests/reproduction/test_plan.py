"""Planning: costs in closed form, and seeds and epochs that fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from pix2pix.errors import ConfigError
from pix2pix.reproduction.methods import Method
from pix2pix.reproduction.plan import SPARE, Cost, Load, Plan, fit_hours

ONE = Cost(start=10.0, image=0.01, picture=0.1, scoring=0.2)


def methods(count: int) -> list[Method]:
    return [Method("labels2photo", "cgan", field=field) for field in range(count)]


def test_a_point_costs() -> None:
    assert ONE.seconds(3, 1000, 50) == pytest.approx(10 + 3 * (10 + 5) + 10)


def test_points_one_after_another_and_side_by_side() -> None:
    second = Cost(0.0, 0.0, 0.0, 0.0)
    hour, half = Cost(3600.0, 0, 0, 0), Cost(1800.0, 0, 0, 0)
    assert Load(1, 1, 1).hours([hour, half, second], seeds=2, epochs=5) == pytest.approx(3.0)
    assert Load(1, 1, 2).hours([hour, half, half], seeds=1, epochs=5) == pytest.approx(1.0)
    assert Load(1, 1, 2).hours([half, half, hour], seeds=1, epochs=5) == pytest.approx(1.5)  # in their order


@pytest.mark.parametrize("jobs", [1, 2, 3])
@pytest.mark.parametrize("hours", [0.5, 3.0, 11.0])
def test_the_plan_fits_and_one_epoch_more_would_not(jobs: int, hours: float) -> None:
    costs, load = dict.fromkeys(methods(7), ONE), Load(1000, 50, jobs)
    seeds, epochs = fit_hours(costs, load, hours, usual_epochs=6)
    assert load.hours(list(costs.values()), seeds=seeds, epochs=epochs) <= hours * SPARE
    assert load.hours(list(costs.values()), seeds=seeds, epochs=epochs + 1) > hours * SPARE


@pytest.mark.parametrize(("epochs_for_three", "expected"), [(2, 2), (3, 3), (6, 3), (16, 4), (20, 5)])
def test_three_seeds_where_half_of_the_usual_epochs_fit_and_more_where_twice_do(
    epochs_for_three: int, expected: int
) -> None:
    costs, load = {Method("labels2photo", "l1"): Cost(0.0, 1.0, 0.0, 0.0)}, Load(3600, 0, 1)
    seeds, epochs = fit_hours(costs, load, (3 * epochs_for_three + 0.01) / SPARE, usual_epochs=6)
    assert seeds == expected
    assert epochs == 3 * epochs_for_three // expected


def test_what_was_typed_stays() -> None:
    costs, load = {Method("labels2photo", "l1"): Cost(0.0, 1.0, 0.0, 0.0)}, Load(3600, 0, 1)
    assert fit_hours(costs, load, 12.1 / SPARE, usual_epochs=6, seeds=2) == (2, 6)
    assert fit_hours(costs, load, 12.1 / SPARE, usual_epochs=6, epochs=4) == (3, 4)
    assert fit_hours(costs, load, 5.1 / SPARE, usual_epochs=6, epochs=4) == (1, 4)


def test_too_few_hours_are_refused_with_what_it_takes() -> None:
    costs, load = {Method("labels2photo", "l1"): Cost(0.0, 1.0, 0.0, 0.0)}, Load(3600, 0, 1)
    with pytest.raises(
        ConfigError, match=r"--hours: found 0.5, .* 1 seed\(s\) and 1 epoch\(s\) take about 1.13 h here"
    ):
        fit_hours(costs, load, 0.5, usual_epochs=6)
    with pytest.raises(ConfigError, match=r"--hours: found 2, .* Type --hours 2.71 or more"):
        fit_hours(costs, load, 2.0, usual_epochs=6, gone=1.5)
    assert fit_hours(costs, load, 2.71, usual_epochs=6, gone=1.5) == (1, 1)


def test_a_plan_is_kept(tmp_path: Path) -> None:
    assert Plan.read(tmp_path) is None
    plan = Plan(("size=tiny",), None, 3.0, 3, 7)
    plan.write(tmp_path)
    assert Plan.read(tmp_path) == plan
    kept = (tmp_path / "plan.json").read_text()
    for damaged in ("{", "[]", "1", kept.replace('"seeds": 3', '"seeds": 1e999'), kept.replace("7", '"7"')):
        (tmp_path / "plan.json").write_text(damaged)
        with pytest.raises(ConfigError, match=r"plan.json cannot be read"):
            Plan.read(tmp_path)
