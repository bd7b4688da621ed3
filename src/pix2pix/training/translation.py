"""The LightningModule of pix2pix: generator, discriminator, and one hand-made optimisation step of each per batch."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal, cast

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor, nn
from torch.optim import Optimizer

from pix2pix.data.datamodule import PairedData
from pix2pix.data.pairs import Batch
from pix2pix.inference.test_time import default_randoms, pad_to_multiple, translate
from pix2pix.losses.objective import Objective
from pix2pix.metrics.scores import Scores
from pix2pix.models.blocks import Generator
from pix2pix.tracking.guarded import CutsBack
from pix2pix.training.average import start_average, update_average
from pix2pix.training.loss_log import LossLog
from pix2pix.training.precision import ChannelsLast
from pix2pix.training.schedules import LinearDecay

MakeOptimizer = Callable[..., Optimizer]


class Translation(LightningModule):
    """Translates pictures of a source domain to a target domain, and learns to.

    One call of `training_step` is one step of each player: D on the detached translation, then G. A batch longer than
    `step_batch` is worked through in parts of that many pictures whose gradients add up to those of the whole (norm
    statistics aside), so a batch is always a whole step, and so is what a checkpoint holds. An epoch's last batch may
    be shorter; its gradients are the mean over the pictures it has.

    Args:
        generator: (B, C, H, W) in [-1, 1] → (B, C', H, W) in [-1, 1]; `multiple` says what sides it takes.
        discriminator: (B, C + C' or C', H, W) → logits; None where the objective has no such player.
        make_optimizer: called with the parameters and `lr`.
        rates: learning rates of generator and discriminator.
        step_batch: pictures that go through the networks at once, on each device.
        clip_norm: largest norm of each player's gradient.
        average: decay of the generator's running average, None for none.
        noise, statistics: how the generator works at test time (see `inference.test_time.translate`).
        channels_last: whose weights and maps lie channel by channel within a pixel.
        scores: metrics of the validation.
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: nn.Module | None,
        objective: Objective,
        make_optimizer: MakeOptimizer,
        rates: tuple[float, float],
        schedule: LinearDecay,
        *,
        scores: Scores,
        step_batch: int = 1,
        clip_norm: float | None = None,
        average: float | None = None,
        noise: bool = True,
        statistics: Literal["picture", "running"] = "picture",
        channels_last: ChannelsLast = False,
        log_every_images: int = 200,
        total_images: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self._layout = torch.channels_last if channels_last is True else torch.contiguous_format
        self.generator = generator.to(memory_format=self._layout)
        self.discriminator = discriminator
        if discriminator is not None and channels_last:
            discriminator.to(memory_format=torch.channels_last)
        self.average = start_average(generator) if average is not None else None
        self.objective = objective
        self.schedule = schedule
        self.scores = scores
        self.step_batch = step_batch
        self.seed = seed
        self.total_images = total_images
        self.images_seen = 0  # over all ranks
        self.latest: dict[str, float] = {}  # the losses of the last logged row
        self.latest_scores: dict[str, float] = {}  # of the last validation
        self.log_rows = LossLog(log_every_images)
        self._make_optimizer, self._rates = make_optimizer, rates
        self._clip_norm, self._average_decay = clip_norm, average
        self._noise, self._statistics = noise, statistics
        self._players: list[LightningOptimizer] = []
        self._timed = (0, time.monotonic())  # images seen, and when

    # --- the two players --------------------------------------------------------------------------------------------

    def configure_optimizers(self) -> list[Optimizer]:
        """One optimiser a player: G's first, then D's."""
        players: list[tuple[nn.Module, float]] = [(self.generator, self._rates[0])]
        if self.discriminator is not None:
            players.append((self.discriminator, self._rates[1]))
        return [self._make_optimizer(player.parameters(), lr=rate) for player, rate in players]

    def setup(self, stage: str) -> None:
        """Take over the target's range, which the data module has measured by now where it had to."""
        self.scores.domain = self.data.target_domain

    def on_train_start(self) -> None:
        """Look the optimisers up once; the trackers forget what came after the checkpoint."""
        optimizers = self.optimizers()
        self._players = optimizers if isinstance(optimizers, list) else [optimizers]
        self.on_train_epoch_start()  # Lightning does not call it where a run goes on within an epoch
        if self.trainer.is_global_zero:
            for tracker in self.trainer.loggers:
                if isinstance(tracker, CutsBack):
                    tracker.cut_back(self.images_seen)

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One step of D, then one of G."""
        self.log_rows.check_finite()
        self._set_rates()
        # The noise of a step is a function of what was seen and of the rank, so no random state needs saving.
        self._seed_noise()
        parts = list(self._parts(batch))
        translated = [self._translate(parts[0].source)] if len(parts) == 1 else None
        terms: dict[str, Tensor] = {}
        if self.discriminator is not None:
            terms |= self._step_discriminator(parts, translated)
        terms |= self._step_generator(parts, translated)
        if self.average is not None and self._average_decay is not None:
            update_average(self.average, self.generator, self._average_decay)
        self._advance(batch, terms)

    def _step_discriminator(self, parts: list[Batch], translated: list[Tensor] | None) -> dict[str, Tensor]:
        assert self.discriminator is not None
        self.discriminator.requires_grad_(True)
        sums: dict[str, Tensor] = {}
        for index, part in enumerate(parts):
            share = len(part.names) / sum(len(each.names) for each in parts)
            fake = translated[index].detach() if translated else self._rehearse(part.source, index)
            with self._gradients_shared(last=index == len(parts) - 1):
                real_logits = self.discriminator(
                    self.objective.discriminator_input(part.source, part.target, part.weight)
                )
                fake_logits = self.discriminator(self.objective.discriminator_input(part.source, fake, part.weight))
                terms = self.objective.discriminator_terms(real_logits, fake_logits)
                self.manual_backward(terms["discriminator"] * share)
            _add(sums, terms, share)
        self._step(self._players[1])
        return sums

    def _step_generator(self, parts: list[Batch], translated: list[Tensor] | None) -> dict[str, Tensor]:
        if self.discriminator is not None:
            # No gradient into the player whose turn it is not. It also keeps autocast from using its cached bfloat16
            # copies of D's weights, which are those from before D's step.
            self.discriminator.requires_grad_(False)
        sums: dict[str, Tensor] = {}
        for index, part in enumerate(parts):
            share = len(part.names) / sum(len(each.names) for each in parts)
            with self._gradients_shared(last=index == len(parts) - 1):
                fake = translated[index] if translated else self._perform(part.source, index)
                logits = None
                if self.discriminator is not None:
                    logits = self.discriminator(self.objective.discriminator_input(part.source, fake, part.weight))
                terms = self.objective.generator_terms(logits, fake, part.target, part.weight)
                self.manual_backward(terms["generator"] * share)
            _add(sums, terms, share)
        self._step(self._players[0])
        return sums

    def _parts(self, batch: Batch) -> Iterator[Batch]:
        for start in range(0, len(batch.names), self.step_batch):
            part = slice(start, start + self.step_batch)
            yield Batch(
                batch.source[part].contiguous(memory_format=self._layout),
                batch.target[part].contiguous(memory_format=self._layout),
                batch.weight[part] if batch.weight is not None else None,
                batch.names[part],
            )

    def _translate(self, source: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C', H, W), in training."""
        padded, crop = pad_to_multiple(source, self.generator.multiple)
        return self.generator(padded)[crop]  # type: ignore[no-any-return]

    def _rehearse(self, source: Tensor, part: int) -> Tensor:
        """What `_perform` will make again for G's turn: the same noise, but no gradient and no trace in the norms.

        A batch in parts needs each translation twice, since holding all their graphs until D has stepped would take the
        memory that the parts are there to save.
        """
        self._seed_noise(part)
        with torch.no_grad(), _untracked(self.generator):
            return self._translate(source)

    def _perform(self, source: Tensor, part: int) -> Tensor:
        self._seed_noise(part)
        return self._translate(source)

    def _seed_noise(self, part: int = 0) -> None:
        place = f"{self.seed}/{self.images_seen}/{self.global_rank}/{part}"
        value = int.from_bytes(hashlib.blake2b(place.encode(), digest_size=8).digest()) >> 1
        for random in default_randoms(self.device):  # torch.manual_seed takes half a millisecond where a GPU sleeps
            random.manual_seed(value)

    def _gradients_shared(self, *, last: bool) -> AbstractContextManager[None]:
        """Ranks average their gradients in a step's last backward pass alone."""
        model = self.trainer.model
        no_sync = getattr(model, "no_sync", None)
        return nullcontext() if last or no_sync is None else no_sync()

    def _step(self, player: LightningOptimizer) -> None:
        player.step()
        player.zero_grad(set_to_none=True)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip here: after unscaling (16-mixed), just before the step."""
        if self._clip_norm is None:
            return
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        if scaler is not None and getattr(optimizer, "_step_supports_amp_scaling", False):
            scaler.unscale_(optimizer)  # a fused optimiser would do it in its step, after the clipping
        parameters = [each for group in optimizer.param_groups for each in group["params"]]
        nn.utils.clip_grad_norm_(parameters, self._clip_norm)

    def _set_rates(self) -> None:
        factor = self.schedule.factor(self.epoch)
        for player, rate in zip(self._players, self._rates, strict=False):
            for group in player.param_groups:
                group["lr"] = rate * factor

    def _advance(self, batch: Batch, terms: Mapping[str, Tensor]) -> None:
        """Count the images, log, and move the place: nothing of this step may come after."""
        images = len(batch.names) * self.trainer.world_size
        self.images_seen += images
        due = self.log_rows.add(terms, batch.names, images, self.images_seen)
        if due or self.data.last_batch:
            self._log_losses()
        self.data.advance()

    def _log_losses(self) -> None:
        """Write the mean losses since the last row."""
        row = {f"loss/{name}": value for name, value in self.log_rows.take(self.all_gather).items()}
        self.latest = row
        images, seconds = self.images_seen - self._timed[0], time.monotonic() - self._timed[1]
        self._timed = self.images_seen, time.monotonic()
        rate = self._players[0].param_groups[0]["lr"]
        self.log_scalars({**row, "lr": rate, "epoch": float(self.epoch), "images_per_second": images / seconds})

    def on_train_epoch_start(self) -> None:
        """Time the training alone, not the validation before it."""
        self._timed = self.images_seen, time.monotonic()

    def log_scalars(self, scalars: Mapping[str, float]) -> None:
        """Write scalars to every tracker, against the images seen."""
        if self.trainer.is_global_zero:
            for tracker in self.trainer.loggers:
                tracker.log_metrics(dict(scalars), step=self.images_seen)

    @property
    def data(self) -> PairedData:
        """The data module, which knows the place: epoch and batch."""
        return cast(PairedData, self.trainer.datamodule)  # type: ignore[attr-defined]

    @property
    def epoch(self) -> int:
        """The epoch under way, counted from 0, also after a resume."""
        return self.data.place.epoch

    # --- validation and translation ---------------------------------------------------------------------------------

    @property
    def translator(self) -> Generator:
        """The generator that people see: the average where there is one."""
        return self.average if self.average is not None else self.generator

    def translate(self, source: Tensor, names: list[str]) -> Tensor:
        """Translate pictures (B, C, H, W) one by one, as at test time: the result depends on picture and name alone."""
        return translate(self.translator, source, names, noise=self._noise, statistics=self._statistics, seed=self.seed)

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
        self.scores.reset()
        self.log_dict(scores, logger=False)  # for callbacks that monitor
        if not self.trainer.sanity_checking:
            self.latest_scores = scores
            self.log_scalars(scores)

    # --- checkpoints ------------------------------------------------------------------------------------------------

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the counters, the latest figures, and the losses that no row has yet, those of every rank."""
        self.log_rows.check_finite(self.parameters())
        checkpoint["images_seen"] = self.images_seen
        checkpoint["latest"], checkpoint["latest_scores"] = dict(self.latest), dict(self.latest_scores)
        checkpoint["log_rows"] = self.log_rows.state(self.all_gather)

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Take them up again."""
        self.images_seen = checkpoint["images_seen"]
        self.latest, self.latest_scores = dict(checkpoint["latest"]), dict(checkpoint["latest_scores"])
        self.log_rows.load(checkpoint["log_rows"], self.global_rank)


@contextmanager
def _untracked(network: nn.Module) -> Iterator[None]:
    """Batch norms work as in training, but gather no running statistics."""
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True


def _add(sums: dict[str, Tensor], terms: Mapping[str, Tensor], share: float) -> None:
    for name, value in terms.items():
        value = value.detach() if share == 1 else value.detach() * share
        sums[name] = sums[name] + value if name in sums else value
