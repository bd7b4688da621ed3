"""The objective: which terms the generator pays for, and what the discriminator gets to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pix2pix.losses.adversarial import ADVERSARIAL
from pix2pix.losses.augmentation import Augmentation
from pix2pix.losses.feature_matching import feature_matching
from pix2pix.losses.perceptual import PerceptualLoss
from pix2pix.losses.reconstruction import l1, l2
from pix2pix.models.judgement import Judgement


@dataclass(frozen=True)
class Objective:
    """arg min_G max_D  w_adv L_adv(G, D) + w_L1 L_L1(G) + w_L2 L_L2(G) + …; the paper: vanilla, conditional, 1, 100, 0.

    adversarial: "vanilla", "least_squares", "hinge", or None for per-pixel regression without a discriminator.
    conditional: the discriminator sees source and target; otherwise the target alone.
    l1_scale: how many times smaller pictures are made for L1.
    feature_matching_weight, perceptual_weight: of the terms of those names; the latter's is `perceptual`.
    r1_gamma: D pays γ/2 R1 beside the game's loss, every `r1_every` steps and then that many times over.
    augment: kinds of differentiable augmentation, of what D sees.
    """

    adversarial: str | None = "vanilla"
    conditional: bool = True
    adversarial_weight: float = 1.0
    l1_weight: float = 100.0
    l2_weight: float = 0.0
    l1_scale: int = 1
    feature_matching_weight: float = 0.0
    perceptual_weight: float = 0.0
    perceptual: PerceptualLoss | None = None
    r1_gamma: float = 0.0
    r1_every: int = 1
    augment: Sequence[str] = ()

    @property
    def has_discriminator(self) -> bool:
        """Whether a second player takes part."""
        return self.adversarial is not None and self.adversarial_weight > 0

    def discriminator_channels(self, source_channels: int, target_channels: int) -> int:
        """Channels of what the discriminator sees."""
        return target_channels + (source_channels if self.conditional else 0)

    def discriminator_input(
        self, source: Tensor, target: Tensor, weight: Tensor | None, augmentation: Augmentation | None = None
    ) -> Tensor:
        """What the discriminator sees of a pair, (B, C, H, W); pixels of no weight are 0, real or translated."""
        if weight is not None:
            target = target * weight
        if augmentation is not None:
            source, target = augmentation(source), augmentation(target)
        return torch.cat((source, target), dim=1) if self.conditional else target

    def discriminator_terms(
        self, real: Sequence[Judgement], translated: Sequence[Judgement], r1: Tensor | None = None
    ) -> dict[str, Tensor]:
        """What the discriminator pays, under "discriminator"; halved as in the paper, which slows D down beside G.

        Of several scales the mean counts. `r1` is the penalty where the objective has one, as `losses.r1` gives it.
        """
        assert self.adversarial is not None
        game = ADVERSARIAL[self.adversarial]
        pairs = zip(real, translated, strict=True)
        loss = _mean([game.discriminator(one.logits, other.logits) for one, other in pairs])
        if r1 is None:
            return {"discriminator": loss / 2}
        return {"r1": r1, "discriminator": (loss + self.r1_gamma / 2 * r1) / 2}

    def generator_terms(
        self,
        judged: Sequence[Judgement] | None,
        translated: Tensor,
        target: Tensor,
        weight: Tensor | None,
        real: Sequence[Judgement] = (),
    ) -> dict[str, Tensor]:
        """The generator's terms, each before its weight, and their weighted sum under "generator".

        Args:
            judged: what the discriminator says of the translations; None where there is none.
            translated: (B, C, H, W).
            target: (B, C, H, W).
            weight: (B, 1, H, W), 0 where a pixel does not count.
            real: what the discriminator says of the targets, where features are matched.
        """
        terms: dict[str, Tensor] = {}
        total = translated.new_zeros(())
        if judged is not None:
            assert self.adversarial is not None
            game = ADVERSARIAL[self.adversarial]
            terms["adversarial"] = _mean([game.generator(each.logits) for each in judged])
            total = total + self.adversarial_weight * terms["adversarial"]
        if self.l1_weight:
            terms["l1"] = l1(translated, target, weight, self.l1_scale)
            total = total + self.l1_weight * terms["l1"]
        if self.l2_weight:
            terms["l2"] = l2(translated, target, weight)
            total = total + self.l2_weight * terms["l2"]
        if self.feature_matching_weight:
            assert judged is not None
            terms["feature_matching"] = feature_matching(judged, real)
            total = total + self.feature_matching_weight * terms["feature_matching"]
        if self.perceptual_weight:
            assert self.perceptual is not None
            terms["perceptual"] = self.perceptual(translated, target, weight)
            total = total + self.perceptual_weight * terms["perceptual"]
        terms["generator"] = total
        return terms


def _mean(losses: Sequence[Tensor]) -> Tensor:
    return losses[0] if len(losses) == 1 else torch.stack(list(losses)).mean()
