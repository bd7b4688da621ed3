"""What an image costs: a few steps of each method in one process, as many such processes as points will run at a time.

python -m pix2pix.reproduction.speed KINDS.json hydra.run.dir='FOLDER'

KINDS.json: the key of each method and the overrides of its training.
"""

from __future__ import annotations

import json
import logging
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pix2pix.files.atomic import write_whole
from pix2pix.reproduction.plan import Cost

BEGUN = time.time()
STEPS, WARM_UP = 24, 6  # of which the first are not counted
SCORED = "speed.json"


def main() -> None:
    """Measure and write `speed.json`."""
    kinds: dict[str, list[str]] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    from pix2pix.build import assembly  # noqa: F401  (what a point's start waits for)
    from pix2pix.settings.overrides import run_folder

    imports = time.time() - BEGUN
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    seconds = {}
    load = {"images": 0, "pictures": 0}
    for key, overrides in kinds.items():
        with tempfile.TemporaryDirectory() as temporary:
            cost, load = measured(overrides, Path(temporary), imports)
        seconds[key] = vars(cost)
        print(f"{key}: {cost.image * 1000:.1f} ms an image", flush=True)
    said = {"overrides": [], "scores": {}, "minutes": (time.time() - BEGUN) / 60, "seconds": seconds, **load}
    write_whole(run_folder(sys.argv) / SCORED, json.dumps(said, indent=1) + "\n")


def measured(overrides: list[str], folder: Path, imports: float) -> tuple[Cost, dict[str, int]]:
    """The cost of a method, and how many images an epoch and a validation have."""
    from pix2pix.build import assembly
    from pix2pix.hints import quote
    from pix2pix.settings.compose import check

    settings, _ = check([*overrides, f"hydra.run.dir={quote(folder)}"])
    begun = time.monotonic()
    parts = assembly.assemble(_shortened(settings), folder, None)
    clock = _clock()
    parts.trainer.callbacks.append(clock)  # type: ignore[attr-defined]
    parts.trainer.fit(parts.module, datamodule=parts.data)
    load = {"images": len(parts.data.readable("train")), "pictures": len(parts.data.readable("val"))}
    batch = settings["data"]["batch_size"] * settings["training"]["accumulate"] * parts.trainer.world_size
    steps = [after - before for before, after in zip(clock.steps, clock.steps[1:], strict=False)][WARM_UP:]
    # Short of pictures, all that there is.
    image = statistics.mean(steps or [(clock.steps[-1] - begun) / len(clock.steps)]) / batch
    picture = clock.validation / max(1, clock.pictures)
    start = 2 * imports + max(0.0, clock.steps[0] - begun) + 4.0  # a point trains and scores in a process each
    return Cost(start, image, picture, 3 * picture), load


def _shortened(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The same training without what writes, and for a few steps."""
    limits = {"limit_train_batches": STEPS, "limit_val_batches": 1, "enable_progress_bar": False}
    without: dict[str, Any] = {"callbacks": {}, "logger": {}, "schedule": {"epochs": 1, "decay_epochs": 0}}
    return {**settings, **without, "trainer": {**settings["trainer"], **limits}}


def _clock() -> Any:
    """A callback that notes when steps end and how long the validation takes."""
    from lightning.pytorch import Callback, LightningModule, Trainer

    class Clock(Callback):
        def __init__(self) -> None:
            self.steps: list[float] = []
            self.validation, self.pictures = 0.0, 0

        def on_train_batch_end(
            self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
        ) -> None:
            self.steps.append(time.monotonic())

        def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
            self.validation -= time.monotonic()

        def on_validation_batch_end(
            self,
            trainer: Trainer,
            pl_module: LightningModule,
            outputs: Any,
            batch: Any,
            batch_idx: int,
            dataloader_idx: int = 0,
        ) -> None:
            self.pictures += len(batch.names)

        def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
            self.validation += time.monotonic()

    return Clock()


if __name__ == "__main__":
    main()
