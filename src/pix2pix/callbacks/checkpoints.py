"""When checkpoints are written: last, best by a metric, every so many images, and when a signal asks for one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.trainer.states import TrainerFn

from pix2pix.processes.signals import Interrupted, StopRequest
from pix2pix.runs.checkpoint_io import remove_drafts
from pix2pix.runs.run import RECORD, write_slim
from pix2pix.training.agreement import Agreement

LOWER_IS_BETTER = frozenset({"l1", "rmse", "log_spectrum_distance"})


class Checkpoints(Checkpoint):
    """Keeps `checkpoints/last.ckpt`, `best_<metric>.ckpt` for each metric, and `images_*.ckpt`.

    A checkpoint is written after a batch or after a validation, never between a batch and a validation that follows it,
    which could not be taken up exactly. As Lightning's `Checkpoint`, it comes after all other callbacks: what they do
    at the end of an epoch is done when it is written.

    Args:
        folder: of the run.
        record: plain values about the run that every checkpoint holds (see `runs`).
        every_epochs: epochs between two writes of `last.ckpt`; the last epoch always writes it, also where the
            training stops early.
        every_images: also write `last.ckpt` and `images_<n>.ckpt` each so many images.
        keep: how many of the `images_*.ckpt` stay; older ones are removed.
        best: metrics of the validation, each with a checkpoint of its own.
        slim: also write `generator.ckpt`, the generator alone, with every `last.ckpt`.
    """

    def __init__(
        self,
        folder: Path,
        record: Mapping[str, Any],
        *,
        every_epochs: int = 1,
        every_images: int | None = None,
        keep: int = 3,
        best: Sequence[str] = ("ssim",),
        slim: bool = False,
    ) -> None:
        self.folder = Path(folder) / "checkpoints"
        self.record = record
        self.every_epochs, self.every_images, self.keep = every_epochs, every_images, keep
        self.best_metrics, self.slim = tuple(best), slim
        self.best: dict[str, float] = {}
        self._stop = StopRequest()
        self._agreement: Agreement | None = None  # where there are several ranks
        self._images_before = 0  # seen when checkpoints were last thought of

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take over the signals, after Lightning has, which puts them back at its end as they were before both.

        Remove what a killed process left half written.
        """
        self._stop.listen()
        self._agreement = Agreement() if trainer.world_size > 1 else None
        self._images_before = int(pl_module.images_seen)  # type: ignore[arg-type]
        if trainer.is_global_zero:
            remove_drafts(self.folder)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Write where images or a signal ask for it, after the validation or the epoch's end where one follows."""
        loop = trainer.fit_loop.epoch_loop
        assert trainer.fit_loop._data_fetcher is not None
        if not (loop.batch_progress.is_last_batch or loop._should_check_val_fx(trainer.fit_loop._data_fetcher)):
            self._save(trainer, int(pl_module.images_seen), wanted=False, asked=self._asked())  # type: ignore[arg-type]

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the best of a validation within an epoch."""
        fitting = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        if fitting and not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            self._write_best(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the best, then the last: after the validation."""
        self._write_best(trainer)
        epoch = trainer.current_epoch + 1
        wanted = epoch == trainer.max_epochs or epoch % self.every_epochs == 0 or trainer.should_stop
        asked = self._asked() or (self._agreement.take() if self._agreement else 0)
        self._save(trainer, int(pl_module.images_seen), wanted=wanted, asked=asked)  # type: ignore[arg-type]

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Add what whoever opens the file needs to rebuild the generator and to read and write its pictures."""
        data: Any = trainer.datamodule  # type: ignore[attr-defined]
        domains = {"source_domain": data.source_domain.to_dict(), "target_domain": data.target_domain.to_dict()}
        checkpoint[RECORD] = {**self.record, **domains, "seen": data.seen}

    def state_dict(self) -> dict[str, Any]:
        """The best values so far."""
        return {"best": dict(self.best)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the best values."""
        self.best = dict(state_dict["best"])

    def _asked(self) -> int:
        """The signal that has reached any rank, 0 for none: all must agree, or some would wait for ever.

        Where there are several ranks, they know a batch later.
        """
        signum = self._stop.signum or 0
        return self._agreement.put(signum) if self._agreement else signum

    def _save(self, trainer: Trainer, images: int, *, wanted: bool, asked: int) -> None:
        """Write what is wanted, due by the images, or asked for by a signal, and leave if a signal asked."""
        every = self.every_images
        due = every is not None and images // every > self._images_before // every
        self._images_before = images
        if due:
            self._write_numbered(trainer, images)
        if due or wanted or asked:
            self._write(trainer, "last.ckpt")
        if asked:
            raise Interrupted(asked, in_order=True)

    def _write_best(self, trainer: Trainer) -> None:
        for metric in self.best_metrics:
            if f"val/{metric}" not in trainer.callback_metrics:
                continue
            value, before = float(trainer.callback_metrics[f"val/{metric}"]), self.best.get(metric, math.nan)
            as_good = before <= value if metric in LOWER_IS_BETTER else before >= value  # never beside NaN
            if math.isfinite(value) and not as_good:
                self.best[metric] = value
                self._write(trainer, f"best_{metric}.ckpt")

    def _write_numbered(self, trainer: Trainer, images: int) -> None:
        self._write(trainer, f"images_{images:09d}.ckpt")
        if trainer.is_global_zero:
            for old in sorted(self.folder.glob("images_*.ckpt"))[: -self.keep]:
                old.unlink()

    def _write(self, trainer: Trainer, name: str) -> None:
        trainer.save_checkpoint(self.folder / name)
        if self.slim and name == "last.ckpt" and trainer.is_global_zero:
            write_slim(self.folder / name, self.folder / "generator.ckpt")
