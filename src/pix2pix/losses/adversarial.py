"""The rival adversarial losses side by side, all of logits (B, 1, h, w) and all with one call signature."""

from __future__ import annotations

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor


class AdversarialLoss(Protocol):
    """The game's two losses, float32 scalars, means over all patches; D's is not halved here."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """What D minimises: the loss on real pictures plus the loss on translations."""
        ...

    def generator(self, fake_logits: Tensor) -> Tensor:
        """What G minimises, given D's logits on its translations."""
        ...


class Vanilla:
    """Goodfellow et al. 2014, in the non-saturating form: G maximises log D instead of minimising log(1 - D)."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """-log(sigmoid(real)) - log(1 - sigmoid(fake))."""
        real, fake = real_logits.float(), fake_logits.float()
        return F.binary_cross_entropy_with_logits(
            real,
            torch.ones_like(real),  # -log(sigmoid(real))
        ) + F.binary_cross_entropy_with_logits(
            fake,
            torch.zeros_like(fake),  # -log(1 - sigmoid(fake))
        )

    def generator(self, fake_logits: Tensor) -> Tensor:
        """-log(sigmoid(fake))."""
        fake = fake_logits.float()
        return F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))


class LeastSquares:
    """Mao et al. 2017, "Least squares generative adversarial networks", with the labels 0 and 1."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """(real - 1)^2 + fake^2."""
        return (real_logits.float() - 1).square().mean() + fake_logits.float().square().mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        """(fake - 1)^2."""
        return (fake_logits.float() - 1).square().mean()


class Hinge:
    """Lim and Ye 2017, "Geometric GAN": D stops at a margin of 1 on either side."""

    def discriminator(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """max(0, 1 - real) + max(0, 1 + fake)."""
        return F.relu(1 - real_logits.float()).mean() + F.relu(1 + fake_logits.float()).mean()

    def generator(self, fake_logits: Tensor) -> Tensor:
        """-fake."""
        return -fake_logits.float().mean()


VANILLA, LEAST_SQUARES, HINGE = Vanilla(), LeastSquares(), Hinge()
ADVERSARIAL: dict[str, AdversarialLoss] = {"vanilla": VANILLA, "least_squares": LEAST_SQUARES, "hinge": HINGE}
