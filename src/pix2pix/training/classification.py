"""The LightningModule of the per-pixel baseline: each pixel's class by cross-entropy, without a discriminator."""

from __future__ import annotations

import logging
from typing import Any

import torch
from torch import Tensor

from pix2pix.data.pairs import Batch
from pix2pix.losses.classification import cross_entropy, rebalancing_weights
from pix2pix.metrics.scores import Scores
from pix2pix.models.classifier import Classifier
from pix2pix.models.pixel_classes import ColourClasses
from pix2pix.training.learner import Learner, Recipe

log = logging.getLogger(__name__)

COUNTED_PICTURES = 2000  # training pictures at most, evenly spread, whose colours are counted


class Classification(Learner):
    """Translates by classifying pixels: those of labels, or the colours a and b (Zhang, Isola, Efros 2016).

    Rare colours count more, by weights that rank 0 measures on the training split when a run starts, and that the
    checkpoint holds.

    Args:
        generator: gives logits; what it gives as a picture is learnt from nowhere, and seen in the validation.
        uniform: see `losses.classification.rebalancing_weights`; for labels of no effect.
    """

    generator: Classifier
    importance: Tensor | None

    def __init__(
        self, generator: Classifier, recipe: Recipe, *, uniform: float, scores: Scores, channels_last: bool = False
    ) -> None:
        super().__init__(generator, recipe, scores=scores, channels_last=channels_last)
        self.uniform = uniform
        classes = generator.classes
        unknown = torch.full((classes.count,), torch.nan) if isinstance(classes, ColourClasses) else None
        self.register_buffer("importance", unknown)  # (K,)

    def on_fit_start(self) -> None:
        """Measure how much each colour counts, unless a checkpoint said so."""
        if self.importance is not None and self.importance.isnan().any():
            counts: Any = self._colour_counts() if self.trainer.is_global_zero else None
            counts = self.trainer.strategy.broadcast(counts)
            assert isinstance(self.generator.classes, ColourClasses)
            centres = self.generator.classes.centres.cpu()
            self.importance.copy_(rebalancing_weights(counts, centres, self.uniform))

    def step(self, parts: list[Batch]) -> dict[str, Tensor]:
        """One step of the generator."""
        pictures = sum(len(part.names) for part in parts)
        total = torch.zeros((), device=self.device)
        for index, part in enumerate(parts):
            share = len(part.names) / pictures
            self.seed_noise(index)
            with self.gradients_shared(last=index == len(parts) - 1):
                loss = self._loss(part)
                self.manual_backward(loss * share)
            total += loss.detach() * share
        self.step_player(0)
        return {"cross_entropy": total, "generator": total}

    def _loss(self, part: Batch) -> Tensor:
        logits = self.run_generator(part.source, self.generator.logits)
        classes, shares = self.generator.classes.encode(part.target)
        importance = None if self.importance is None else self.importance[classes[:, :1]]
        return cross_entropy(logits, classes, shares, importance, part.weight)

    def _colour_counts(self) -> Tensor:
        """(K,): pixels of the training pictures whose nearest colour is each of the classes."""
        training = self.data.readable("train")
        looked_at = range(0, len(training), -(-len(training) // COUNTED_PICTURES))
        log.info("Counting the colours of %d training pictures.", len(looked_at))
        classes = ColourClasses(1.0)  # a copy on the processor
        counts = torch.zeros(classes.count, dtype=torch.long)
        for index in looked_at:
            sample = self.data.sample("train", index)
            training.note(sample.skipped)
            if not sample.name:  # another stands in for a pair that cannot be used
                continue
            nearest = classes.encode(sample.target[None]).classes[0, 0]  # (H, W)
            counted = nearest.flatten() if sample.weight is None else nearest[sample.weight[0] > 0]
            counts += torch.bincount(counted, minlength=classes.count)
        return counts
