"""Kill a run by SIGKILL at random moments, continue it each time, and compare it with the run that was never killed.

python -m tests.end_to_end.kill_often --kills 20 --seed 0 [FOLDER] [-- OVERRIDES…]

A third of the deaths come at any moment of the start, the others at any moment of the first seconds of training after
it, so many seconds that all the deaths together are spread over half of the run. A checkpoint is written every few
images, so that some meet it while it writes.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from tests.end_to_end.running_command import RunningCommand
from tests.training.stopped_run import compare

RUN = ("schedule.epochs=10", "callbacks.checkpoints.every_images=3", "callbacks.checkpoints.keep=2")


@dataclass
class Report:
    """What was seen: deaths, those of them that left a half-written draft, files that cannot be read, differences."""

    deaths: int = 0
    before_training: int = 0
    drafts: int = 0
    broken: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        verdict = "; ".join(self.differences[:5]) if self.differences else "none: bit for bit the same"
        return (
            f"{self.deaths} deaths, {self.before_training} of them before the training went on; {self.drafts} left the"
            f" draft of a checkpoint; {len(self.broken)} checkpoints that cannot be read {self.broken or ''}\n"
            f"differences from the run that was never killed: {verdict}"
        )


def kill_often(folder: Path, kills: int, seed: int, overrides: Sequence[str] = ()) -> Report:
    rng = random.Random(seed)
    whole, run, report = folder / "whole", folder / "killed", Report()
    started = time.monotonic()
    reference = RunningCommand.start(whole, *RUN, *overrides)
    reference.wait_for_images(1)
    start_up = time.monotonic() - started
    if reference.status() != 0:
        raise RuntimeError(reference.output.read_text())
    training = time.monotonic() - started - start_up
    print(f"never killed: {start_up:.1f} s to start and {training:.1f} s to train", flush=True)

    can_go_on = False
    while report.deaths < kills:
        process = RunningCommand.resume(run) if can_go_on else RunningCommand.start(run, *RUN, *overrides)
        before = _stamp(run)
        if rng.random() < 1 / 3:
            time.sleep(rng.uniform(0, start_up))
        else:
            process.wait_until(lambda before=before: _stamp(run) != before)  # type: ignore[misc]
            time.sleep(rng.uniform(0, 1.5 * training / kills))
        report.before_training += _stamp(run) == before
        process.signal(signal.SIGKILL)
        if process.status() != -signal.SIGKILL:
            raise RuntimeError(f"ended by itself, too early for {kills} deaths:\n{process.output.read_text()}")
        report.deaths += 1
        can_go_on = process.has_settings
        drafts = list(run.glob("checkpoints/.*.partial"))
        report.drafts += bool(drafts)
        report.broken += _broken(run)
        print(f"death {report.deaths} at {process.images} images{', while writing' if drafts else ''}", flush=True)
    process = RunningCommand.resume(run)
    if process.status() != 0:
        raise RuntimeError(process.output.read_text())
    names = sorted(path.stem for path in whole.glob("checkpoints/*.ckpt"))
    if names != sorted(path.stem for path in run.glob("checkpoints/*.ckpt")):
        report.differences.append(f"other checkpoints than {names}")
    report.differences += compare(run, whole, *names)
    return report


def _stamp(run: Path) -> int:
    """Of metrics.csv, which is cut back when the training goes on."""
    file = run / "metrics.csv"
    return file.stat().st_mtime_ns if file.exists() else 0


def _broken(run: Path) -> list[str]:
    """Files under the name of a checkpoint that are none."""
    broken = []
    for path in run.glob("checkpoints/*.ckpt"):
        try:
            torch.load(path, weights_only=True)
        except Exception as error:
            broken.append(f"{path.name}: {error}")
    return broken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="where the runs go; else a temporary folder")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    chosen, overrides = parser.parse_args(sys.argv[1:split]), sys.argv[split + 1 :]
    with tempfile.TemporaryDirectory() as temporary:
        report = kill_often(chosen.folder or Path(temporary), chosen.kills, chosen.seed, overrides)
    print(report)
    sys.exit(bool(report.differences or report.broken))


if __name__ == "__main__":
    main()
