"""How far the run is: a bar in a terminal; where there is none a line an epoch, and a minute of a long one."""

from __future__ import annotations

import logging
import os
import sys
from time import monotonic
from typing import Any, TextIO

import lightning.pytorch as pl
from lightning.pytorch.callbacks import ProgressBar
from tqdm import tqdm

log = logging.getLogger(__name__)
REFRESH_SECONDS = 0.2
LINE_SECONDS = 60.0  # between two lines within an epoch


class Progress(ProgressBar):
    """Epoch, images/s while training, the time left for the whole run, and the losses of both players.

    Reads from the module: `images_seen` (over all ranks), `total_images` (planned for the whole run), and `latest`, the
    losses last logged, with the keys "loss/discriminator" and "loss/generator". Rank 0 alone shows it. While the bar is
    shown, log lines for the console are written above it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._enabled = True
        self._bar: tqdm[Any] | None = None
        self._moved: list[tuple[logging.StreamHandler[Any], Any]] = []
        self._refreshed = 0.0
        self._start = (0.0, 0)  # of this process's training: the time and the images then seen
        self._epoch_images = 0  # images seen before this epoch
        self._epoch_seconds = 0.0  # spent training in this epoch, validation left out, up to _mark
        self._mark = 0.0

    def disable(self) -> None:
        """Show nothing from here on."""
        self._enabled = False
        self._close()

    def enable(self) -> None:
        """Show the bar again, from the next start of a training on."""
        self._enabled = True

    def print(self, *args: Any, **kwargs: Any) -> None:
        """Print above the bar."""
        if self._enabled:
            tqdm.write(kwargs.get("sep", " ").join(map(str, args)), end=kwargs.get("end", "\n"))

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Open the bar where somebody can watch it."""
        self._start = monotonic(), _images(pl_module)
        # Lightning tells of no epoch's start where a run goes on within one.
        self._mark, self._epoch_images = self._start
        self._refreshed = self._mark
        if self._enabled and sys.stderr.isatty():
            self._bar = tqdm(
                total=_total(pl_module),
                initial=_images(pl_module),
                bar_format="{percentage:3.0f}%|{bar}|",
                file=sys.stderr,
                **({"dynamic_ncols": True} if _has_size(sys.stderr) else {"ncols": 100, "nrows": 24}),
            )
            self._move_log_lines_above()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Measure the speed anew, so that it follows the machine."""
        self._epoch_images = _images(pl_module)
        self._epoch_seconds = 0.0
        self._mark = monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Refresh the bar, five times a second at most, or write a line, one a minute at most."""
        if self._bar is not None:
            if monotonic() - self._refreshed > REFRESH_SECONDS:
                self._refresh(trainer, pl_module)
        elif monotonic() - self._refreshed > LINE_SECONDS:
            self._write_line(trainer, pl_module)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop the clock of the training speed."""
        self._epoch_seconds += monotonic() - self._mark
        self._mark = monotonic()
        if self._bar is not None:
            self._refresh(trainer, pl_module, " · validation")

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Let the clock run again."""
        self._mark = monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Where there is no bar, write the epoch's line."""
        if self._bar is not None:
            self._refresh(trainer, pl_module)
        else:
            self._write_line(trainer, pl_module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leave the bar as it is last."""
        self._close()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Leave the terminal in order for what is printed next."""
        self._close()

    def _refresh(self, trainer: pl.Trainer, pl_module: pl.LightningModule, doing: str = "") -> None:
        assert self._bar is not None
        self._bar.n = _images(pl_module)
        self._bar.bar_format = f"{_epoch(trainer)}{doing} {{percentage:3.0f}}%|{{bar}}| {self._figures(pl_module)}"
        self._bar.refresh()
        self._refreshed = monotonic()

    def _write_line(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._enabled:
            log.info("%s · %s", _epoch(trainer), self._figures(pl_module))
        self._refreshed = monotonic()

    def _figures(self, pl_module: pl.LightningModule) -> str:
        now, images = monotonic(), _images(pl_module)
        start, images_at_start = self._start
        latest: dict[str, float] = pl_module.latest  # type: ignore[assignment]
        parts = [
            f"{letter} {latest[key]:.3g}"
            for letter, key in (("D", "loss/discriminator"), ("G", "loss/generator"))
            if key in latest
        ]
        if images > self._epoch_images:
            parts.append(f"{(images - self._epoch_images) / (self._epoch_seconds + now - self._mark):.3g} images/s")
        if images > images_at_start:
            left = (_total(pl_module) - images) * (now - start) / (images - images_at_start)
            parts.append(f"{tqdm.format_interval(max(left, 0))} left")
        return " · ".join(parts)

    def _move_log_lines_above(self) -> None:
        loggers = [logging.root, *(each for each in logging.root.manager.loggerDict.values())]
        for logger in loggers:
            for handler in logger.handlers if isinstance(logger, logging.Logger) else []:
                if isinstance(handler, logging.StreamHandler) and handler.stream in (sys.stdout, sys.stderr):
                    self._moved.append((handler, handler.stream))
                    handler.setStream(_AboveBar(handler.stream))

    def _close(self) -> None:
        for handler, stream in self._moved:
            handler.setStream(stream)
        self._moved.clear()
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class _AboveBar:
    """A console stream whose lines go above the bar: tqdm clears it, writes, and draws it again."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        tqdm.write(text, file=self.stream, end="")

    def flush(self) -> None:
        self.stream.flush()


def _has_size(terminal: TextIO) -> bool:
    """Terminals of some containers say that they are 0 wide and high, and tqdm then shows nothing."""
    try:
        return all(os.get_terminal_size(terminal.fileno()))
    except OSError:
        return False


def _images(pl_module: pl.LightningModule) -> int:
    return int(pl_module.images_seen)  # type: ignore[arg-type]


def _total(pl_module: pl.LightningModule) -> int:
    return int(pl_module.total_images)  # type: ignore[arg-type]


def _epoch(trainer: pl.Trainer) -> str:
    count = f"epoch {trainer.current_epoch + 1}"
    return count if trainer.max_epochs in (None, -1) else f"{count}/{trainer.max_epochs}"
