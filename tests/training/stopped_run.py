"""A training as small as can be, made of the same parts as `pix2pix train` makes: stopped, taken up again, compared."""

from __future__ import annotations

import csv
import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from pix2pix.build import assembly
from pix2pix.hints import quote
from pix2pix.runs.run import RECORD
from pix2pix.settings.compose import check

# 7 pairs a training epoch and 3 to validate with; dropout and batch norm as in the recipe, so that noise counts. A row
# each 3 images, so that sums of losses are under way nearly always; the guard counts from the first row on.
TINY = (
    *(
        "data.train_pairs=7",
        "data.val_pairs=3",
        "data.size=[16,16]",
        "data.cache=0",
        "size.base_channels=4",
        "size.discriminator_channels=4",
    ),
    *("generator.depth=3", "discriminator.receptive_field=7", "schedule.epochs=3", "training.log_every_images=3"),
    *("trainer=cpu", "trainer.precision=32-true", "callbacks.samples.count=1"),
    "callbacks.discriminator_won.threshold=9",
)
SPEED = "images_per_second"  # the one column that no resumed run can repeat


class Crash(Exception):
    """The process is gone without a word: nothing is saved."""


class At(Callback):
    """Does something at one hook of the training, once so many images have been seen."""

    def __init__(self, hook: str, images: int, act: Callable[[], None]) -> None:
        self.images, self.act = images, act
        setattr(self, hook, self._called)

    def _called(self, trainer: Trainer, module: LightningModule, *rest: Any, **named: Any) -> None:
        if module.images_seen == self.images:
            self.act()


def signalled(hook: str, images: int, signum: signal.Signals = signal.SIGTERM) -> At:
    """A real signal to this process: `on_train_batch_start` at `images` is in the step after so many images."""
    return At(hook, images, lambda: signal.raise_signal(signum))


def crash(hook: str, images: int) -> At:
    def act() -> None:
        raise Crash

    return At(hook, images, act)


def settings_of(folder: Path, *overrides: str) -> dict[str, Any]:
    """The settings as the command composes them."""
    settings, _ = check([*TINY, *overrides, f"hydra.run.dir={quote(folder)}"])
    return settings


def train(folder: Path, *overrides: str, resume: bool = False, extra: Sequence[Callback] = ()) -> assembly.Parts:
    """Run to the end, or to whatever `extra` does to it."""
    settings = settings_of(folder, *overrides, *([f"resume={quote(folder)}"] if resume else []))
    resumed = assembly.resumed_checkpoint(settings, folder)
    parts = assembly.assemble(settings, folder, resumed)
    parts.trainer.callbacks[:0] = extra  # type: ignore[attr-defined]
    parts.log_facts()
    parts.trainer.fit(
        parts.module,
        datamodule=parts.data,
        ckpt_path=None if resumed is None else str(resumed.path),
        weights_only=True,
    )
    return parts


def checkpoint(folder: Path, name: str = "last") -> dict[str, Any]:
    return torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)  # type: ignore[no-any-return]


def rows(folder: Path) -> list[dict[str, str]]:
    """metrics.csv as text, so that equal means bit for bit."""
    with (folder / "metrics.csv").open(newline="") as file:
        return [{name: text for name, text in row.items() if name != SPEED} for row in csv.DictReader(file)]


def differences(found: Any, expected: Any, path: str = "") -> list[str]:
    """Every place where two nests of containers, tensors and plain values are not bit for bit the same."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        missing = [f"{path}/{key}: on one side alone" for key in found.keys() ^ expected.keys()]
        return missing + [
            each for key in expected if key in found for each in differences(found[key], expected[key], f"{path}/{key}")
        ]
    if isinstance(expected, list | tuple) and isinstance(found, list | tuple) and len(found) == len(expected):
        pairs = enumerate(zip(found, expected, strict=True))
        return [each for index, (one, other) in pairs for each in differences(one, other, f"{path}/{index}")]
    if isinstance(expected, torch.Tensor) and isinstance(found, torch.Tensor):
        same = found.dtype == expected.dtype and torch.equal(found, expected)
    else:
        same = type(found) is type(expected) and found == expected
    return [] if same else [f"{path}: {str(found)[:60]} instead of {str(expected)[:60]}"]


def compare(found: Path, expected: Path, *names: str) -> list[str]:
    """Parameters of both players, average, optimisers, counters, what the callbacks know, and the logged rows."""
    differing = differences(rows(found), rows(expected), "metrics.csv")
    for name in names or ("last",):
        ours, theirs = checkpoint(found, name), checkpoint(expected, name)
        for each in (ours, theirs):
            # Where Lightning stands between two of its hooks, what the run was told at its start, and the clock.
            del each["loops"], each[RECORD], each["seconds"]
        differing += differences(ours, theirs, name)
    return differing


def assert_same_run(found: Path, expected: Path, *names: str) -> None:
    """See `compare`."""
    assert compare(found, expected, *names) == []


logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
