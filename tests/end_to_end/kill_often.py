"""End a run by signals at random moments, continue it each time, and compare it with the run that was never ended.

python -m tests.end_to_end.kill_often --kind "two ranks" --kills 20 --seed 0 [FOLDER] [-- OVERRIDES…]

Whom a signal meets (all, a rank, a loading process, a point of a sweep) and which it is are drawn too. A third come at
any moment of the start, the others after some training and a random part of a second, so much that all together are
spread over half of the run. A checkpoint is written every few images, so that some meet one half written.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM

import torch
from tests.end_to_end.running_command import TINY, RunningCommand, Whom
from tests.training.stopped_run import compare

RUN = ("schedule.epochs=10", "callbacks.checkpoints.every_images=3", "callbacks.checkpoints.keep=2")
End = tuple[signal.Signals, Whom]


@dataclass(frozen=True)
class Kind:
    """What a run is of, and how it is ended."""

    overrides: tuple[str, ...]
    ends: tuple[End, ...]
    sweep: bool = False

    def begin(self, folder: Path, overrides: Sequence[str]) -> RunningCommand:
        chosen = (*RUN, *self.overrides, *overrides)
        if self.sweep:
            return RunningCommand(folder, "-m", *TINY, *chosen, f"hydra.sweep.dir='{folder}'")
        return RunningCommand.start(folder, *chosen)

    def go_on(self, folder: Path, overrides: Sequence[str]) -> RunningCommand:
        settings = folder / ".hydra" / "config.yaml"
        if self.sweep or not (settings.exists() and settings.stat().st_size):
            return self.begin(folder, overrides)
        return RunningCommand.resume(folder)


ALL: tuple[End, ...] = ((SIGKILL, "group"), (SIGTERM, "group"), (SIGINT, "group"), (SIGKILL, "rank 0"))
KINDS = {
    "one process": Kind((), ALL),
    "loading processes": Kind(("data.num_workers=2",), (*ALL, (SIGKILL, "a worker"), (SIGTERM, "rank 0"))),
    "two ranks": Kind(
        ("trainer=ddp_cpu", "trainer.precision=32-true"),
        (*ALL, (SIGTERM, "rank 0"), (SIGKILL, "rank 1"), (SIGTERM, "rank 1"), (SIGINT, "rank 1")),
    ),
    "sweep": Kind(
        ("seed=1,2", "schedule.epochs=5"), (*ALL, (SIGTERM, "rank 0"), (SIGKILL, "a point"), (SIGTERM, "a point")), True
    ),
}


@dataclass
class Report:
    """What was seen: ends, those of them that left a half-written draft, and whatever was not right."""

    deaths: int = 0
    before_training: int = 0
    drafts: int = 0
    broken: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        verdict = "; ".join(self.differences[:5]) if self.differences else "none: bit for bit the same"
        return (
            f"{self.deaths} deaths, {self.before_training} of them before the training went on; {self.drafts} left the"
            f" draft of a checkpoint; {len(self.broken)} checkpoints that cannot be read {self.broken or ''}\n"
            f"wrong status, a traceback, or processes left: {self.wrong or 'none'}\n"
            f"differences from the run that was never killed: {verdict}"
        )


def kill_often(folder: Path, kills: int, seed: int, kind: Kind, overrides: Sequence[str] = ()) -> Report:
    rng = random.Random(seed)
    whole, run, report = folder / "whole", folder / "killed", Report()
    started = time.monotonic()
    reference = kind.begin(whole, overrides)
    reference.wait_for_images(1)
    start_up = time.monotonic() - started
    if reference.status() != 0:
        raise RuntimeError(reference.output.read_text())
    print(f"never killed: {start_up:.1f} s to start, {time.monotonic() - started:.1f} s in all", flush=True)

    while report.deaths < kills:
        before, printed = _stamp(run), _size(run)
        process = kind.go_on(run, overrides)
        if rng.random() < 1 / 3:
            time.sleep(rng.uniform(0, start_up))
        else:
            process.wait_until(lambda before=before: _stamp(run) != before)  # type: ignore[misc]
            process.wait_for_images(process.images + rng.randrange(max(1, reference.images // kills)))
            time.sleep(rng.uniform(0, 0.1))
        report.before_training += _stamp(run) == before
        report.deaths += 1
        how = _end(process, *rng.choice(kind.ends))
        said = process.output.read_bytes()[printed:].decode()
        if how or "Traceback" in said:
            report.wrong.append(f"death {report.deaths}: {how}\n{said[-2000:]}")
        drafts = list(run.rglob("checkpoints/.*.draft"))
        report.drafts += bool(drafts)
        report.broken += _broken(run)
        print(f"death {report.deaths} at {process.images} images{', while writing' if drafts else ''}", flush=True)
    process = kind.go_on(run, overrides)
    if process.status() != 0:
        raise RuntimeError(process.output.read_text())
    names = sorted(path.relative_to(whole) for path in whole.rglob("checkpoints/*.ckpt"))
    if names != sorted(path.relative_to(run) for path in run.rglob("checkpoints/*.ckpt")):
        report.differences.append(f"other checkpoints than {names}")
    for place in sorted({name.parents[1] for name in names}):
        stems = [name.stem for name in names if name.parents[1] == place]
        report.differences += compare(run / place, whole / place, *stems)
    return report


def _end(process: RunningCommand, signum: signal.Signals, whom: Whom) -> str:
    """Send it, and wait for the end of all; what was not right, if anything."""
    if whom != "group" and process.find(whom) is None:
        whom = "group"  # not started yet
    expected = {128 + signum, -signum} if signum != SIGKILL else {-SIGKILL}
    if whom in ("rank 1", "a worker") and signum == SIGKILL:
        expected = {1}
    process.signal(signum, whom)
    if whom == "a point":  # the sweep goes on without it
        time.sleep(0.5)
        os.kill(process.process.pid, SIGTERM)
        expected = {128 + SIGTERM, 1}  # 1 where it was the last
    try:
        status = process.status()
    except AssertionError as left:
        return f"{signum.name} to {whom}: {left}"
    return "" if status in expected else f"{signum.name} to {whom}: status {status}, expected {expected}"


def _stamp(run: Path) -> int:
    """Of metrics.csv, which is cut back when the training goes on."""
    return max((file.stat().st_mtime_ns for file in run.rglob("metrics.csv")), default=0)


def _size(run: Path) -> int:
    """Of what has been printed."""
    output = run.with_suffix(".txt")
    return output.stat().st_size if output.exists() else 0


def _broken(run: Path) -> list[str]:
    """Files under the name of a checkpoint that are none."""
    broken = []
    for path in run.rglob("checkpoints/*.ckpt"):
        try:
            torch.load(path, weights_only=True)
        except Exception as error:
            broken.append(f"{path.name}: {error}")
    return broken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="where the runs go; else a temporary folder")
    parser.add_argument("--kind", choices=KINDS, default="one process")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    chosen, overrides = parser.parse_args(sys.argv[1:split]), sys.argv[split + 1 :]
    with tempfile.TemporaryDirectory() as temporary:
        report = kill_often(chosen.folder or Path(temporary), chosen.kills, chosen.seed, KINDS[chosen.kind], overrides)
    print(report)
    sys.exit(bool(report.differences or report.broken or report.wrong))


if __name__ == "__main__":
    main()
