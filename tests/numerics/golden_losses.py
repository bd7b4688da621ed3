"""Writes golden_losses.json, the losses of five steps for each generator and objective: what a refactor may not move.

After a change that is meant to move them:

    OMP_NUM_THREADS=1 .venv/bin/python -m tests.numerics.golden_losses
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from tests.training.tiny_run import OBJECTIVES, fit, tiny_data, tiny_module

from pix2pix.losses.objective import Objective
from pix2pix.models.blocks import Generator
from pix2pix.models.encoder_decoder import EncoderDecoder
from pix2pix.models.resnet import ResNet
from pix2pix.models.unet import UNet

FILE = Path(__file__).with_suffix(".json")
STEPS = 5
GENERATORS = ("unet", "encoder_decoder", "resnet")
GOLDEN_OBJECTIVES = OBJECTIVES | {
    "l1_cgan least_squares": dataclasses.replace(OBJECTIVES["l1_cgan"], adversarial="least_squares"),
    "l1_cgan hinge": dataclasses.replace(OBJECTIVES["l1_cgan"], adversarial="hinge"),
}
Losses = dict[str, list[float]]  # term → its value in each step


def _generator(name: str) -> Generator:
    torch.manual_seed(0)
    if name == "resnet":
        return ResNet(3, 3, base_channels=4, blocks=2)
    return {"unet": UNet, "encoder_decoder": EncoderDecoder}[name](3, 3, base_channels=4, depth=4)


class _Watch(pl.Callback):
    def __init__(self) -> None:
        self.losses: Losses = {}

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, *_: Any) -> None:
        for name, value in module.latest.items():
            self.losses.setdefault(name, []).append(value)


def losses(generator: str, objective: Objective) -> Losses:
    """Five steps of batch 2 in float32, with dropout where the generator has it."""
    watch = _Watch()
    data = tiny_data(2 * STEPS, batch_size=2)
    module = tiny_module(data, objective, generator=_generator(generator), step_batch=2, log_every_images=2)
    with tempfile.TemporaryDirectory() as folder:
        fit(module, data, Path(folder), [watch], limit_val_batches=0)
    return watch.losses


def main() -> None:
    torch.set_num_threads(1)
    golden = {
        f"{generator} {name}": losses(generator, objective)
        for generator in GENERATORS
        for name, objective in GOLDEN_OBJECTIVES.items()
    }
    FILE.write_text(json.dumps(golden, indent=1) + "\n")
    print(f"{FILE}: {len(golden)} runs of {STEPS} steps")


if __name__ == "__main__":
    main()
