"""How much faster a training step is than the usual PyTorch loop's, at size=paper.

OMP_NUM_THREADS=2 PYTHONPATH=src python -m benchmarks.train_step [--batch-sizes 1 4] [--precisions 32-true auto]

The loop's steps are taken before batches of our training, in blocks of a few, and under glibc's own rules for memory.
"""

from __future__ import annotations

import argparse
import ctypes
import platform
import statistics
import tempfile
import warnings
from time import perf_counter
from typing import Any

import lightning.pytorch as pl
import torch
from benchmarks.assembled import assembled
from benchmarks.plain_loop import PlainLoop

from pix2pix.training.memory import M_MMAP_MAX, M_TOP_PAD, M_TRIM_THRESHOLD, MIB, keep_freed_memory

BLOCK = 3  # steps of one, then of the other; the first of each finds the other's memory and is left out
# Where glibc's rules arrive by themselves once some large blocks have been freed.
GLIBC = ((M_MMAP_MAX, 65536), (-3, 32 * MIB), (M_TRIM_THRESHOLD, 64 * MIB), (M_TOP_PAD, MIB // 8))


class Rival(pl.Callback):
    """Between the batches of a training the plain loop takes its steps; both are timed."""

    def __init__(self, plain: PlainLoop, own_memory: bool) -> None:
        self.plain, self.own_memory = plain, own_memory
        self.plain_seconds: list[float] = []
        self.seconds: list[float] = []
        self._start = 0.0

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, index: int) -> None:
        if index % BLOCK == 0:
            if self.own_memory:
                glibc_memory()
            for _ in range(BLOCK):
                start = perf_counter()
                self.plain.step(batch.source, batch.target)
                self.plain_seconds.append(perf_counter() - start)
            keep_freed_memory()
        self._start = perf_counter()

    def on_train_batch_end(self, *_: Any) -> None:
        self.seconds.append(perf_counter() - self._start)


def glibc_memory() -> None:
    if platform.libc_ver()[0] == "glibc":
        for option in GLIBC:
            ctypes.CDLL(None).mallopt(*option)


def measure(
    batch_size: int, precision: str, blocks: int, own_memory: bool, overrides: list[str]
) -> tuple[list[float], list[float]]:
    """Seconds a step: the plain loop's, then ours."""
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
        rival = Rival(PlainLoop(), own_memory)
        parts.trainer.callbacks[:] = [rival]  # type: ignore[attr-defined]
        parts.trainer.fit(parts.module, datamodule=parts.data)
    # The first block warms up: oneDNN makes its kernels, Adam its state.
    plain, ours = (
        [second for index, second in enumerate(seconds) if index >= BLOCK and index % BLOCK]
        for seconds in (rival.plain_seconds, rival.seconds)
    )
    return plain, ours


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--precisions", nargs="+", default=["32-true", "auto"])
    parser.add_argument("--blocks", type=int, default=6)
    parser.add_argument("--same-memory", action="store_true", help="the plain loop under our rules for memory too")
    arguments, overrides = parser.parse_known_args()
    warnings.filterwarnings("ignore", message=".*srun.*")
    print(f"size=paper, {torch.get_num_threads()} threads, medians of {2 * arguments.blocks} interleaved steps")
    print("batch  precision  plain ms  ours ms  ratio")
    for precision in arguments.precisions:
        for batch_size in arguments.batch_sizes:
            plain, ours = (
                statistics.median(seconds)
                for seconds in measure(batch_size, precision, arguments.blocks, not arguments.same_memory, overrides)
            )
            print(
                f"{batch_size:5}  {precision:9}  {plain * 1e3:8.0f}  {ours * 1e3:7.0f}  {plain / ours:5.2f}", flush=True
            )


if __name__ == "__main__":
    main()
