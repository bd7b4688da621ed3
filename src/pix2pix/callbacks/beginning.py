"""Does something when it is known that a training works: as its first step begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl


class AtFirstStep(pl.Callback):
    """Calls `act` once, on rank 0, before the first step that this process makes; never where none is left to make."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act: Callable[[], None] | None = act

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Act, the first time."""
        if self._act is not None and trainer.is_global_zero:
            self._act()
        self._act = None
