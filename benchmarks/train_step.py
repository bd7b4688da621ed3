"""How much faster a training step is than the usual PyTorch loop's, at size=paper.

OMP_NUM_THREADS=2 PYTHONPATH=src python -m benchmarks.train_step [--batch-sizes 1 4] [--precisions 32-true auto]

Between batches of our training the loop takes its steps, a few at a time: in this process, whose memory is kept
between steps for both, and in a process of its own, where it is as people run it. Other words are settings of the
training, such as training.channels_last=true.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import warnings
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any

import lightning.pytorch as pl
import torch
from benchmarks.assembled import assembled
from benchmarks.plain_loop import PlainLoop
from torch import Tensor

BLOCK = 3  # steps of each in turn; the first finds the caches full of the other's, and is left out


def plain_block(plain: PlainLoop, source: Tensor, target: Tensor) -> list[float]:
    seconds = []
    for _ in range(BLOCK):
        start = perf_counter()
        plain.step(source, target)
        seconds.append(perf_counter() - start)
    return seconds


def serve_plain(parent: Connection, threads: int) -> None:
    """A process of its own for the loop: takes a batch, steps, tells the seconds."""
    torch.set_num_threads(threads)
    plain = PlainLoop()
    while (batch := parent.recv()) is not None:
        source, target = (torch.from_numpy(each) for each in batch)
        parent.send(plain_block(plain, source, target))


class Rivals(pl.Callback):
    """Lets the loops take their steps between the batches of a training, and times all."""

    def __init__(self, apart: Connection) -> None:
        self.plain, self.apart = PlainLoop(), apart
        self.seconds: dict[str, list[float]] = {"plain": [], "apart": [], "ours": []}
        self._start = 0.0

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, index: int) -> None:
        if index % BLOCK == 0:
            self.seconds["plain"] += plain_block(self.plain, batch.source, batch.target)
            self.apart.send((batch.source.numpy(), batch.target.numpy()))
            self.seconds["apart"] += self.apart.recv()
        self._start = perf_counter()

    def on_train_batch_end(self, *_: Any) -> None:
        self.seconds["ours"].append(perf_counter() - self._start)

    def medians(self) -> tuple[float, float, float]:
        """In milliseconds, without the first block: oneDNN makes its kernels, Adam its state."""
        plain, apart, ours = (
            1e3 * statistics.median(second for index, second in enumerate(each) if index >= BLOCK and index % BLOCK)
            for each in self.seconds.values()
        )
        return plain, apart, ours


def measure(batch_size: int, precision: str, blocks: int, overrides: list[str]) -> tuple[float, float, float]:
    """Milliseconds a step: the loop's in this process, the loop's in its own, ours."""
    here, there = multiprocessing.Pipe()
    spawning = multiprocessing.get_context("spawn")
    process = spawning.Process(target=serve_plain, args=(there, torch.get_num_threads()))
    process.start()
    with tempfile.TemporaryDirectory() as folder:
        parts = assembled(
            folder,
            [
                "size=paper",
                "data.task=day2night",  # three channels to three
                f"data.batch_size={batch_size}",
                f"data.train_pairs={batch_size * BLOCK * (blocks + 1)}",
                "schedule.epochs=1",
                "schedule.decay_epochs=0",
                f"trainer.precision={precision}",
                "trainer.limit_val_batches=0",
                *overrides,
            ],
        )
        rivals = Rivals(here)
        parts.trainer.callbacks[:] = [rivals]  # type: ignore[attr-defined]
        parts.trainer.fit(parts.module, datamodule=parts.data)
    here.send(None)
    process.join()
    return rivals.medians()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--precisions", nargs="+", default=["32-true", "auto"])
    parser.add_argument("--blocks", type=int, default=6, help=f"of {BLOCK} steps each")
    arguments, overrides = parser.parse_known_args()
    warnings.filterwarnings("ignore", message=".*srun.*")
    steps = arguments.blocks * (BLOCK - 1)
    print(f"size=paper, {torch.get_num_threads()} threads, medians of {steps} interleaved steps")
    print("                   one process             its own process")
    print("batch  precision   plain ms  ours ms ratio  plain ms ratio")
    for precision in arguments.precisions:
        for batch_size in arguments.batch_sizes:
            plain, apart, ours = measure(batch_size, precision, arguments.blocks, overrides)
            print(
                f"{batch_size:5}  {precision:9}  {plain:9.0f} {ours:8.0f} {plain / ours:5.2f} {apart:9.0f}"
                f" {apart / ours:5.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
