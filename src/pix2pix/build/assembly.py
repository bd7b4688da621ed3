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
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import Checkpoint, ProgressBar

from pix2pix.build.continuing import check_epochs, check_none_lost, check_same_pairs, newest_checkpoint
from pix2pix.build.modules import make_module
from pix2pix.build.starting_weights import load_weights, tell_differences
from pix2pix.callbacks.beginning import AtFirstStep
from pix2pix.callbacks.checkpoints import Checkpoints
from pix2pix.data.datamodule import OpenPairs, PairedData
from pix2pix.data.sources import SOURCES, source_of
from pix2pix.data.transforms import PairTransform
from pix2pix.errors import BadPairError, ConfigError
from pix2pix.models.sync_batch_norm import synchronise_batch_norm
from pix2pix.processes.memory import keep_freed_memory
from pix2pix.processes.ranks import launched
from pix2pix.runs.checkpoint_io import AtomicCheckpointIO
from pix2pix.runs.run import FORMAT, RECORD, check_unused, read_checkpoint
from pix2pix.settings.making import make
from pix2pix.settings.recording import with_absolute_paths
from pix2pix.training.learner import Learner
from pix2pix.training.precision import resolve_channels_last, resolve_precision
from pix2pix.training.resumable import check_resumable
from pix2pix.training.schedules import LinearDecay
from pix2pix.version import __version__

log = logging.getLogger(__name__)
FEW = 5  # pairs that a validation should have at least

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
        counts = {split: len(self.data.readable(split)) for split in ("train", "val")}
        pairs = ", ".join(f"{count} {split}" for split, count in counts.items())
        limits = {f"limit_{split}_batches": self.settings["trainer"].get(f"limit_{split}_batches") for split in counts}
        if cut := [f"trainer.{name}={limit}" for name, limit in limits.items() if limit is not None]:
            pairs += f", of which only a part by {' and '.join(cut)}"
        few = " (so few that their scores are chance)" if counts["val"] < FEW else ""
        log.info("%s · pairs: %s%s · %s", listed, pairs, few, self.environment["precision"])


def resumed_checkpoint(settings: Mapping[str, Any], folder: Path) -> Resumed | None:
    """The checkpoint that this run continues from; None for a run from the start.

    Raises ConfigError where the folder holds a run that was not asked to be continued, has lost the checkpoint that it
    would be continued from, or has done more epochs than are asked for.
    """
    last = folder / "checkpoints" / "last.ckpt"
    if settings["resume"] is None:
        check_unused(folder)
        return None
    try:
        if not last.is_file():
            newest = newest_checkpoint(folder)
            check_none_lost(settings, folder, newest)
            if newest is None:
                log.info("%s has no checkpoint yet: starting from the beginning.", folder)
                return None
            log.info("%s has no last.ckpt yet: going on from %s.", folder, newest.name)
            last = newest
        content = read_checkpoint(last)
        check_resumable(content, last)
    except ValueError as error:
        raise error if isinstance(error, ConfigError) else ConfigError(f"resume: {error}") from error
    resumed = Resumed(last, content[RECORD], content["PairedData"])
    check_epochs(settings["schedule"]["epochs"], resumed.place)
    return resumed


def assemble(settings: Mapping[str, Any], folder: Path, resumed: Resumed | None) -> Parts:
    """Make the parts of a run. Raises ConfigError and BadPairError where they do not fit."""
    _quieten()
    trainer_settings = _trainer_settings(settings["trainer"], resumed)
    on_cpu = trainer_settings["accelerator"] == "cpu"
    if on_cpu:
        keep_freed_memory()
    data = make_data(settings, resumed)
    known_by = data.known_by()
    if resumed is not None:
        check_same_pairs(known_by, settings, resumed.record, folder)
    channels_last = resolve_channels_last(settings["training"]["channels_last"], on_cpu)
    module = make_module(settings, data, channels_last=channels_last)
    of_weights = load_weights(module, settings["init_from"]) if settings["init_from"] and resumed is None else None
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
    record = {
        "format": FORMAT,
        "settings": with_absolute_paths(settings),
        "environment": environment,
        "pairs": known_by,
    }
    callbacks = _callbacks(settings["callbacks"], folder, record)
    if of_weights is not None:
        callbacks.append(AtFirstStep(partial(tell_differences, of_weights, settings, data)))
    trainer: Trainer = make(
        "trainer",
        trainer_settings,
        _convert_="none",  # its arguments are objects
        max_epochs=settings["schedule"]["epochs"],
        default_root_dir=str(folder),
        logger=[make(f"logger.{name}", tracker) for name, tracker in settings["logger"].items()] or False,
        callbacks=callbacks,
        plugins=[AtomicCheckpointIO(), TorchElasticEnvironment() if launched()[1] > 1 else LightningEnvironment()],
        # Lightning adds its own where there are none.
        enable_checkpointing=any(isinstance(each, Checkpoint) for each in callbacks),
        enable_progress_bar=any(isinstance(each, ProgressBar) for each in callbacks),
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
    made = {name: value for name, value in settings.items() if value is not None or name == "check_val_every_n_epoch"}
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
        if name in environment and environment[name] != before and name != "pix2pix":
            log.warning("%s was %s and is %s: the run goes on, but not bit for bit.", name, before, environment[name])
    then, now = (
        LinearDecay(each["schedule"]["epochs"], each["schedule"]["decay_epochs"])
        for each in (resumed.record["settings"], settings)
    )
    next_epoch = resumed.place["epoch"]
    latest_epoch = next_epoch if resumed.place["batch"] else max(0, next_epoch - 1)
    if then != now and then.begun(latest_epoch):
        before, after = then.factor(latest_epoch), now.factor(next_epoch)
        log.warning(
            "The learning rate had begun to decay (it was %.3g of its full value) and now goes on at %.3g: the run"
            " will differ from one that was planned for %d epochs from the start.",
            *(before, after, now.epochs),
        )


def open_pairs(pairs: Mapping[str, Any]) -> OpenPairs:
    """What opens the splits of `data.pairs`: a source of this package is looked up, one of the user's own imported.

    Raises ValueError where a source of this package does not take what it is given.
    """
    if str(pairs.get("_target_")) in SOURCES:
        return source_of(pairs)
    opened: OpenPairs = make("data.pairs", pairs)
    return opened


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
            open_pairs(data["pairs"]),
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


def _callbacks(settings: Mapping[str, Mapping[str, Any]], folder: Path, record: Mapping[str, Any]) -> list[Callback]:
    made = [make(f"callbacks.{name}", callback, _partial_=True) for name, callback in settings.items()]
    return [each(folder, record) if each.func is Checkpoints else each() for each in made]


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
