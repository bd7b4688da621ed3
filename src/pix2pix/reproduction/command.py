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
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pix2pix import __version__
from pix2pix.processes.alone import alone
from pix2pix.reproduction import TABLES, judging
from pix2pix.reproduction.plan import USUAL_SEEDS, Cost, Plan, fit_hours
from pix2pix.reproduction.points import (
    FINISHED_BY,
    Method,
    Setting,
    Table,
    check_data,
    check_typed,
    methods,
    needs_palette,
    point_folder,
    point_overrides,
    points,
    tables,
)
from pix2pix.reproduction.preparation import devices_of, find_classes, make_judge, measure_speed
from pix2pix.settings.complaints import ConfigError
from pix2pix.settings.compose import check
from pix2pix.sweeping.point import Point, Result
from pix2pix.sweeping.sharing import visible_devices
from pix2pix.sweeping.sweep import run_points
from pix2pix.whole_files import write_whole

log = logging.getLogger(__name__)

MOST_JOBS = 4  # unasked, where there is no GPU
NO_JUDGE = "none"


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
        plan = _plan(arguments, setting, chosen, folder, jobs, hours_gone=(time.monotonic() - begun) / 3600)
        _composed(point_overrides(chosen[0], setting, seed=0, epochs=plan.epochs))
        asked = points(chosen, setting, seeds=plan.seeds, epochs=plan.epochs, folder=folder)
        if arguments.plan:
            return 0
        plan.write(folder)
        _forget_old_scores(asked, judge)
        work = _Work(arguments, setting, shown, chosen, plan, folder, judge)
        work.write({})
        failures: dict[str, Result] = {}

        def ended(result: Result) -> None:
            if result.status == "failed":
                failures[result.point.name] = result
            try:
                work.write(failures)
            except Exception:  # hours of training do not end because of a page
                log.exception("The page could not be written now; the points go on.")

        command = [sys.executable, "-m", "pix2pix.reproduction.point", work.judge_folder]
        try:
            results = run_points(
                asked,
                folder,
                jobs=jobs,
                devices_per_job=devices_of(setting),
                command=command,
                ended=ended,
                show=False,
            )
        finally:
            work.write(failures)
            log.info("The page: %s", folder / "index.html")
    failed = [result for result in results if result.status != "finished"]
    if failed:
        listed = ", ".join(result.point.name for result in failed)
        log.error("%d of %d points failed: %s. The same command tries them again.", len(failed), len(results), listed)
    return 1 if failed else 0


class _Work:
    """What is under way, and how it is written down."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        setting: Setting,
        shown: Sequence[Table],
        chosen: Sequence[Method],
        plan: Plan,
        folder: Path,
        judge: Mapping[str, Any] | None,
    ) -> None:
        self.setting, self.shown, self.chosen, self.plan = setting, shown, chosen, plan
        self.folder, self.judge = folder, judge
        self.command = _typed(arguments)

    @property
    def judge_folder(self) -> str:
        """As the points take it."""
        return NO_JUDGE if self.judge is None else self.judge["folder"] or NO_JUDGE

    def write(self, failures: Mapping[str, Result]) -> None:
        """Write `results.json`, `results.md` and `index.html` of what is finished, each as a whole."""
        from pix2pix.reproduction.page import About, markdown, page
        from pix2pix.reproduction.results import as_plain, point_facts

        facts = point_facts(self.folder, self.chosen, self.plan.seeds)
        results = as_plain(self.folder, self.shown, self.plan.seeds)
        about = About(
            title="The tables of pix2pix, reproduced",
            command=self.command,
            settings=self._settings(facts),
            seeds=self.plan.seeds,
            epochs=self.plan.epochs,
            wanted=len(self.chosen) * self.plan.seeds,
            points=facts,
            failed=[(name, result.last_lines) for name, result in failures.items()],
            judge=self.judge,
            notes=[_about_data(self.setting)],
        )
        more = {"plan": asdict(self.plan), "command": self.command, "points": facts, "judge": self.judge}
        write_whole(self.folder / "results.json", json.dumps({**results, **more}, indent=1, ensure_ascii=False) + "\n")
        write_whole(self.folder / "results.md", markdown(results, about))
        write_whole(self.folder / "index.html", page(results, self.shown, about, self.folder))

    def _settings(self, facts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        composed = self.setting.composed
        size, schedule = composed["data"]["size"], composed["schedule"]
        listed = {
            "data": " ".join(str(composed["data"].get(key) or "") for key in ("name", "root")).strip(),
            "size": f"{composed['size']['name']}: {'as stored' if size is None else f'{size[0]} × {size[1]}'},"
            f" {composed['size']['base_channels']} channels",
            "epochs": f"{self.plan.epochs}, the last {schedule['decay_epochs']} with a falling rate",
            "seeds": f"0 to {self.plan.seeds - 1}",
            "batch": str(composed["data"]["batch_size"]),
            "overrides": " ".join(self.setting.overrides) or "none",
            "pix2pix": __version__,
            "written": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        }
        for name in ("torch", "accelerator", "precision", "threads", "processor"):
            found = dict.fromkeys(str(point["environment"].get(name)) for point in facts)
            if found:
                listed[name] = ", ".join(found)
        return listed


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
    digest = hashlib.sha256("\n".join(sorted(setting.overrides)).encode()).hexdigest()[:8]
    return Path("outputs", "reproduce", f"{composed['data']['name']}_{composed['size']['name']}_{digest}")


def _plan(
    arguments: argparse.Namespace,
    setting: Setting,
    chosen: Sequence[Method],
    folder: Path,
    jobs: int,
    hours_gone: float,
) -> Plan:
    """That of before where one is kept, else a new one; said in words."""
    before = Plan.read(folder)
    usual = int(setting.composed["schedule"]["epochs"])
    typed_epochs = usual if any(each.startswith("schedule.epochs=") for each in setting.overrides) else None
    request = (setting.overrides, arguments.seeds, arguments.hours)
    costs: dict[Method, Cost] = {}
    load = None
    if before is not None and (before.overrides, before.hours) == (setting.overrides, arguments.hours):
        plan = Plan(*request, arguments.seeds or before.seeds, before.epochs)  # more seeds go on with what is there
    else:
        seeds, epochs = arguments.seeds or USUAL_SEEDS, usual
        if arguments.hours is not None:
            costs, load = measure_speed(chosen, setting, folder, jobs)
            seeds, epochs = fit_hours(
                costs,
                load,
                arguments.hours,
                usual_epochs=usual,
                gone=hours_gone,
                seeds=arguments.seeds,
                epochs=typed_epochs,
            )
        plan = Plan(*request, seeds, epochs)
    if before is not None and before.epochs != plan.epochs and any((folder / "points").glob("*")):
        raise ConfigError(
            f"{folder} holds points of {before.epochs} epochs, and this would be {plan.epochs}: type the command as it"
            f" was ({_plan_words(before)}), or another -o FOLDER"
        )
    if arguments.plan and load is None:
        costs, load = measure_speed(chosen, setting, folder, jobs)
    finished = sum(
        (point_folder(folder, method, seed) / FINISHED_BY).exists() for method in chosen for seed in range(plan.seeds)
    )
    log.info(
        "%d methods × %d seed%s = %d points of %d epoch%s, %d at a time; %d are finished. %s",
        *(len(chosen), plan.seeds, "s" * (plan.seeds > 1), len(chosen) * plan.seeds, plan.epochs),
        *("s" * (plan.epochs > 1), jobs, finished, folder),
    )
    if load is not None:
        hours = load.hours(list(costs.values()), seeds=plan.seeds, epochs=plan.epochs)
        hours *= 1 - finished / (len(chosen) * plan.seeds)
        end = datetime.now() + timedelta(hours=hours)
        more = (
            ", and the judge before that" if arguments.plan and not (folder / "judge" / judging.FILE).exists() else ""
        )
        log.info("Expected: %.1f hours, until about %s%s.", hours, end.strftime("%A %H:%M"), more)
    return plan


def _plan_words(plan: Plan) -> str:
    hours = "without --hours" if plan.hours is None else f"--hours {plan.hours:g}"
    seeds = "" if plan.seeds_typed is None else f" --seeds {plan.seeds_typed}"
    return f"{hours}{seeds} {' '.join(plan.overrides)}".strip()


def _forget_old_scores(asked: Sequence[Point], judge: Mapping[str, Any] | None) -> None:
    """What was scored by another judge, by none, or by another version is scored again; nothing is trained again."""
    from pix2pix.evaluation.files import read

    for point in asked:
        path = point.folder / FINISHED_BY
        if not path.exists():
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


def _about_data(setting: Setting) -> str:
    data = setting.composed["data"]
    where = "embedded scenes" if data["name"] == "scenes" else f"the pairs in {data['root']}"
    size = "" if data["size"] is None else f" at {data['size'][0]} × {data['size'][1]} pixels"
    return f"Trained on {where}{size}; the paper's tables are of Cityscapes at 256 × 256."


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
