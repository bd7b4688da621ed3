"""What `pix2pix reproduce` does: check, judge, plan, run what is not finished, and write the page."""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pix2pix.processes.alone import alone
from pix2pix.reproduction import TABLES
from pix2pix.reproduction.methods import Setting
from pix2pix.reproduction.planning import make_plan
from pix2pix.reproduction.points import FINISHED_BY, check_data, check_typed, point_overrides, points
from pix2pix.reproduction.preparation import devices_of, find_classes, make_judge
from pix2pix.reproduction.record import Record
from pix2pix.reproduction.tables import methods, needs_palette, tables
from pix2pix.runs.trust import check_entries
from pix2pix.settings.compose import check
from pix2pix.sweeping.point import Point, Result
from pix2pix.sweeping.sharing import visible_devices
from pix2pix.sweeping.sweep import run_points

log = logging.getLogger(__name__)

MOST_JOBS = 4  # unasked, where there is no GPU


def run_command(arguments: argparse.Namespace) -> int:
    """Plan, run and write; the exit status, 1 where points have failed.

    Raises:
        ConfigError: what was typed, or what the folder holds, does not fit.
        BadPairError: labels cannot be read.
        SweepError: see `sweeping.sweep.run_points`.
        SystemExit: 128 + n after signal n.
    """
    begun = time.monotonic()
    check_typed(arguments.overrides)
    setting = _setting(arguments.overrides)
    shown = tables(arguments.tables, setting)
    folder = (arguments.output or _usual_folder(setting)).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    check_entries(folder)
    check_entries(folder / "points")  # in which each is looked at before it goes on
    with alone(folder, "reproduce"):
        if needs_palette(shown, setting):
            setting = Setting(setting.overrides, setting.composed, find_classes(setting, folder))
        chosen = methods(shown)
        for method in chosen:  # every mistake before anything runs
            _composed(point_overrides(method, setting, seed=0, epochs=setting.composed["schedule"]["epochs"]))
        jobs = arguments.jobs or _usual_jobs(devices_of(setting))
        judge = None
        if not arguments.plan and any(table.task == "labels2photo" for table in shown):
            judge = make_judge(setting, folder)
        plan = make_plan(
            setting,
            chosen,
            folder,
            seeds=arguments.seeds,
            hours=arguments.hours,
            jobs=jobs,
            hours_gone=(time.monotonic() - begun) / 3600,
            only_plan=arguments.plan,
        )
        _composed(point_overrides(chosen[0], setting, seed=0, epochs=plan.epochs))
        asked = points(chosen, setting, seeds=plan.seeds, epochs=plan.epochs, folder=folder)
        if arguments.plan:
            return 0
        plan.write(folder)
        _forget_old_scores(asked, judge)
        record = Record(_typed(arguments), setting, shown, chosen, plan, folder, judge)
        results = _run(asked, record, jobs, devices_of(setting))
    failed = [result.point.name for result in results if result.status != "finished"]
    if failed:
        log.error(
            "%d of %d points failed: %s. The same command tries them again.",
            *(len(failed), len(results), ", ".join(failed)),
        )
    return 1 if failed else 0


def _run(asked: Sequence[Point], record: Record, jobs: int, devices_per_job: int) -> list[Result]:
    """Train and score what is not finished; the page is written anew whenever a point has ended."""

    def ended(result: Result) -> None:
        try:
            record.add(result)
        except Exception:  # hours of training do not end because of a page
            log.exception("The page could not be written now; the points go on.")

    record.write()
    command = [sys.executable, "-m", "pix2pix.reproduction.point", record.judge_folder]
    try:
        return run_points(
            asked, record.folder, jobs=jobs, devices_per_job=devices_per_job, command=command, ended=ended, show=False
        )
    finally:
        record.write()
        log.info("The page: %s", record.folder / "index.html")


def _setting(overrides: Sequence[str]) -> Setting:
    """Compose what all points share. Of a folder of pairs the labels are the right-hand pictures, unless typed."""
    typed = list(overrides)
    composed = _composed(typed)
    has_direction = any(each.startswith("data.direction=") for each in typed)
    experiment = any(each.startswith("experiment=") for each in typed)
    if composed["data"]["name"] != "scenes" and not has_direction and not experiment:
        typed.append("data.direction=b_to_a")
        composed = _composed(typed)
    setting = Setting(tuple(typed), composed)
    check_data(setting)
    return setting


def _composed(overrides: Sequence[str]) -> dict[str, Any]:
    """Checked settings. Raises ConfigError."""
    settings, _ = check([*overrides, "hydra.run.dir=outputs"])
    return settings


def _usual_folder(setting: Setting) -> Path:
    """By data and size, and a hash of all that was typed."""
    composed = setting.composed
    digest = hashlib.sha256("\n".join(sorted(setting.overrides)).encode(errors="surrogatepass")).hexdigest()[:8]
    return Path("outputs", "reproduce", f"{composed['data']['name']}_{composed['size']['name']}_{digest}")


def _forget_old_scores(asked: Sequence[Point], judge: Mapping[str, Any] | None) -> None:
    """What was scored by another judge, by none, or by another version is scored again; nothing is trained again."""
    from pix2pix.evaluation.files import read

    for point in asked:
        path = point.folder / FINISHED_BY
        if not path.is_file():
            continue
        judged_by = json.loads(path.read_text(encoding="utf-8"))["judge"]
        by_another = judge is not None and point.name.startswith("labels2photo") and judged_by != judge["digest"]
        if by_another or read(point.folder / "evaluation" / "val") is None:
            path.unlink()


def _usual_jobs(devices_per_job: int) -> int:
    if devices := visible_devices():
        return max(1, len(devices) // devices_per_job)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_JOBS)


def _typed(arguments: argparse.Namespace) -> str:
    words = ["pix2pix", "reproduce"]
    for option in ("hours", "seeds", "jobs"):
        value = getattr(arguments, option)
        if value is not None:
            words += [f"--{option}", f"{value:g}"]
    if tuple(arguments.tables) != TABLES:
        words += ["--tables", ",".join(arguments.tables)]
    if arguments.output is not None:
        words += ["-o", str(arguments.output)]
    return shlex.join([*words, *arguments.overrides])
