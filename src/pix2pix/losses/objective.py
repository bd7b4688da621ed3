"""The objective: which terms the generator pays for, and what the discriminator gets to see."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pix2pix.losses.adversarial import ADVERSARIAL
from pix2pix.losses.reconstruction import l1, l2


@dataclass(frozen=True)
class Objective:
    """arg min_G max_D  w_adv L_adv(G, D) + w_L1 L_L1(G) + w_L2 L_L2(G); the paper: vanilla, conditional, 1, 100, 0.

    adversarial: "vanilla", "least_squares", "hinge", or None for per-pixel regression without a discriminator.
    conditional: the discriminator sees source and target; otherwise the target alone.
    """

    adversarial: str | None = "vanilla"
    conditional: bool = True
    adversarial_weight: float = 1.0
    l1_weight: float = 100.0
    l2_weight: float = 0.0

    @property
    def has_discriminator(self) -> bool:
        """Whether a second player takes part."""
        return self.adversarial is not None and self.adversarial_weight > 0

    def discriminator_channels(self, source_channels: int, target_channels: int) -> int:
        """Channels of what the discriminator sees."""
        return target_channels + (source_channels if self.conditional else 0)

    def discriminator_input(self, source: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
        """What the discriminator sees of a pair, (B, C, H, W); pixels of no weight are 0, real or translated."""
        if weight is not None:
            target = target * weight
        return torch.cat((source, target), dim=1) if self.conditional else target

    def discriminator_terms(self, real_logits: Tensor, translated_logits: Tensor) -> dict[str, Tensor]:
        """The discriminator's loss, halved as in the paper, which slows D down relative to G."""
        assert self.adversarial is not None
        return {"discriminator": ADVERSARIAL[self.adversarial].discriminator(real_logits, translated_logits) / 2}

    def generator_terms(
        self, translated_logits: Tensor | None, translated: Tensor, target: Tensor, weight: Tensor | None
    ) -> dict[str, Tensor]:
        """The generator's terms, each before its weight, and their weighted sum under "generator"."""
        terms: dict[str, Tensor] = {}
        total = translated.new_zeros(())
        if translated_logits is not None:
            assert self.adversarial is not None
            terms["adversarial"] = ADVERSARIAL[self.adversarial].generator(translated_logits)
            total = total + self.adversarial_weight * terms["adversarial"]
        if self.l1_weight:
            terms["l1"] = l1(translated, target, weight)
            total = total + self.l1_weight * terms["l1"]
        if self.l2_weight:
            terms["l2"] = l2(translated, target, weight)
            total = total + self.l2_weight * terms["l2"]
        terms["generator"] = total
        return terms
