"""A run so small that a test can afford many: random pictures in memory, little networks, the real module and data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.callbacks import Checkpoint
from torch import Tensor, nn

from pix2pix.data.datamodule import PairedData
from pix2pix.data.pairs import Pair
from pix2pix.data.transforms import PairTransform
from pix2pix.losses.objective import Objective
from pix2pix.metrics.scores import Scores
from pix2pix.models.blocks import Generator
from pix2pix.models.classifier import Classifier
from pix2pix.models.patchgan import PatchGAN
from pix2pix.models.pixel_classes import classes_of
from pix2pix.models.unet import UNet
from pix2pix.training.classification import Classification
from pix2pix.training.learner import Learner, Recipe
from pix2pix.training.precision import ChannelsLast
from pix2pix.training.schedules import LinearDecay
from pix2pix.training.translation import Translation

SIDE = 16  # pixels
ADAM = partial(torch.optim.Adam, betas=(0.5, 0.999), foreach=False, fused=False)
SGD = partial(torch.optim.SGD, foreach=False)

# What `objective=` composes, here without Hydra.
OBJECTIVES = {
    "l1": Objective(None, False),
    "l2": Objective(None, False, l1_weight=0, l2_weight=100),
    "gan": Objective("vanilla", False, l1_weight=0),
    "cgan": Objective("vanilla", True, l1_weight=0),
    "l1_gan": Objective("vanilla", False),
    "l1_cgan": Objective("vanilla", True),
}


class RandomPictures:
    """`count` pairs of noise, each a function of its name alone; with `holes`, a quarter of the target is NaN."""

    def __init__(self, split: str, count: Mapping[str, int], side: int = SIDE, holes: bool = False) -> None:
        self.names = [f"{split} {index}" for index in range(count[split])]
        self.side, self.holes = side, holes

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Pair:
        name = self.names[index]
        rng = np.random.default_rng(list(name.encode()))
        source, target = rng.integers(0, 256, (2, self.side, self.side, 3), dtype=np.uint8)
        if not self.holes:
            return Pair(source, target, name)
        real = target.astype(np.float32)
        real[: self.side // 2, : self.side // 2] = np.nan
        return Pair(source, real, name)


def tiny_data(
    train: int = 6,
    val: int = 2,
    *,
    batch_size: int = 1,
    accumulate: int = 1,
    holes: bool = False,
    source: Any = "rgb",
    target: Any = "rgb",
    **settings: Any,
) -> PairedData:
    """Pairs of random pictures. With `holes` the targets are float, and their first quarter does not count."""
    return PairedData(
        partial(RandomPictures, count={"train": train, "val": val, "test": val}, holes=holes),
        source,
        {"kind": "raw", "channels": 3, "range": (0, 255)} if holes else target,
        PairTransform(size=(SIDE, SIDE), jitter=1.25),
        batch_size=batch_size,
        accumulate=accumulate,
        **settings,
    )


def tiny_module(
    data: PairedData,
    objective: Objective | str = "l1_cgan",
    *,
    generator: Generator | None = None,
    discriminator: nn.Module | None = None,
    norm: Any = "batch",
    dropout: float = 0.0,
    optimizer: Callable[..., torch.optim.Optimizer] = ADAM,
    rates: tuple[float, float] = (2e-4, 2e-4),
    schedule: LinearDecay | None = None,
    seed: int = 0,
    channels_last: ChannelsLast = False,
    **settings: Any,
) -> Translation:
    """The real module around little networks, whose weights depend on the seed alone."""
    objective = OBJECTIVES[objective] if isinstance(objective, str) else objective
    torch.manual_seed(seed)
    if generator is None:
        generator = UNet(3, 3, base_channels=4, depth=4, norm=norm, dropout=dropout)
    if discriminator is None and objective.has_discriminator:
        discriminator = PatchGAN(objective.discriminator_channels(3, 3), 4, receptive_field=16, norm=norm)
    return Translation(
        generator,
        discriminator,
        objective,
        Recipe(optimizer, rates, schedule or LinearDecay(1), seed=seed, **settings),
        scores=Scores(data.target_domain),
        channels_last=channels_last,
    )


def tiny_classification(
    data: PairedData,
    *,
    generator: Callable[[int, int], Generator] | None = None,
    norm: Any = "batch",
    optimizer: Callable[..., torch.optim.Optimizer] = ADAM,
    rates: tuple[float, float] = (2e-4, 2e-4),
    seed: int = 0,
    uniform: float = 0.5,
    **settings: Any,
) -> Classification:
    """The real module of per-pixel classification around a little network, for a target of labels or colours."""
    classes = classes_of(data.target_domain, 0.38)
    torch.manual_seed(seed)
    make = generator or partial(UNet, base_channels=4, depth=4, norm=norm, dropout=0.0)
    return Classification(
        Classifier(make(data.source_domain.channels, classes.count), classes),
        Recipe(optimizer, rates, LinearDecay(100), seed=seed, **settings),
        uniform=uniform,
        scores=Scores(data.target_domain),
    )


def fit(
    module: Learner,
    data: PairedData,
    folder: Path,
    callbacks: Sequence[pl.Callback] = (),
    *,
    epochs: int = 1,
    resume: Path | None = None,
    **settings: Any,
) -> pl.Trainer:
    """Train with a real Trainer, on the processor and in float32 unless `settings` says otherwise; returns it."""
    usual: dict[str, Any] = {
        "accelerator": "cpu",
        "devices": 1,
        "logger": False,
        "enable_checkpointing": any(isinstance(each, Checkpoint) for each in callbacks),
        "enable_model_summary": False,
        "enable_progress_bar": False,
        "num_sanity_val_steps": 0,
        "use_distributed_sampler": False,
    }
    trainer = pl.Trainer(max_epochs=epochs, callbacks=list(callbacks), default_root_dir=folder, **(usual | settings))
    trainer.fit(module, datamodule=data, ckpt_path=resume, weights_only=True)
    return trainer


class Steps(pl.Callback):
    """Remembers both players after each step, as copies."""

    def __init__(self) -> None:
        self.states: list[dict[str, Tensor]] = []

    def on_train_batch_end(self, trainer: pl.Trainer, module: pl.LightningModule, *_: Any) -> None:
        self.states.append({name: value.clone() for name, value in module.state_dict().items()})


class Gradients(pl.Callback):
    """Remembers the gradients of each optimiser's parameters before each of its steps; None where there is none."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Tensor | None]] = []  # by the name of the parameter in the module

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        of_player = {id(each) for group in optimizer.param_groups for each in group["params"]}
        self.seen.append(
            {
                name: None if each.grad is None else each.grad.clone()
                for name, each in module.named_parameters()
                if id(each) in of_player
            }
        )


def largest_difference(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> tuple[float, str]:
    """The largest absolute difference of two states, and in which tensor. The names must be the same."""
    assert one.keys() == other.keys()
    return max((float((one[name].double() - other[name].double()).abs().max()), name) for name in one)
