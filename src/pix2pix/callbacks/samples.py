"""A grid of the same validation pairs after every epoch, in the run folder and in every tracker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.pytorch.trainer.states import TrainerFn
from PIL import Image

from pix2pix.data.domains import view_translation
from pix2pix.files.atomic import whole_file
from pix2pix.metrics.image import counted
from pix2pix.pictures.grid import sample_grid
from pix2pix.pictures.lettering import readable
from pix2pix.tracking.pictures import log_picture

if TYPE_CHECKING:
    from pix2pix.data.pairs import Batch


class SampleGrid(pl.Callback):
    """Writes `samples/epoch_0010.png` at the end of a validation: source, translated and target of the first pairs.

    After a validation within the tenth epoch it is `epoch_0010-batch_000200.png`.

    Pixels that do not count are shown as the target has them.

    Uses `trainer.datamodule.val_samples(count)`, a list of batches of one, its `source_domain` and `target_domain`, and
    the module's `translate(source (B, C, H, W), names) -> (B, C', H, W)`. Rank 0 alone draws.

    Args:
        count: pairs in the grid.
        every_epochs: epochs from grid to grid; the last epoch has one in any case, also where the training stops early.
    """

    def __init__(self, count: int = 8, every_epochs: int = 1) -> None:
        self.count = count
        self.every_epochs = every_epochs
        self._batches: list[Batch] = []
        self._undrawn: str | None = None  # the grid of the last validation, where none was due

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the grid of this epoch, or of this place in it."""
        if trainer.sanity_checking or trainer.state.fn != TrainerFn.FITTING or not trainer.is_global_zero:
            return
        epoch, batches = trainer.current_epoch + 1, trainer.fit_loop.epoch_loop.batch_progress
        name = f"epoch_{epoch:04d}"
        if not batches.is_last_batch:
            name += f"-batch_{batches.current.completed:06d}"
        if epoch % self.every_epochs == 0 or epoch == trainer.max_epochs:
            self._draw(trainer, pl_module, name)
        else:
            self._undrawn = name

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw what a training that stopped early came to."""
        if self._undrawn is not None:
            self._draw(trainer, pl_module, self._undrawn)

    def _draw(self, trainer: pl.Trainer, pl_module: pl.LightningModule, name: str) -> None:
        self._undrawn = None
        datamodule: Any = trainer.datamodule  # type: ignore[attr-defined]
        module: Any = pl_module
        self._batches = self._batches or datamodule.val_samples(self.count)
        rows = []
        for batch in self._batches:
            with torch.no_grad():
                translated = module.translate(batch.source.to(module.device), batch.names)
            # Nothing holds the generator to the target where it does not count: of a filled hole, its surroundings.
            translated = counted(translated.float().cpu(), batch.target, batch.weight)
            shown = (each[0].detach().float().cpu().numpy() for each in (batch.source, translated, batch.target))
            rows.append(view_translation(datamodule.source_domain, datamodule.target_domain, *shown))
        names = [name for batch in self._batches for name in batch.names]
        grid = sample_grid(rows, names)
        _save(grid, Path(trainer.default_root_dir) / "samples" / f"{name}.png")
        for logger in trainer.loggers:
            log_picture(logger, "samples", grid, module.images_seen, readable(", ".join(names)))


def _save(picture: np.ndarray[Any, Any], path: Path) -> None:
    """Whoever opens the file finds a whole picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        Image.fromarray(picture).save(file, "PNG")
