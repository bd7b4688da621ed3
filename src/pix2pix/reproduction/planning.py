"""The plan of a folder: that of its first start, or a new one, told in words before anything is trained."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pix2pix.errors import ConfigError
from pix2pix.reproduction import judging
from pix2pix.reproduction.methods import Method, Setting
from pix2pix.reproduction.plan import USUAL_SEEDS, Cost, Load, Plan, fit_hours
from pix2pix.reproduction.points import FINISHED_BY, point_folder
from pix2pix.reproduction.preparation import measure_speed

log = logging.getLogger(__name__)

Speed = tuple[dict[Method, Cost], Load]


def make_plan(
    setting: Setting,
    chosen: Sequence[Method],
    folder: Path,
    *,
    seeds: int | None,
    hours: float | None,
    jobs: int,
    hours_gone: float = 0.0,
    only_plan: bool = False,
) -> Plan:
    """Decide, and say what was decided.

    Args:
        seeds, hours: as typed.
        jobs: points at a time.
        hours_gone: of `hours`, spent already.
        only_plan: nothing will be trained, so the speed is measured in any case.

    Raises ConfigError where the folder holds points of other epochs, or the hours are too few.
    """
    before = Plan.read(folder)
    speed: Speed | None = None
    if before is not None and (before.overrides, before.hours) == (setting.overrides, hours):
        plan = Plan(setting.overrides, seeds, hours, seeds or before.seeds, before.epochs)  # more seeds go on
    else:
        if hours is not None:
            speed = measure_speed(chosen, setting, folder, jobs)
        plan = _new_plan(setting, seeds, hours, hours_gone, speed)
    if before is not None and before.epochs != plan.epochs and any((folder / "points").glob("*")):
        raise ConfigError(
            f"{folder} holds points of {before.epochs} epochs, and this would be {plan.epochs}: type the command as it"
            f" was ({_in_words(before)}), or another -o FOLDER"
        )
    if only_plan and speed is None:
        speed = measure_speed(chosen, setting, folder, jobs)
    finished = sum(
        (point_folder(folder, method, seed) / FINISHED_BY).exists() for method in chosen for seed in range(plan.seeds)
    )
    _say_points(plan, len(chosen), jobs, finished, folder)
    if speed is not None:
        judge_first = only_plan and not (folder / "judge" / judging.FILE).exists()
        _say_hours(plan, speed, 1 - finished / (len(chosen) * plan.seeds), judge_first)
    return plan


def _new_plan(setting: Setting, seeds: int | None, hours: float | None, hours_gone: float, speed: Speed | None) -> Plan:
    usual = int(setting.composed["schedule"]["epochs"])
    if hours is None or speed is None:
        return Plan(setting.overrides, seeds, hours, seeds or USUAL_SEEDS, usual)
    typed_epochs = usual if any(each.startswith("schedule.epochs=") for each in setting.overrides) else None
    fitting = fit_hours(*speed, hours, usual_epochs=usual, gone=hours_gone, seeds=seeds, epochs=typed_epochs)
    return Plan(setting.overrides, seeds, hours, *fitting)


def _say_points(plan: Plan, method_count: int, jobs: int, finished: int, folder: Path) -> None:
    log.info(
        "%d methods × %d seed%s = %d points of %d epoch%s, %d at a time; %d are finished. %s",
        *(method_count, plan.seeds, "s" * (plan.seeds > 1), method_count * plan.seeds),
        *(plan.epochs, "s" * (plan.epochs > 1), jobs, finished, folder),
    )


def _say_hours(plan: Plan, speed: Speed, left: float, judge_first: bool) -> None:
    """`left`: the share of the points that is not finished."""
    costs, load = speed
    hours = left * load.hours(list(costs.values()), seeds=plan.seeds, epochs=plan.epochs)
    end = datetime.now() + timedelta(hours=hours)
    more = ", and the judge before that" if judge_first else ""
    log.info("Expected: %.1f hours, until about %s%s.", hours, end.strftime("%A %H:%M"), more)


def _in_words(plan: Plan) -> str:
    hours = "without --hours" if plan.hours is None else f"--hours {plan.hours:g}"
    seeds = "" if plan.seeds_typed is None else f" --seeds {plan.seeds_typed}"
    return f"{hours}{seeds} {' '.join(plan.overrides)}".strip()
