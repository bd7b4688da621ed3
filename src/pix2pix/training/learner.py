"""What every LightningModule of ours does: steps by hand, counting, logging, validation, checkpoints."""

from __future__ import annotations

import hashlib
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.trainer.states import TrainerFn
from torch import Tensor, nn
from torch.optim import Optimizer

from pix2pix.data.datamodule import PairedData
from pix2pix.data.pairs import Batch
from pix2pix.errors import ConfigError
from pix2pix.metrics.scores import Scores
from pix2pix.models.blocks import Generator
from pix2pix.models.test_time import Statistics, default_randoms, pad_to_multiple, translate
from pix2pix.tracking.guarded import CutsBack
from pix2pix.training.average import decay_of_step, start_average, update_average
from pix2pix.training.loss_log import LossLog
from pix2pix.training.plain_loader import LoaderProgress, as_batch
from pix2pix.training.resumable import check_state
from pix2pix.training.schedules import LinearDecay

MakeOptimizer = Callable[..., Optimizer]


@dataclass(frozen=True)
class Recipe:
    """How a module learns and translates, whatever its losses.

    make_optimizer: called with the parameters and `lr`.
    rates: learning rates of the players, the generator's first.
    step_batch: pictures that go through the networks at once, on each device.
    clip_norm: largest norm of each player's gradient.
    average: half-life of the generator's running average in images, None for none (see `average.decay_of_step`).
    noise, statistics: how the generator works at test time (see `models.test_time.translate`).
    total_images: of the whole training, over all ranks.
    """

    make_optimizer: MakeOptimizer
    rates: tuple[float, float]
    schedule: LinearDecay
    step_batch: int = 1
    clip_norm: float | None = None
    average: float | None = None
    noise: bool = True
    statistics: Statistics = "picture"
    log_every_images: int = 200
    total_images: int = 0
    seed: int = 0


class Learner(LightningModule):
    """A generator that learns from pairs. Subclasses say what one step is: `step`, and who takes part: `players`.

    A batch longer than `step_batch` is worked through in parts of that many pictures whose gradients add up to those of
    the whole (norm statistics aside), so a batch is always a whole step, and so is what a checkpoint holds. An epoch's
    last batch may be shorter; its gradients are the mean over the pictures it has.

    Args:
        generator: (B, C, H, W) in [-1, 1] → (B, C', H, W) in [-1, 1]; `multiple` says what sides it takes.
        scores: metrics of the validation.
        channels_last: whether the generator's weights and maps lie channel by channel within a pixel.
    """

    def __init__(self, generator: Generator, recipe: Recipe, *, scores: Scores, channels_last: bool = False) -> None:
        super().__init__()
        self.automatic_optimization = False
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self.generator = generator.to(memory_format=self._layout)
        self.average = start_average(generator) if recipe.average is not None else None
        self.recipe = recipe
        self.scores = scores
        self.images_seen = 0  # over all ranks
        self.restoring = False  # from when a checkpoint is taken up until the training starts
        self._seconds_before = 0.0  # of training, before this process
        self._began = time.monotonic()
        self.latest: dict[str, float] = {}  # the losses of the last logged row
        self.latest_scores: dict[str, float] = {}  # of the last validation
        self.pictures_scored: int | None = None  # in it, over all ranks; None before this process has had one
        self.log_rows = LossLog(recipe.log_every_images)
        self._optimizers: list[LightningOptimizer] = []
        self._progress = LoaderProgress()
        self._timed = (0, time.monotonic())  # images seen, and when

    # --- what subclasses say ----------------------------------------------------------------------------------------

    @abstractmethod
    def step(self, parts: list[Batch]) -> dict[str, Tensor]:
        """One optimisation step of each player on a batch in parts; the mean losses over the batch, by name."""

    @property
    def players(self) -> dict[str, nn.Module]:
        """The networks that learn, by name, each with an optimiser of its own: the generator first."""
        return {"generator": self.generator}

    # --- the step ---------------------------------------------------------------------------------------------------

    def configure_optimizers(self) -> list[Optimizer]:
        """One optimiser a player. Raises ConfigError where its class does not take its settings."""
        players = zip(self.players.values(), self.recipe.rates, strict=False)
        try:
            return [self.recipe.make_optimizer(player.parameters(), lr=rate) for player, rate in players]
        except Exception as error:  # whatever a class raises
            raise ConfigError(f"optimizer.algorithm: {type(error).__name__}: {error}") from error

    def setup(self, stage: str) -> None:
        """Take over the target's range, which the data module has measured by now where it had to."""
        self._progress.trainer = self.trainer
        if isinstance(self._datamodule, PairedData):
            self.scores.domain = self._datamodule.target_domain

    def on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> Batch:
        """Take what a loader other than `PairedData`'s gives (see `plain_loader.as_batch`)."""
        return batch if isinstance(batch, Batch) else as_batch(batch)

    def on_train_start(self) -> None:
        """Look the optimisers up once; the trackers forget what came after the checkpoint."""
        self.restoring = False
        self._began = time.monotonic()
        optimizers = self.optimizers()
        self._optimizers = optimizers if isinstance(optimizers, list) else [optimizers]
        if self.progress.place.batch >= self.trainer.num_training_batches:
            raise ConfigError(
                f"resume: the run stopped at batch {self.progress.place.batch} of epoch {self.epoch + 1}, and with what"
                f" is typed now an epoch has {self.trainer.num_training_batches}: it would never end. Leave out"
                " what makes it shorter (trainer.limit_train_batches, data.root, more devices)"
            )
        self.on_train_epoch_start()  # Lightning does not call it where a run goes on within an epoch
        if self.trainer.is_global_zero:
            for tracker in self.trainer.loggers:
                if isinstance(tracker, CutsBack):
                    tracker.cut_back(self.images_seen)

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One step of each player."""
        self.log_rows.look()
        self._set_rates()
        # A function of what was seen, so no random state needs saving.
        self.seed_noise()
        terms = self.step(list(self._parts(batch)))
        if self.average is not None and self.recipe.average is not None:
            images = len(batch.names) * self.trainer.world_size
            decay = decay_of_step(self.recipe.average, images, self.images_seen + images)
            update_average(self.average, self.generator, decay)
        self._advance(batch, terms)

    def _parts(self, batch: Batch) -> Iterator[Batch]:
        for start in range(0, len(batch.names), self.recipe.step_batch):
            part = slice(start, start + self.recipe.step_batch)
            yield Batch(
                batch.source[part].contiguous(memory_format=self._layout),
                batch.target[part].contiguous(memory_format=self._layout),
                batch.weight[part] if batch.weight is not None else None,
                batch.names[part],
            )

    def run_generator(self, source: Tensor, forward: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """(B, C, H, W) → (B, C', H, W), in training; by `forward`, where it is not the picture that is wanted."""
        padded, crop = pad_to_multiple(source, self.generator.multiple)
        return (forward or self.generator)(padded)[crop]

    def seed_noise(self, part: int = 0) -> None:
        """Give the noise of this step's part its place: the same again for the same seed, images seen and rank."""
        value = self.seed_of(f"{part}")
        for random in default_randoms(self.device):  # torch.manual_seed takes half a millisecond where a GPU sleeps
            random.manual_seed(value)

    def seed_of(self, what: str) -> int:
        """A seed for something of this step: a function of what it is, the run's seed, images seen and rank."""
        place = f"{self.recipe.seed}/{self.images_seen}/{self.global_rank}/{what}"
        return int.from_bytes(hashlib.blake2b(place.encode(), digest_size=8).digest()) >> 1

    def gradients_shared(self, *, last: bool) -> AbstractContextManager[None]:
        """Ranks average their gradients in a step's last backward pass alone."""
        model = self.trainer.model
        no_sync = getattr(model, "no_sync", None)
        return nullcontext() if last or no_sync is None else no_sync()

    def step_player(self, index: int) -> None:
        """Let a player's optimiser step on the gradients there are."""
        self._optimizers[index].step()
        self._optimizers[index].zero_grad(set_to_none=True)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip here: after unscaling (16-mixed), just before the step."""
        if self.recipe.clip_norm is None:
            return
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        if scaler is not None and getattr(optimizer, "_step_supports_amp_scaling", False):
            scaler.unscale_(optimizer)  # a fused optimiser would do it in its step, after the clipping
        parameters = [each for group in optimizer.param_groups for each in group["params"]]
        nn.utils.clip_grad_norm_(parameters, self.recipe.clip_norm)

    def _set_rates(self) -> None:
        factor = self.recipe.schedule.factor(self.epoch)
        for optimizer, rate in zip(self._optimizers, self.recipe.rates, strict=False):
            for group in optimizer.param_groups:
                group["lr"] = rate * factor

    def _advance(self, batch: Batch, terms: Mapping[str, Tensor]) -> None:
        """Count the images, log, and move the place: nothing of this step may come after."""
        images = len(batch.names) * self.trainer.world_size
        self.images_seen += images
        due = self.log_rows.add(terms, batch.names, images, self.images_seen)
        if due or self.progress.last_batch:
            self._log_losses()
        self.progress.advance()

    def _log_losses(self) -> None:
        """Write the mean losses since the last row."""
        row = {f"loss/{name}": value for name, value in self.log_rows.take(self.all_gather).items()}
        self.latest = row
        images, seconds = self.images_seen - self._timed[0], time.monotonic() - self._timed[1]
        self._timed = self.images_seen, time.monotonic()
        rate = self._optimizers[0].param_groups[0]["lr"]
        self.log_scalars({**row, "lr": rate, "epoch": float(self.epoch), "images_per_second": images / seconds})

    def on_train_epoch_start(self) -> None:
        """Time the training alone, not the validation before it."""
        self._timed = self.images_seen, time.monotonic()

    @property
    def seconds(self) -> float:
        """Of training and validating, all starts of the run together, less what was lost after a checkpoint."""
        return self._seconds_before + time.monotonic() - self._began

    def log_scalars(self, scalars: Mapping[str, float]) -> None:
        """Write scalars to every tracker, against the images seen."""
        if self.trainer.is_global_zero:
            for tracker in self.trainer.loggers:
                tracker.log_metrics(dict(scalars), step=self.images_seen)

    @property
    def total_images(self) -> int:
        """Planned for the whole run, over all ranks; fewer where trainer.limit_train_batches cuts the epochs short."""
        batches = self.trainer.num_training_batches, len(self.trainer.train_dataloader or ())
        return round(self.recipe.total_images * min(1, batches[0] / batches[1])) if batches[1] else 0

    @property
    def _datamodule(self) -> object:
        return self.trainer.datamodule  # type: ignore[attr-defined]

    @property
    def data(self) -> PairedData:
        """The data module of the pairs. Raises TypeError where the training is on another loader."""
        if not isinstance(self._datamodule, PairedData):
            raise TypeError(f"{type(self).__name__} needs a PairedData to train on, and has a loader alone")
        return self._datamodule

    @property
    def progress(self) -> PairedData | LoaderProgress:
        """What knows the place: epoch and batch."""
        return self._datamodule if isinstance(self._datamodule, PairedData) else self._progress

    @property
    def epoch(self) -> int:
        """The epoch under way, counted from 0, also after a resume."""
        return self.progress.place.epoch

    # --- validation and translation ---------------------------------------------------------------------------------

    @property
    def translator(self) -> Generator:
        """The generator that people see: the average where there is one."""
        return self.average if self.average is not None else self.generator

    def translate(self, source: Tensor, names: list[str]) -> Tensor:
        """Translate pictures (B, C, H, W) one by one, as at test time: the result depends on picture and name alone."""
        recipe = self.recipe
        return translate(
            self.translator, source, names, noise=recipe.noise, statistics=recipe.statistics, seed=recipe.seed
        )

    def on_validation_start(self) -> None:
        """Do not score what a broken step made."""
        self.log_rows.check_finite()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Score the translations of a batch."""
        self.scores.update(self.translate(batch.source, batch.names).float(), batch)

    def on_validation_epoch_end(self) -> None:
        """Log the mean scores over all pictures of all ranks."""
        self._log_scores("val")

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Score the translations of a batch."""
        self.validation_step(batch, batch_idx)

    def on_test_epoch_end(self) -> None:
        """Log the mean scores over all pictures of all ranks."""
        self._log_scores("test")

    def predict_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Translate a batch: (B, C', H, W) in [-1, 1]."""
        return self.translate(batch.source, batch.names)

    def _log_scores(self, split: str) -> None:
        scores = {f"{split}/{name}": value for name, value in self.scores.compute().items()}
        pictures = self.all_gather(torch.tensor(self.scores.pictures, device=self.device))
        self.scores.reset()
        training = self.trainer.state.fn == TrainerFn.FITTING
        self.log_dict(scores, logger=not training)  # for callbacks that monitor, and for who calls validate or test
        if not self.trainer.sanity_checking:
            self.latest_scores, self.pictures_scored = scores, int(pictures.sum())  # type: ignore[union-attr]
            if training:  # against the images seen, which Lightning does not count
                self.log_scalars(scores)

    # --- checkpoints ------------------------------------------------------------------------------------------------

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the counters, the latest figures, and the losses that no row has yet, those of every rank."""
        self.log_rows.check_finite(self.parameters())
        checkpoint["images_seen"], checkpoint["seconds"] = self.images_seen, self.seconds
        checkpoint["latest"], checkpoint["latest_scores"] = dict(self.latest), dict(self.latest_scores)
        checkpoint["log_rows"] = self.log_rows.state(self.all_gather)
        if self.progress is self._progress:
            checkpoint["PairedData"] = self._progress.state_dict()

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Take them up again: all of them in a training, the counters where the weights alone are loaded."""
        try:
            loops = self.trainer.fit_loop.state_dict()
        except RuntimeError:  # it is attached to no trainer
            self.images_seen = checkpoint["images_seen"]
            return
        self.restoring = True
        check_state(checkpoint, self, self.configure_optimizers(), loops)
        self.images_seen = checkpoint["images_seen"]
        if self.progress is self._progress:
            self._progress.load_state_dict(checkpoint["PairedData"])
        self._seconds_before = checkpoint.get("seconds", 0.0)  # older checkpoints do not say
        self.latest, self.latest_scores = dict(checkpoint["latest"]), dict(checkpoint["latest_scores"])
        self.log_rows.load(checkpoint["log_rows"], self.global_rank, self.trainer.world_size)
        # Lightning counts batches too, and its loops are restored after this.
        moved = self.progress.batch_of(checkpoint["PairedData"]) - checkpoint["PairedData"]["batch"]
        current = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["current"]
        current.update({name: count + moved for name, count in current.items()})
