"""What a batch costs beside its training step: Lightning's loop, callbacks, logging, the loader.

OMP_NUM_THREADS=2 PYTHONPATH=src python -m benchmarks.overhead [--sizes paper tiny]

The step is `training_step` itself, timed from within. Everything else between the first batch of an epoch and its last
is overhead: once with all batches in memory, so without loading, and once with loading from the cache.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import warnings
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import lightning.pytorch as pl
import torch
from benchmarks.assembled import assembled

from pix2pix.data.pairs import Batch
from pix2pix.training.learner import Learner

BATCHES = {"paper": 12, "small": 60, "tiny": 300}
WARM_UP = 4  # batches


class Clock(pl.Callback):
    """Last of the callbacks: notes when each batch ends, and how long its step took."""

    def __init__(self, module: Learner) -> None:
        self.ends: list[float] = []
        self.steps: list[float] = []
        step = module.training_step

        def timed(*arguments: Any) -> None:
            start = perf_counter()
            step(*arguments)
            self.steps.append(perf_counter() - start)

        module.training_step = timed  # type: ignore[method-assign,assignment]

    def on_train_batch_end(self, *_: Any) -> None:
        self.ends.append(perf_counter())

    def beside(self) -> float:
        """Median seconds from one batch's end to the next's, less that step's."""
        return statistics.median(
            end - before - step
            for before, end, step in zip(
                self.ends[WARM_UP:], self.ends[WARM_UP + 1 :], self.steps[WARM_UP + 1 :], strict=False
            )
        )


class InMemory:
    """A loader whose batches are there already."""

    def __init__(self, batches: list[Batch]) -> None:
        self.batches = batches

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self.batches)


def measure(size: str, batches: int, *, loading: bool, overrides: list[str]) -> tuple[float, float]:
    """Median seconds of a step and of what is beside it."""
    with tempfile.TemporaryDirectory() as folder:
        parts = assembled(
            folder,
            [
                f"size={size}",
                f"data.train_pairs={batches}",
                "data.val_pairs=1",
                "schedule.epochs=2",
                "schedule.decay_epochs=0",
                *overrides,
            ],
        )
        data = parts.data
        for key in range(batches):
            _ = data.readable("train")[key]  # paints the scene into the cache
        if not loading:
            held = list(data.train_dataloader())
            data.train_dataloader = lambda: InMemory(held)  # type: ignore[method-assign,assignment,return-value]
        clock = Clock(parts.module)
        parts.trainer.callbacks.append(clock)  # type: ignore[attr-defined]
        parts.trainer.fit(parts.module, datamodule=data)
    return statistics.median(clock.steps[WARM_UP:]), clock.beside()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=BATCHES, default=["paper", "tiny"])
    parser.add_argument("--batches", type=int, help="an epoch; default: by size")
    arguments, overrides = parser.parse_known_args()
    warnings.filterwarnings("ignore", message=".*srun.*")
    print(f"{torch.get_num_threads()} threads, batch 1, medians")
    print("size   loading      step ms  beside ms  share")
    for size in arguments.sizes:
        for loading in (False, True):
            step, beside = measure(size, arguments.batches or BATCHES[size], loading=loading, overrides=overrides)
            way = "from cache" if loading else "none"
            print(f"{size:5}  {way:10}  {step * 1e3:8.1f}  {beside * 1e3:9.2f}  {beside / step:5.1%}", flush=True)


if __name__ == "__main__":
    main()
