"""The LightningModule of pix2pix: generator, discriminator, and one hand-made optimisation step of each per batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from pix2pix.data.pairs import Batch
from pix2pix.losses.augmentation import Augmentation, draw
from pix2pix.losses.objective import Objective
from pix2pix.losses.r1 import r1
from pix2pix.metrics.scores import Scores
from pix2pix.models.blocks import Generator
from pix2pix.models.judgement import Judgement, judgements
from pix2pix.training.learner import Learner, Recipe
from pix2pix.training.precision import ChannelsLast


class Translation(Learner):
    """Translates pictures of a source domain to a target domain, and learns to by playing against a discriminator.

    A step is one step of each player: D on the detached translation, then G.

    Args:
        generator: (B, C, H, W) in [-1, 1] → (B, C', H, W) in [-1, 1].
        discriminator: (B, C + C' or C', H, W) → logits, or a judgement a scale; with `features=True` always the latter.
            None where the objective has no such player.
        channels_last: whose weights and maps lie channel by channel within a pixel.
    """

    def __init__(
        self,
        generator: Generator,
        discriminator: nn.Module | None,
        objective: Objective,
        recipe: Recipe,
        *,
        scores: Scores,
        channels_last: ChannelsLast = False,
    ) -> None:
        super().__init__(generator, recipe, scores=scores, channels_last=channels_last is True)
        self.discriminator = discriminator
        if discriminator is not None and channels_last:
            discriminator.to(memory_format=torch.channels_last)
        self.objective = objective

    @property
    def players(self) -> dict[str, nn.Module]:
        """Generator and, where the objective has one, discriminator."""
        return super().players | ({"discriminator": self.discriminator} if self.discriminator is not None else {})

    def step(self, parts: list[Batch]) -> dict[str, Tensor]:
        """One step of D, then one of G."""
        # A batch in one part is translated once, for both.
        translated = [self.run_generator(parts[0].source)] if len(parts) == 1 else None
        terms: dict[str, Tensor] = {}
        if self.discriminator is not None:
            terms |= self._step_discriminator(parts, translated)
        return terms | self._step_generator(parts, translated)

    def _step_discriminator(self, parts: list[Batch], translated: list[Tensor] | None) -> dict[str, Tensor]:
        assert self.discriminator is not None
        self.discriminator.requires_grad_(True)
        sums: dict[str, Tensor] = {}
        for index, part in enumerate(parts):
            share = len(part.names) / sum(len(each.names) for each in parts)
            fake = translated[index].detach() if translated else self._rehearse(part.source, index)
            with self.gradients_shared(last=index == len(parts) - 1):
                augmentation = self._augmentation(part, index)
                real = self._judge(part, part.target, augmentation)
                translations = self._judge(part, fake, augmentation)
                penalty = self._r1(part, augmentation) if self.objective.r1_gamma else None
                terms = self.objective.discriminator_terms(real, translations, penalty)
                self.manual_backward(terms["discriminator"] * share)
            _add(sums, terms, share)
        self.step_player(1)
        return sums

    def _step_generator(self, parts: list[Batch], translated: list[Tensor] | None) -> dict[str, Tensor]:
        if self.discriminator is not None:
            # No gradient into the player whose turn it is not. It also keeps autocast from using its cached bfloat16
            # copies of D's weights, which are those from before D's step.
            self.discriminator.requires_grad_(False)
        sums: dict[str, Tensor] = {}
        for index, part in enumerate(parts):
            share = len(part.names) / sum(len(each.names) for each in parts)
            with self.gradients_shared(last=index == len(parts) - 1):
                fake = translated[index] if translated else self._perform(part.source, index)
                judged: list[Judgement] | None = None
                real: list[Judgement] = []
                if self.discriminator is not None:
                    matching = self.objective.feature_matching_weight > 0
                    augmentation = self._augmentation(part, index)
                    judged = self._judge(part, fake, augmentation, features=matching)
                    if matching:
                        with torch.no_grad():
                            real = self._judge(part, part.target, augmentation, features=True)
                terms = self.objective.generator_terms(judged, fake, part.target, part.weight, real)
                self.manual_backward(terms["generator"] * share)
            _add(sums, terms, share)
        self.step_player(0)
        return sums

    def _judge(
        self, part: Batch, target: Tensor, augmentation: Augmentation | None, *, features: bool = False
    ) -> list[Judgement]:
        """What D says of pairs of the part's sources and these targets, on each of its scales."""
        assert self.discriminator is not None
        seen = self.objective.discriminator_input(part.source, target, part.weight, augmentation)
        return judgements(self.discriminator(seen, features=True) if features else self.discriminator(seen))

    def _augmentation(self, part: Batch, index: int) -> Augmentation | None:
        """Of a part's pairs in this step: the same for real and translated ones, and in both players' turns."""
        if not self.objective.augment:
            return None
        batch, _, height, width = part.target.shape
        return draw(self.objective.augment, batch, (height, width), self.seed_of(f"{index}/augmentation"))

    def _r1(self, part: Batch, augmentation: Augmentation | None) -> Tensor:
        """R1 of the part's real pairs; where it is paid every N steps, N times that in one of them, and 0 in others."""
        assert self.discriminator is not None
        steps = self.epoch * self.trainer.num_training_batches + self.progress.place.batch
        if steps % self.objective.r1_every:
            return torch.zeros((), device=self.device)
        # In float32, for which D judges once more. By its forward, as it is when it is not compiled: compiled functions
        # cannot be differentiated twice.
        with torch.autocast(self.device.type, enabled=False):
            target = part.target.detach().requires_grad_()
            seen = self.objective.discriminator_input(part.source, target, part.weight, augmentation)
            logits = [each.logits for each in judgements(self.discriminator.forward(seen))]
            return self.objective.r1_every * r1(logits, target)

    def _rehearse(self, source: Tensor, part: int) -> Tensor:
        """What `_perform` will make again for G's turn: the same noise, but no gradient and no trace in the norms.

        A batch in parts needs each translation twice, since holding all their graphs until D has stepped would take the
        memory that the parts are there to save.
        """
        self.seed_noise(part)
        with torch.no_grad(), _untracked(self.generator):
            return self.run_generator(source)

    def _perform(self, source: Tensor, part: int) -> Tensor:
        self.seed_noise(part)
        return self.run_generator(source)


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
