"""How much faster a training step is than the usual PyTorch loop's, at size=paper.

OMP_NUM_THREADS=2 PYTHONPATH=src python -m benchmarks.train_step
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import warnings
from time import perf_counter
from typing import Any

import lightning.pytorch as pl
import torch

from benchmarks.assembled import assembled
from benchmarks.plain_loop import PlainLoop

WARM_UP = 3  # steps: oneDNN makes its kernels, Adam its state


class Rival(pl.Callback):
    """Before each batch of a training, the plain loop takes a step on it too; both are timed."""

    def __init__(self, plain: PlainLoop) -> None:
        self.plain = plain
        self.plain_seconds: list[float] = []
        self.seconds: list[float] = []
        self._start = 0.0

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, _: int) -> None:
        start = perf_counter()
        self.plain.step(batch.source, batch.target)
        self._start = perf_counter()
        self.plain_seconds.append(self._start - start)

    def on_train_batch_end(self, *_: Any) -> None:
        self.seconds.append(perf_counter() - self._start)


def measure(batch_size: int, precision: str, steps: int, overrides: list[str]) -> tuple[float, float]:
    """Median seconds a step: the plain loop's, then ours."""
    with tempfile.TemporaryDirectory() as folder:
        parts = assembled(
            folder,
            [
                "size=paper",
                "data.task=day2night",
                f"data.batch_size={batch_size}",
                f"data.train_pairs={batch_size * (steps + WARM_UP)}",
                "schedule.epochs=1",
                "schedule.decay_epochs=0",
                f"trainer.precision={precision}",
                "trainer.limit_val_batches=0",
                "callbacks.checkpoints.best=[]",
                *overrides,
            ],
        )
        rival = Rival(PlainLoop())
        parts.trainer.callbacks[:] = [rival]  # type: ignore[attr-defined]
        parts.trainer.fit(parts.module, datamodule=parts.data)
    return statistics.median(rival.plain_seconds[WARM_UP:]), statistics.median(rival.seconds[WARM_UP:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--precisions", nargs="+", default=["32-true", "auto"])
    parser.add_argument("--steps", type=int, default=12)
    arguments, overrides = parser.parse_known_args()
    print(f"size=paper, {torch.get_num_threads()} threads, medians of {arguments.steps} interleaved steps")
    print("batch  precision  plain ms  ours ms  ratio")
    for precision in arguments.precisions:
        for batch_size in arguments.batch_sizes:
            plain, ours = measure(batch_size, precision, arguments.steps, overrides)
            print(f"{batch_size:5}  {precision:9}  {plain * 1e3:8.0f}  {ours * 1e3:7.0f}  {plain / ours:5.2f}", flush=True)


if __name__ == "__main__":
    main()
