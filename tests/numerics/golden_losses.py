"""Writes golden_losses.json, the losses of three steps for each generator and objective: what a refactor may not move.

The generators of `pix2pix.models` and the objectives of `conf/objective/` are found by themselves, and every objective
that has a discriminator is played under every adversarial loss. What goes beyond the paper is there once each, with the
U-Net. After a change that is meant to move them, or to add to them:

    OMP_NUM_THREADS=1 .venv/bin/python -m tests.numerics.golden_losses
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from tests.training.tiny_run import OBJECTIVES, fit, tiny_classification, tiny_data, tiny_module
from torch import nn

from pix2pix.build.modules import make_objective
from pix2pix.losses.adversarial import ADVERSARIAL
from pix2pix.losses.objective import Objective
from pix2pix.models import GENERATORS
from pix2pix.models.blocks import Generator
from pix2pix.models.multiscale import MultiScale
from pix2pix.models.patchgan import PatchGAN
from pix2pix.settings.compose import check
from pix2pix.settings.typed import conf_folder
from pix2pix.training.learner import Learner

FILE = Path(__file__).with_suffix(".json")
STEPS, PAIRS = 3, 10
# Of whatever generator has such a setting; all else is as its class has it, dropout too.
SMALL = {
    "base_channels": 4,
    "depth": 4,
    "blocks": 2,
    "local_blocks": 1,
    "halvings": 2,
    "layers": 3,
    "receptive_field": 3,
}
CLASSES: dict[str, dict[str, Any]] = {
    "labels": {"target": {"kind": "labels", "palette": [[0, 0, 0], [255, 0, 0], [0, 255, 255], [255, 255, 255]]}},
    "colours": {"source": "lab_l", "target": "lab_ab"},
}
PAPER = OBJECTIVES["l1_cgan"]
BEYOND = {
    "L1 of half the size": dataclasses.replace(PAPER, l1_scale=2),
    "feature matching": dataclasses.replace(PAPER, feature_matching_weight=10),
    "R1": dataclasses.replace(PAPER, r1_gamma=1, r1_every=2),
    "augmentation": dataclasses.replace(PAPER, augment=("colour", "translation", "cutout")),
}
DISCRIMINATORS: dict[str, Callable[[int], nn.Module]] = {
    "multiscale": partial(MultiScale, base_channels=4, receptive_field=7, scales=2),
    "spectral norm": partial(PatchGAN, base_channels=4, receptive_field=16, spectral_norm=True),
}
Losses = dict[str, list[float]]  # term → its value in each step


@cache
def runs() -> dict[str, Callable[[], Losses]]:
    """Every run by its name."""
    generators = {name.split(".")[-2]: small(network) for name, network in GENERATORS.items()}
    made: dict[str, Callable[[], Losses]] = {}
    for generator, make in generators.items():
        for name, objective in objectives().items():
            made[f"{generator} {name}"] = partial(translation, make, objective)
        for kind in CLASSES:
            made[f"{generator} classes of {kind}"] = partial(classification, make, kind)
    unet = generators["unet"]
    for name, objective in BEYOND.items():
        made[f"unet l1_cgan, {name}"] = partial(translation, unet, objective)
    for name, discriminator in DISCRIMINATORS.items():
        made[f"unet l1_cgan, {name}"] = partial(translation, unet, PAPER, discriminator)
    return made


def small(network: type[Generator]) -> Callable[[int, int], Generator]:
    """Called with the channels of source and target."""
    known = inspect.signature(network).parameters
    return partial(network, **{name: value for name, value in SMALL.items() if name in known})


def objectives() -> dict[str, Objective]:
    """Those of `conf/objective/`, with rival adversarial losses in place of their own; not the classes."""
    found: dict[str, Objective] = {}
    for file in sorted((conf_folder() / "objective").glob("[!_]*.yaml")):
        settings, _ = check([f"objective={file.stem}", "data.task=photo2labels"])
        if "kind" in settings["objective"]:
            continue
        own = make_objective(settings["objective"], target_channels=3)
        found[file.stem] = own
        for rival in ADVERSARIAL if own.has_discriminator else ():
            if rival != own.adversarial:
                found[f"{file.stem} {rival}"] = dataclasses.replace(own, adversarial=rival)
    return found


def translation(
    generator: Callable[[int, int], Generator],
    objective: Objective,
    discriminator: Callable[[int], nn.Module] | None = None,
) -> Losses:
    """Steps of batch 2 in float32, with dropout where the generator has it."""
    torch.manual_seed(0)
    opponent = None if discriminator is None else discriminator(6)
    torch.manual_seed(0)
    data = tiny_data(PAIRS, batch_size=2)
    module = tiny_module(
        data, objective, generator=generator(3, 3), discriminator=opponent, step_batch=2, log_every_images=2
    )
    return _losses(module, data)


def classification(generator: Callable[[int, int], Generator], kind: str) -> Losses:
    """The same, of classes."""
    data = tiny_data(PAIRS, batch_size=2, **CLASSES[kind])
    return _losses(tiny_classification(data, generator=generator, step_batch=2, log_every_images=2), data)


class _Watch(pl.Callback):
    def __init__(self) -> None:
        self.losses: Losses = {}

    def on_train_batch_end(self, trainer: pl.Trainer, module: Any, *_: Any) -> None:
        for name, value in module.latest.items():
            self.losses.setdefault(name, []).append(value)


def _losses(module: Learner, data: Any) -> Losses:
    watch = _Watch()
    with tempfile.TemporaryDirectory() as folder:
        fit(module, data, Path(folder), [watch], limit_train_batches=STEPS, limit_val_batches=0)
    return watch.losses


def main() -> None:
    torch.set_num_threads(1)
    golden = {name: run() for name, run in runs().items()}
    FILE.write_text(json.dumps(golden, indent=1) + "\n")
    print(f"{FILE}: {len(golden)} runs of {STEPS} steps")


if __name__ == "__main__":
    main()
