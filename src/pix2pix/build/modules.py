"""From checked settings to the LightningModule: networks, objective and recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from pix2pix.data.datamodule import PairedData
from pix2pix.errors import ConfigError
from pix2pix.losses.objective import Objective
from pix2pix.losses.perceptual import PerceptualLoss
from pix2pix.metrics.scores import Scores
from pix2pix.models.blocks import Generator
from pix2pix.models.classifier import Classifier
from pix2pix.models.pixel_classes import classes_of
from pix2pix.settings.making import make
from pix2pix.training.classification import Classification
from pix2pix.training.learner import Learner, Recipe
from pix2pix.training.precision import ChannelsLast
from pix2pix.training.schedules import LinearDecay
from pix2pix.training.translation import Translation


def make_module(settings: Mapping[str, Any], data: PairedData, *, channels_last: ChannelsLast) -> Learner:
    """The networks of these settings, with weights drawn from the seed, and the module that trains them."""
    torch.manual_seed(settings["seed"])
    if settings["objective"].get("kind") == "classes":
        return _classification(settings, data, channels_last=channels_last is True)
    source, target = data.source_domain.channels, data.target_domain.channels
    objective = make_objective(settings["objective"], target)
    generator = _generator(settings["generator"], source, target)
    discriminator: nn.Module | None = None
    if objective.has_discriminator:
        channels = objective.discriminator_channels(source, target)
        discriminator = make("discriminator", settings["discriminator"], input_channels=channels)
    return Translation(
        generator,
        discriminator,
        objective,
        make_recipe(settings, len(data.readable("train"))),
        scores=Scores(data.target_domain),
        channels_last=channels_last,
    )


def _generator(settings: Mapping[str, Any], source_channels: int, target_channels: int) -> Generator:
    """The network of `generator`. Raises ConfigError where a class of the user's own is none that can be trained."""
    made = make("generator", settings, source_channels=source_channels, target_channels=target_channels)
    multiple = getattr(made, "multiple", None)
    if not isinstance(made, nn.Module) or not isinstance(multiple, int) or multiple < 1:
        raise ConfigError(
            f"generator: {settings['_target_']} has no `multiple`, which says what height and width must be divisible"
            " by. Make it a subclass of pix2pix.models.blocks.Generator, and write in it `multiple = 1`, or 2 to the"
            " number of its halvings"
        )
    generator: Generator = made  # type: ignore[assignment]  # or what works as one
    return generator


def make_objective(settings: Mapping[str, Any], target_channels: int) -> Objective:
    """The terms of the losses; weights of other networks are read here.

    Raises ConfigError where they cannot be read, or the network cannot see such targets.
    """
    terms = {name: value for name, value in settings.items() if name != "vgg19"}
    if not settings.get("perceptual_weight"):
        return Objective(**terms)
    if target_channels not in (1, 3):
        raise ConfigError(
            f"objective.perceptual_weight: VGG19 sees pictures of 3 channels, or of 1, and the target has"
            f" {target_channels}. Type objective.perceptual_weight=0"
        )
    try:
        return Objective(**terms, perceptual=PerceptualLoss.load(settings.get("vgg19")))
    except ValueError as error:
        elsewhere = "" if settings.get("vgg19") else ", or type objective.vgg19=FILE"
        raise ConfigError(f"objective.vgg19: {error}{elsewhere}") from error


def _classification(settings: Mapping[str, Any], data: PairedData, *, channels_last: bool) -> Classification:
    objective = settings["objective"]
    try:
        classes = classes_of(data.target_domain, objective["temperature"])
        network = _generator(settings["generator"], data.source_domain.channels, classes.count)
        generator = Classifier(network, classes)
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(f"objective=classes: {error}") from error
    return Classification(
        generator,
        make_recipe(settings, len(data.readable("train"))),
        uniform=objective["uniform"],
        scores=Scores(data.target_domain),
        channels_last=channels_last,
    )


def make_recipe(settings: Mapping[str, Any], training_pairs: int) -> Recipe:
    """How the module learns and translates."""
    optimizer, training, translation = settings["optimizer"], settings["training"], settings["translation"]
    return Recipe(
        make_optimizer=make("optimizer.algorithm", optimizer["algorithm"]),
        rates=(optimizer["lr"], optimizer["discriminator_lr"]),
        schedule=LinearDecay(**settings["schedule"]),
        step_batch=settings["data"]["batch_size"],
        clip_norm=training["clip_norm"],
        average=training["average"],
        noise=translation["noise"],
        statistics=translation["statistics"],
        log_every_images=training["log_every_images"],
        total_images=training_pairs * settings["schedule"]["epochs"],
        seed=settings["seed"],
    )
