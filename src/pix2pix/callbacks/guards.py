"""Watches for a training that has gone wrong in a way that numbers show and people overlook."""

from __future__ import annotations

import logging
from typing import Any

import lightning.pytorch as pl

log = logging.getLogger(__name__)


class DiscriminatorWon(pl.Callback):
    """Warns, once a run, when the discriminator has had so easy a game for so long that it teaches little.

    Reads from the module: `images_seen`, and `latest["loss/discriminator"]`, the halved loss of the discriminator.

    Args:
        threshold: the loss counts as near 0 below it (ln 2 = 0.69 is a discriminator that guesses).
        patience_images: images for which it must stay there without a break.
    """

    def __init__(self, threshold: float = 0.05, patience_images: int = 2000) -> None:
        self.threshold = threshold
        self.patience_images = patience_images
        self._below_since: int | None = None  # images seen when the loss went below the threshold
        self._warned = False

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at the loss last logged."""
        module: Any = pl_module
        if self._warned:
            return
        loss = module.latest.get("loss/discriminator")
        if loss is None or not loss < self.threshold:  # NaN is not below it
            self._below_since = None
        elif self._below_since is None:
            self._below_since = module.images_seen
        elif module.images_seen - self._below_since >= self.patience_images:
            self._warned = True
            if trainer.is_global_zero:
                log.warning(
                    "The discriminator has won: its loss has been below %g for %d images, so the generator learns "
                    "little from it any more. What usually helps: a smaller optimizer.discriminator_lr; a smaller "
                    "discriminator.receptive_field or discriminator.base_channels; "
                    "objective.adversarial=least_squares; more varied training pictures (data.jitter, data.mirror, "
                    "data.quarter_turns). An L1 or L2 term goes on as before, so the run is not lost.",
                    self.threshold,
                    module.images_seen - self._below_since,
                )

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs to warn when the run that was never stopped would."""
        return {"below_since": self._below_since, "warned": self._warned}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """See `state_dict`."""
        self._below_since = state_dict["below_since"]
        self._warned = state_dict["warned"]
