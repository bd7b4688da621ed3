"""Run the points of a sweep, each its own process tree, as many side by side as fit.

A sweep that is started again runs only what has no score, and continues what has a checkpoint.
"""

import logging
import math
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pix2pix.hints import quote
from pix2pix.processes.starter import ends_with_us
from pix2pix.processes.trees import BusyError, ProcessTree, end, noted_signals
from pix2pix.settings.idle import VARIABLE
from pix2pix.sweeping.point import Point, Result, SweepError, finished_result, has_begun, result_so_far
from pix2pix.sweeping.sharing import jobs_that_fit, threads_each, visible_devices
from pix2pix.sweeping.tables import write_tables

log = logging.getLogger(__name__)

TRAIN = (sys.executable, "-m", "pix2pix.commands.train")
LOG_LINES = 15  # of a failed point's log, kept with its result
LOG = "console.log"  # of a point, in its folder
TELL_SECONDS = 30.0  # between two lines about how far a point is


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

    A point's standard output and error go to `console.log` in its folder, and how far it is, is told from there. A
    point that fails does not stop the others. Ctrl-C, SIGTERM and SIGHUP end all process trees: by SIGTERM, and by
    SIGKILL after `grace` seconds or at a second signal. For the main thread only.

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
    jobs = min(jobs_that_fit(jobs, devices_per_job, devices), max(1, len(points)))

    def start(point: Point, assigned: Sequence[str]) -> ProcessTree:
        # By the whole sweep, not by what is left of it: a point that is continued has the threads that it had before.
        threads = threads_each(jobs * max(1, devices_per_job))
        argv = [*command, *_arguments(point, hydra_arguments)]
        environment = _environment(threads, assigned, several_ranks=devices_per_job != 1)
        point.folder.mkdir(parents=True, exist_ok=True)
        return ProcessTree.start(argv, environment, point.folder / LOG)

    results = {point.folder: result_so_far(point) for point in points}
    if len(results) < len(points):
        raise SweepError(
            f"two of the {len(points)} points of {sweep_folder} have one folder: their settings must differ"
        )
    sweep = _Sweep(points, results, devices, start)
    with noted_signals() as signals:
        try:
            while (sweep.waiting or sweep.running) and not signals:
                for result in sweep.collect(signals):
                    write_tables(sweep_folder, [*earlier, *results.values()])
                    if ended is not None:
                        ended(result)
                while sweep.waiting and len(sweep.running) < jobs:
                    sweep.start_next(devices_per_job)
                sweep.tell()
                time.sleep(0.1)
        finally:
            sweep.stop(grace, signals)
            table = write_tables(sweep_folder, [*earlier, *results.values()])
    if show:
        print(table, flush=True)  # noqa: T201 (what the sweep was for)
    if signals:
        log.info("Stopped: the same command goes on from here.")
        raise SystemExit(128 + signals[0])
    return list(results.values())


class _Sweep:
    """Which points wait, which run, and on which devices; what becomes of each is kept in `results`."""

    def __init__(
        self,
        points: Sequence[Point],
        results: dict[Path, Result],
        devices: Sequence[str],
        start: Callable[[Point, Sequence[str]], ProcessTree],
    ) -> None:
        self.waiting, self.results = deque(points), results
        self.running: list[tuple[Point, ProcessTree, list[str]]] = []  # with the devices assigned to it
        self._free, self._start = list(devices), start
        self._told: dict[Path, tuple[float, str]] = {}  # when something was last said of a point, and what

    def collect(self, signals: Sequence[int]) -> Iterator[Result]:
        """What has ended by itself since the last call."""
        for gone in [one for one in self.running if one[1].exit_status is not None]:
            self.running.remove(gone)
            point, tree, assigned = gone
            end([tree], grace=5.0, signals=signals)  # ranks that outlive the first
            self._free += assigned
            self._set(result := _result_at_end(point, tree, "failed"))
            yield result

    def start_next(self, device_count: int) -> None:
        """The next point that waits, unless it has its score already."""
        point = self.waiting.popleft()
        self.results[point.folder] = so_far = result_so_far(point)
        if so_far.status == "finished":
            log.info("%s: has its score already", point.name)
            return
        assigned, self._free = self._free[:device_count], self._free[device_count:]
        try:
            tree = self._start(point, assigned)
        except BusyError as busy:
            self._free += assigned
            self._set(Result(point, "failed", last_lines=str(busy)))
            return
        self.running.append((point, tree, assigned))
        self.results[point.folder] = Result(point, "running")
        number = len(self.results) - len(self.waiting)
        log.info("%s: started (%d of %d), its log: %s", point.name, number, len(self.results), point.folder / LOG)
        self._told[point.folder] = (-math.inf, "")

    def tell(self) -> None:
        """How far each point is, by the last line about it in its log, every so often."""
        now = time.monotonic()
        for point, tree, _ in self.running:
            when, what = self._told[point.folder]
            if now - when < TELL_SECONDS:
                continue
            found = [line for line in tree.last_lines(LOG_LINES).splitlines() if line.startswith("epoch ")]
            if found and found[-1] != what:
                log.info("%s: %s", point.name, found[-1])
                self._told[point.folder] = (now, found[-1])

    def stop(self, grace: float, signals: Sequence[int]) -> None:
        """End whatever still runs."""
        end([tree for _, tree, _ in self.running], grace, signals)
        self.results |= {point.folder: _result_at_end(point, tree, "stopped") for point, tree, _ in self.running}

    def _set(self, result: Result) -> None:
        self.results[result.point.folder] = result
        _report(result)


def _environment(threads: int, devices: Sequence[str], several_ranks: bool) -> dict[str, str]:
    environment = os.environ | {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        VARIABLE: "1",
        "PYTHONUNBUFFERED": "1",  # so the end of the log is there, however the process ends
        **ends_with_us(signal.SIGTERM),  # save and end where the sweep is killed
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
    if has_begun(point):
        return [f"resume={folder}"]
    return [*hydra_arguments, *point.overrides, f"hydra.run.dir={folder}"]


def _result_at_end(point: Point, tree: ProcessTree, without_score: Literal["failed", "stopped"]) -> Result:
    with suppress(SweepError):
        if finished := finished_result(point):
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
