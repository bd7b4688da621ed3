"""Learning rates over the epochs, as functions of the epoch alone: nothing to save, nothing to restore."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LinearDecay:
    """Constant for `epochs - decay_epochs` epochs, then linear towards 0 over the last `decay_epochs`.

    The first decaying epoch already has a lower rate and the last one is not 0: with 4 epochs of decay the factors are
    0.8, 0.6, 0.4, 0.2. The paper has no decay; the usual PyTorch code decays over the second half in this manner.
    """

    epochs: int
    decay_epochs: int = 0

    def factor(self, epoch: int) -> float:
        """What to multiply the rate by in an epoch, counted from 0."""
        decayed = max(0, epoch + 1 - (self.epochs - self.decay_epochs))
        return 1 - decayed / (self.decay_epochs + 1)

    def begun(self, epoch: int) -> bool:
        """Whether the decay has begun by an epoch."""
        return self.factor(epoch) < 1
