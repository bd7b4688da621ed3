"""Sweeps: many training points, each its own process tree, and the table of their scores.

A point is a list of Hydra overrides and a run folder. It is finished when its folder holds `score.json`, which training
writes at its end, or the file that whoever does more with a point names; so a sweep that is started again runs only
what has no score, and continues what has a checkpoint.
"""

import hashlib
import json
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import CompactHydraException
from omegaconf import ListConfig, OmegaConf

from pix2pix.process_trees import BusyError, ProcessTree, end, noted_signals
from pix2pix.sweep_tables import write_tables

log = logging.getLogger(__name__)

TRAIN = (sys.executable, "-m", "pix2pix.train")
LOG_LINES = 15  # of a failed point's log, kept with its result


class SweepError(ValueError):
    """A sweep that cannot be run as it was asked for."""


class PointsFailedError(CompactHydraException):
    """Points of a sweep have ended without a score."""


@dataclass(frozen=True)
class Point:
    """One training of a sweep: its settings as Hydra overrides, and a run folder for it alone.

    Attributes:
        finished_by: the file in its folder that says that it is finished: `overrides`, `scores` and `minutes` as JSON.
    """

    name: str
    overrides: list[str]
    folder: Path
    finished_by: str = "score.json"


@dataclass(frozen=True)
class Result:
    """What has become of a point.

    Attributes:
        scores: of the file that says that it is finished; empty where there is none.
        minutes: of training where it is finished, else of the time until it ended.
        exit_status: as a shell counts, 128 + n after signal n; None where it was not run this time.
        last_lines: the end of a failed point's log.
    """

    point: Point
    status: Literal["waiting", "running", "finished", "failed", "stopped"]
    scores: dict[str, float] = field(default_factory=dict)
    minutes: float | None = None
    exit_status: int | None = None
    last_lines: str = ""


def run_points(
    points: Sequence[Point],
    sweep_folder: Path,
    *,
    jobs: int | None = None,
    devices_per_job: int = 1,
    command: Sequence[str] = TRAIN,
    hydra_arguments: Sequence[str] = (),
    earlier: Sequence[Result] = (),
    ended: Callable[[Result], None] | None = None,
    show: bool = True,
    grace: float = 60.0,
) -> list[Result]:
    """Run every point that has no score, so many at a time as fit the devices; write `table.csv` and `table.md`.

    A point's standard output and error go to `console.log` in its folder. A point that fails does not stop the others.
    Ctrl-C, SIGTERM and SIGHUP end all process trees: by SIGTERM, and by SIGKILL after `grace` seconds or at a second
    signal. For the main thread only.

    Args:
        points: what to train.
        sweep_folder: where the tables go.
        jobs: points at a time; None for as many as the GPUs allow, and for one where there is no GPU.
        devices_per_job: GPUs that a point gets for itself; where there is no GPU, the processes that it trains on: the
            cores are divided by jobs × devices_per_job. 0: points share all GPUs, and jobs alone divides the cores.
        command: starts one training, before its arguments.
        hydra_arguments: Hydra's own flags, then its own overrides, for points that start from nothing.
        earlier: results of the same sweep that stand before these in the tables.
        ended: called with the result of each point that has just ended by itself, while others run.
        show: print the table at the end.
        grace: seconds from SIGTERM to SIGKILL; a training needs them to finish its step and save.

    Raises:
        SweepError: too many devices are asked for, or a folder belongs to two points or holds a run of other settings.
        SystemExit: with 128 + n, after signal n has ended the sweep.
    """
    devices = visible_devices() if devices_per_job else []
    jobs = min(_jobs_that_fit(jobs, devices_per_job, devices), max(1, len(points)))
    # By the whole sweep, not by what is left of it: a point that is continued has the threads that it had before.
    threads = _threads(jobs * max(1, devices_per_job))
    results = {point.folder: _result_so_far(point) for point in points}
    if len(results) < len(points):
        raise SweepError(
            f"two of the {len(points)} points of {sweep_folder} have one folder: their settings must differ"
        )

    waiting, free = deque(points), list(devices)
    running: list[tuple[Point, ProcessTree, list[str]]] = []  # with the devices assigned to it
    with noted_signals() as signals:
        try:
            while (waiting or running) and not signals:
                for gone in [one for one in running if one[1].exit_status is not None]:
                    running.remove(gone)
                    point, tree, assigned = gone
                    end([tree], grace=5.0, signals=signals)  # ranks that outlive the first
                    free += assigned
                    results[point.folder] = _result_at_end(point, tree, "failed")
                    _report(results[point.folder])
                    write_tables(sweep_folder, [*earlier, *results.values()])
                    if ended is not None:
                        ended(results[point.folder])
                while waiting and len(running) < jobs:
                    point = waiting.popleft()
                    results[point.folder] = _result_so_far(point)
                    if results[point.folder].status == "finished":
                        log.info("%s: has its score already", point.name)
                        continue
                    assigned, free = free[:devices_per_job], free[devices_per_job:]
                    argv = [*command, *_arguments(point, hydra_arguments)]
                    environment = _environment(threads, assigned, several_ranks=devices_per_job != 1)
                    point.folder.mkdir(parents=True, exist_ok=True)
                    try:
                        tree = ProcessTree.start(argv, environment, point.folder / "console.log")
                    except BusyError as busy:
                        free += assigned
                        results[point.folder] = Result(point, "failed", last_lines=str(busy))
                        _report(results[point.folder])
                        continue
                    running.append((point, tree, assigned))
                    results[point.folder] = Result(point, "running")
                    log.info("%s: started (%d of %d)", point.name, len(points) - len(waiting), len(points))
                time.sleep(0.1)
        finally:
            end([tree for _, tree, _ in running], grace, signals)
            results |= {point.folder: _result_at_end(point, tree, "stopped") for point, tree, _ in running}
            table = write_tables(sweep_folder, [*earlier, *results.values()])
    if show:
        print(table, flush=True)
    if signals:
        log.info("Stopped: the same command goes on from here.")
        raise SystemExit(128 + signals[0])
    return list(results.values())


def visible_devices() -> list[str]:
    """The GPUs that this process may use, as CUDA names them. Torch is not asked: importing it takes seconds."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [device for device in re.split(r"[,\s]+", visible) if device not in ("", "-1")]
    if shutil.which("nvidia-smi") is None:
        return []
    listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False).stdout
    return [str(index) for index in range(sum(line.startswith("GPU ") for line in listing.splitlines()))]


def point_name(overrides: Sequence[str], limit: int = 100) -> str:
    """A folder's name: `seed=1,objective=l1`. Where it cannot hold the overrides exactly, a hash of them ends it."""
    exact = ",".join(overrides)
    readable = re.sub(r"[^\w.=,+-]+", "-", re.sub(r"[\s'\"\[\]{}]+", "", exact), flags=re.ASCII)[:limit].rstrip(",-")
    return readable if readable == exact else f"{readable}_{_hash(exact)[:6]}"


def sweep_id(overrides: Sequence[str]) -> str:
    """Eight hexadecimal digits, the same for the same overrides in whatever order they were typed."""
    return _hash("\n".join(sorted(overrides)))[:8]


def register_resolvers() -> None:
    """Let configs say `${sweep_id:${hydra.overrides.task}}`.

    The answer is cached, as that of Hydra's `now` is: Hydra hands the sweep's cache on to its points, whose overrides
    are others, so all of them agree on the sweep's folder.
    """

    def resolve(overrides: ListConfig) -> str:
        return sweep_id(as_typed(overrides))

    OmegaConf.register_new_resolver("sweep_id", resolve, use_cache=True, replace=True)


def as_typed(overrides: ListConfig) -> list[str]:
    """Overrides as Hydra keeps them, with what they refer to left unresolved."""
    plain = OmegaConf.to_container(overrides, resolve=False)
    assert isinstance(plain, list)
    return plain


def quote(text: str | Path) -> str:
    """A value that Hydra's override grammar reads back as exactly this text."""
    return QuotedString(str(text), Quote.single).with_quotes()


def _jobs_that_fit(jobs: int | None, devices_per_job: int, devices: Sequence[str]) -> int:
    if (jobs is not None and jobs < 1) or devices_per_job < 0:
        raise SweepError(f"found jobs={jobs} and devices_per_job={devices_per_job}: expected at least 1 and at least 0")
    if not devices:
        return jobs or 1
    fit = len(devices) // devices_per_job
    if fit < (jobs or 1):
        raise SweepError(
            f"jobs={jobs or 1} with devices_per_job={devices_per_job} needs {(jobs or 1) * devices_per_job} GPUs, "
            f"found {len(devices)}: lower one of them, or set devices_per_job=0 and points share the GPUs"
        )
    return jobs or fit


def _threads(processes: int) -> int:
    """CPU threads for each of so many processes; a limit that the user has set is not raised."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = max(1, cores // processes)
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(share, max(1, int(limit))) if limit.isdigit() else share


def _environment(threads: int, devices: Sequence[str], several_ranks: bool) -> dict[str, str]:
    environment = os.environ | {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "PYTHONUNBUFFERED": "1",  # so the end of the log is there, however the process ends
    }
    if devices:
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(devices)
    if several_ranks:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            environment["MASTER_PORT"] = str(probe.getsockname()[1])
    return environment


def _arguments(point: Point, hydra_arguments: Sequence[str]) -> list[str]:
    folder = quote(point.folder.absolute())
    if _has_checkpoint(point):
        return [f"resume={folder}"]
    return [*hydra_arguments, *point.overrides, f"hydra.run.dir={folder}"]


def run_folder(arguments: Sequence[str]) -> Path:
    """The folder that the arguments of a point's process name, as `resume=` or `hydra.run.dir=`."""
    named = [each for each in arguments if each.startswith(("resume=", "hydra.run.dir="))]
    return Path(str(OverridesParser.create().parse_override(named[-1]).value()))


def _has_checkpoint(point: Point) -> bool:
    return (point.folder / "checkpoints" / "last.ckpt").exists()


def _score(point: Point) -> Result | None:
    score_file = point.folder / point.finished_by
    if not score_file.exists():
        return None
    try:
        score = json.loads(score_file.read_text())
        return Result(point, "finished", score["scores"], score["minutes"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise SweepError(f"{score_file} cannot be read ({error!r}): delete it to train this point again") from None


def _result_so_far(point: Point) -> Result:
    """Finished or waiting; raises SweepError where the folder holds a run of other settings."""
    result = _score(point)
    if result or _has_checkpoint(point):
        # Hydra's record is of the first start; a score may have been written by a run that was continued.
        record = point.folder / ".hydra" / "overrides.yaml"
        if record.exists():
            found = OmegaConf.to_container(OmegaConf.load(record), resolve=False)
        else:
            found = json.loads((point.folder / point.finished_by).read_text())["overrides"] if result else None
        expected = [one for one in point.overrides if not one.lstrip("+~").startswith(("hydra.", "hydra/"))]
        if found != expected:
            raise SweepError(
                f"{point.folder} holds a run of other settings: found {found}, expected {expected}; "
                "move it away, or set another hydra.sweep.dir"
            )
    return result or Result(point, "waiting")


def _result_at_end(point: Point, tree: ProcessTree, without_score: Literal["failed", "stopped"]) -> Result:
    with suppress(SweepError):
        if finished := _score(point):
            return replace(finished, exit_status=tree.exit_status)
    minutes = (time.monotonic() - tree.started) / 60
    return Result(point, without_score, {}, minutes, tree.exit_status, tree.last_lines(LOG_LINES))


def _report(result: Result) -> None:
    if result.status == "finished":
        scores = "  ".join(f"{name} {value:.4g}" for name, value in result.scores.items())
        log.info("%s: finished in %.1f minutes  %s", result.point.name, result.minutes, scores)
        if result.exit_status:
            log.warning("%s: has its score, but ended with exit status %d", result.point.name, result.exit_status)
    else:
        folder = result.point.folder
        log.error(
            "%s: failed, exit status %s, %s\n%s", result.point.name, result.exit_status, folder, result.last_lines
        )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
