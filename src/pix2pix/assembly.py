"""From checked settings to the parts of a run: data, networks, trackers, trainer, and what a resumed run takes over."""

from __future__ import annotations

import logging
import platform
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.pytorch import Callback, Trainer
from omegaconf import ListConfig, OmegaConf
from torch import nn

from pix2pix import __version__
from pix2pix.callbacks.checkpoints import Checkpoints
from pix2pix.config import ConfigError
from pix2pix.data.datamodule import PairedData
from pix2pix.data.pairs import BadPairError
from pix2pix.data.transforms import PairTransform
from pix2pix.losses.objective import Objective
from pix2pix.losses.perceptual import PerceptualLoss
from pix2pix.metrics.scores import Scores
from pix2pix.models.blocks import Generator
from pix2pix.models.classifier import Classifier
from pix2pix.models.pixel_classes import classes_of
from pix2pix.models.sync_batch_norm import synchronise_batch_norm
from pix2pix.ranks import launched
from pix2pix.runs import FORMAT, RECORD, check_unused, checkpoint_of, generator_weights, read_checkpoint
from pix2pix.sweeps import as_typed
from pix2pix.training.checkpoint_io import AtomicCheckpointIO
from pix2pix.training.classification import Classification
from pix2pix.training.learner import Learner, Recipe
from pix2pix.training.memory import keep_freed_memory
from pix2pix.training.precision import ChannelsLast, resolve_channels_last, resolve_precision
from pix2pix.training.schedules import LinearDecay
from pix2pix.training.translation import Translation

log = logging.getLogger(__name__)

TWO_PLAYERS = "ddp_find_unused_parameters_true"  # each backward pass leaves one player's parameters out


@dataclass(frozen=True)
class Resumed:
    """A checkpoint to continue from."""

    path: Path
    record: Mapping[str, Any]
    place: Mapping[str, int]  # batches of an epoch that are done, both counted from 0


@dataclass(frozen=True)
class Parts:
    """What a run consists of."""

    settings: Mapping[str, Any]
    environment: Mapping[str, Any]
    data: PairedData
    module: Learner
    trainer: Trainer

    def log_facts(self) -> None:
        """Log what is about to run, and hand settings and sizes to the trackers."""
        if not self.trainer.is_global_zero:
            return
        sizes = {
            name: sum(parameter.numel() for parameter in player.parameters())
            for name, player in self.module.players.items()
        }
        facts = {"parameters": sizes, "environment": dict(self.environment)}
        for tracker in self.trainer.loggers:
            tracker.log_hyperparams({**self.settings, **facts})
        listed = ", ".join(f"{name} {count / 1e6:.2f} M parameters" for name, count in sizes.items())
        pairs = ", ".join(f"{len(self.data.readable(split))} {split}" for split in ("train", "val"))
        log.info("%s · pairs: %s · %s", listed, pairs, self.environment["precision"])


def resumed_checkpoint(settings: Mapping[str, Any], folder: Path) -> Resumed | None:
    """The checkpoint that this run continues from; None for a run from the start.

    Raises ConfigError where the folder holds a run that was not asked to be continued.
    """
    last = folder / "checkpoints" / "last.ckpt"
    if settings["resume"] is None:
        check_unused(folder)
        return None
    if not last.exists():
        log.info("%s has no checkpoint yet: starting from the beginning.", folder)
        return None
    try:
        content = read_checkpoint(last)
    except ValueError as error:
        raise ConfigError(f"resume: {error}") from error
    return Resumed(last, content[RECORD], content["PairedData"])


def typed_overrides(folder: Path) -> list[str]:
    """What was typed when the run was started, less Hydra's own."""
    record = folder / ".hydra" / "overrides.yaml"
    typed = OmegaConf.load(record) if record.exists() else HydraConfig.get().overrides.task
    assert isinstance(typed, ListConfig)
    return as_typed(typed)


def assemble(settings: Mapping[str, Any], folder: Path, resumed: Resumed | None) -> Parts:
    """Make the parts of a run. Raises ConfigError and BadPairError where they do not fit."""
    _quieten()
    trainer_settings = _trainer_settings(settings["trainer"], resumed)
    on_cpu = trainer_settings["accelerator"] == "cpu"
    if on_cpu:
        keep_freed_memory()
    data = make_data(settings, resumed)
    channels_last = resolve_channels_last(settings["training"]["channels_last"], on_cpu)
    module = make_module(settings, data, channels_last=channels_last)
    if settings["init_from"] and resumed is None:
        load_weights(module, settings["init_from"])
    if trainer_settings.pop("sync_batchnorm"):
        for player in module.players.values():
            synchronise_batch_norm(player, on_cpu=on_cpu)
    if settings["training"]["compile"]:
        for player in module.players.values():
            player.compile()
    if trainer_settings["strategy"] == TWO_PLAYERS and len(module.players) == 1:
        trainer_settings["strategy"] = "ddp"
    environment = {
        "precision": trainer_settings["precision"],
        "accelerator": trainer_settings["accelerator"],
        "threads": torch.get_num_threads(),
        "processor": platform.processor() or platform.machine(),
        "torch": str(torch.__version__),
        "pix2pix": __version__,
    }
    record = {"format": FORMAT, "settings": dict(settings), "environment": environment}
    trainer = instantiate(
        trainer_settings,
        max_epochs=settings["schedule"]["epochs"],
        default_root_dir=str(folder),
        logger=[instantiate(tracker, _convert_="all") for tracker in settings["logger"].values()] or False,
        callbacks=list(_callbacks(settings["callbacks"], folder, record)),
        plugins=[AtomicCheckpointIO(), TorchElasticEnvironment() if launched()[1] > 1 else LightningEnvironment()],
        enable_checkpointing=False,  # callbacks.checkpoints does it
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
    )
    environment["ranks"] = trainer.world_size
    if resumed is not None:
        _compare(environment, settings, resumed)
    return Parts(settings, environment, data, module, trainer)


def _trainer_settings(settings: Mapping[str, Any], resumed: Resumed | None) -> dict[str, Any]:
    """What `auto` becomes here; a resumed run keeps what it had become."""
    made = {name: value for name, value in settings.items() if value is not None}
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if made["accelerator"] == "auto":
        made["accelerator"] = "cuda" if cuda else "mps" if mps else "cpu"
    if not {"cpu": True, "cuda": cuda, "mps": mps, "gpu": cuda or mps}[made["accelerator"]]:
        raise ConfigError(
            f"trainer.accelerator: found {made['accelerator']!r}, but PyTorch {torch.__version__} finds no such device"
            " here. Type trainer=cpu, or trainer=auto for the best there is"
        )
    if made["precision"] == "auto" and resumed is not None:
        made["precision"] = resumed.record["environment"]["precision"]
    made["precision"] = resolve_precision(made["precision"], on_cpu=made["accelerator"] == "cpu")
    _, ranks = launched()
    if ranks > 1 and made["devices"] in ("auto", -1):
        made["devices"] = ranks // made["num_nodes"]
    several = made["num_nodes"] > 1 or made["devices"] not in (1, [0])
    if (made["strategy"] == "auto" and several) or str(made["strategy"]).startswith("ddp"):
        made["strategy"] = TWO_PLAYERS
    return made


def _compare(environment: Mapping[str, Any], settings: Mapping[str, Any], resumed: Resumed) -> None:
    """Say where a resumed run cannot or will not go on as it was."""
    for name, before in resumed.record["environment"].items():
        if environment[name] != before and name != "pix2pix":
            log.warning("%s was %s and is %s: the run goes on, but not bit for bit.", name, before, environment[name])
    then, now = (LinearDecay(**each["schedule"]) for each in (resumed.record["settings"], settings))
    next_epoch = resumed.place["epoch"]
    latest_epoch = next_epoch if resumed.place["batch"] else max(0, next_epoch - 1)
    if then != now and then.begun(latest_epoch):
        before, after = then.factor(latest_epoch), now.factor(next_epoch)
        log.warning(
            "The learning rate had begun to decay (it was %.3g of its full value) and now goes on at %.3g: the run"
            " will differ from one that was planned for %d epochs from the start.",
            *(before, after, now.epochs),
        )


def make_data(settings: Mapping[str, Any], resumed: Resumed | None = None) -> PairedData:
    """The data module of these settings; a resumed run keeps its domains, with what was measured.

    Raises ConfigError where the folder has no such pairs, or a domain does not hold together.
    """
    data = settings["data"]
    domains = {
        side: data[side] if resumed is None else resumed.record[f"{side}_domain"] for side in ("source", "target")
    }
    transform = PairTransform(
        size=None if data["size"] is None else (data["size"][0], data["size"][1]),
        jitter=data["jitter"],
        mirror=data["mirror"],
        quarter_turns=data["quarter_turns"],
        colour_jitter=data["colour_jitter"],
    )
    try:
        made = PairedData(
            instantiate(data["pairs"], _convert_="all"),
            domains["source"],
            domains["target"],
            transform,
            batch_size=data["batch_size"],
            accumulate=settings["training"]["accumulate"],
            num_workers=data["num_workers"],
            cache=data["cache"],
            on_bad=data["on_bad"],
            seed=settings["seed"],
        )
        made.readable("val")
    except BadPairError:
        raise
    except ValueError as error:
        look = f". To see what the folder holds: pix2pix data check {data['root']}" if data.get("root") else ""
        raise ConfigError(f"{error}{look}") from error
    return made


def make_module(settings: Mapping[str, Any], data: PairedData, *, channels_last: ChannelsLast) -> Learner:
    """The networks of these settings, with weights drawn from the seed, and the module that trains them."""
    torch.manual_seed(settings["seed"])
    if settings["objective"].get("kind") == "classes":
        return _classification(settings, data, channels_last=channels_last is True)
    source, target = data.source_domain.channels, data.target_domain.channels
    objective = make_objective(settings["objective"], target)
    generator: Generator = instantiate(settings["generator"], source_channels=source, target_channels=target)
    discriminator: nn.Module | None = None
    if objective.has_discriminator:
        channels = objective.discriminator_channels(source, target)
        discriminator = instantiate(settings["discriminator"], input_channels=channels)
    return Translation(
        generator,
        discriminator,
        objective,
        make_recipe(settings, len(data.readable("train"))),
        scores=Scores(data.target_domain),
        channels_last=channels_last,
    )


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
        network: Generator = instantiate(
            settings["generator"], source_channels=data.source_domain.channels, target_channels=classes.count
        )
        generator = Classifier(network, classes)
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
        make_optimizer=instantiate(optimizer["algorithm"], _convert_="all"),
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


def load_weights(module: Learner, path: str) -> None:
    """Start from a checkpoint's weights: the generator's, and the discriminator's where it has the same shape.

    Raises ConfigError where the generators differ, with the first tensor that does.
    """
    try:
        content = read_checkpoint(checkpoint_of(path))
    except (FileNotFoundError, ValueError) as error:
        raise ConfigError(f"init_from: {error}") from error
    weights, own = generator_weights(content), module.generator.state_dict()
    for name in dict.fromkeys([*own, *weights]):
        found, expected = (tuple(each[name].shape) if name in each else "absent" for each in (weights, own))
        if found != expected:
            raise ConfigError(
                f"init_from: the generator of {path} is another one: its {name} is {found}, and these settings make it"
                f" {expected}. Its own settings: {content[RECORD]['settings']['generator']}"
            )
    module.generator.load_state_dict(weights)
    if module.average is not None:
        module.average.load_state_dict(weights)
    discriminator = module.players.get("discriminator")
    if discriminator is None:
        return
    judge = {
        name.removeprefix("discriminator."): value
        for name, value in content.get("state_dict", {}).items()
        if name.startswith("discriminator.")
    }
    own_judge = discriminator.state_dict()
    if {name: each.shape for name, each in judge.items()} == {name: each.shape for name, each in own_judge.items()}:
        discriminator.load_state_dict(judge)
    else:
        log.warning("init_from: %s has no discriminator of this shape; it starts from random weights.", path)


def _callbacks(settings: Mapping[str, Mapping[str, Any]], folder: Path, record: Mapping[str, Any]) -> list[Callback]:
    made = [instantiate(callback, _convert_="all", _partial_=True) for callback in settings.values()]
    made = [each(folder, record) if _is_checkpoints(each) else each() for each in made]
    # Last: what the others do at the end of an epoch is done when the checkpoint is written.
    return sorted(made, key=lambda callback: isinstance(callback, Checkpoints))


def _is_checkpoints(callback: partial[Any]) -> bool:
    return callback.func is Checkpoints


def _quieten() -> None:
    """Lightning's remarks about things that are as they should be."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for remark in (
        ".*does not have many workers.*",
        ".*dataloader is not resumable.*",
        ".*your dataloader is not resumable.*",
        ".*in eval mode at the start of training.*",
        ".*is smaller than the logging interval.*",
        ".*Checkpoint directory .* exists and is not empty.*",
        ".*find_unused_parameters=True was specified.*",
        ".*sync_dist=True.*",  # the scores are those of all ranks already
        ".*all_gather is deprecated.*",
        ".*srun. command is available.*",
        ".*isinstance.treespec, LeafSpec.*",
    ):
        warnings.filterwarnings("ignore", message=remark)
