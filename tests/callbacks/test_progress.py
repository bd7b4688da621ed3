"""The bar in a terminal, the lines without one, and what both cost."""

from __future__ import annotations

import io
import logging
import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lightning.pytorch as pl
import pytest
from tests.callbacks.players import ToyData, ToyModule, trainer

from pix2pix.callbacks import progress
from pix2pix.callbacks.progress import Progress

LOSSES = {"loss/discriminator": 0.654321, "loss/generator": 23.4567, "loss/l1": 0.2}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Speaking(pl.Callback):
    """Logs a line in every epoch's second batch."""

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *rest: Any) -> None:
        if rest[-1] == 1:
            logging.getLogger("pix2pix.anything").info("a line of epoch %d", trainer.current_epoch)


def fit(folder: Path, module: ToyModule | None = None, *others: pl.Callback) -> ToyModule:
    module = module or ToyModule(LOSSES)
    trainer(folder, Progress(), *others).fit(module, datamodule=ToyData())
    return module


def in_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Called within the test, since pytest gives each phase of a test a stderr of its own."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "REFRESH_SECONDS", 0.0)
    return screen


def test_the_bar_tells_epoch_losses_speed_and_time_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = in_terminal(monkeypatch)
    fit(tmp_path)
    states = [state for state in terminal.getvalue().split("\r") if "epoch" in state]
    for epoch in (1, 2, 3):
        assert any(f"epoch {epoch}/3" in state for state in states)
    assert any("validation" in state for state in states)
    last = states[-1]
    assert "100%" in last
    assert "D 0.654" in last
    assert "G 23.5" in last
    assert re.search(r"[\d.e+]+ images/s", last)
    assert "00:00 left" in last


def test_without_a_terminal_there_is_one_line_an_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    fit(tmp_path)
    lines = [record.message for record in caplog.records if record.name == "pix2pix.callbacks.progress"]
    assert [line.split(" · ")[0] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert all(re.search(r"D 0\.654 · G 23\.5 · [\d.e+]+ images/s · 00:\d\d left$", line) for line in lines)
    assert "epoch" not in screen.getvalue()


def test_a_long_epoch_is_not_mute(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """100 images of 1000 in each 25 s: a line a minute at most, and the epoch's own."""
    caplog.set_level(logging.INFO)
    now = 0.0
    monkeypatch.setattr(progress, "monotonic", lambda: now)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    module: Any = SimpleNamespace(images_seen=0, total_images=1000, latest={})
    run: Any = SimpleNamespace(current_epoch=0, max_epochs=2)
    shown = Progress()
    shown.on_train_start(run, module)
    shown.on_train_epoch_start(run, module)
    for _ in range(5):
        now, module.images_seen = now + 25, module.images_seen + 100
        shown.on_train_batch_end(run, module, None, None, 0)
    shown.on_train_epoch_end(run, module)
    assert caplog.messages == [
        "epoch 1/2 · 4 images/s · 02:55 left",
        "epoch 1/2 · 4 images/s · 02:05 left",
    ]


def test_without_a_discriminator_there_is_no_loss_of_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    fit(tmp_path, ToyModule({"loss/generator": 0.5}))
    assert " D " not in caplog.text
    assert "G 0.5" in caplog.text


def test_log_lines_go_above_the_bar_and_the_console_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = in_terminal(monkeypatch)
    handler = logging.StreamHandler(terminal)
    handler.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
    logger = logging.getLogger("pix2pix")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        fit(tmp_path, None, Speaking())
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    assert handler.stream is terminal
    for epoch in range(3):  # a line of its own: after the bar was wiped out, and the bar drawn anew after it
        assert re.search(rf"\r *\r\[INFO\] a line of epoch {epoch}\n", terminal.getvalue())


def test_the_console_is_put_back_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = in_terminal(monkeypatch)

    class Failing(ToyModule):
        def training_step(self, batch: Any, batch_idx: int) -> None:
            raise RuntimeError("a fault")

    handler = logging.StreamHandler(terminal)
    logging.getLogger("pix2pix").addHandler(handler)
    try:
        with pytest.raises(RuntimeError, match="a fault"):
            fit(tmp_path, Failing(LOSSES))
    finally:
        logging.getLogger("pix2pix").removeHandler(handler)
    assert handler.stream is terminal
    assert terminal.getvalue().endswith("\n")


def test_speed_leaves_validation_out_and_time_left_counts_it(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    """100 images in 10 s of training, 10 s of validation: 10 images/s; 300 are left at 20 s a hundred: a minute."""
    caplog.set_level(logging.INFO)
    clock = iter([0.0, 0.0, 10.0, 10.0, 20.0, 20.0, 20.0])
    monkeypatch.setattr(progress, "monotonic", lambda: next(clock))
    module: Any = SimpleNamespace(images_seen=100, total_images=500, latest={})
    run: Any = SimpleNamespace(current_epoch=1, max_epochs=5)
    shown = Progress()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    shown.on_train_start(run, module)  # resumed after 100 images
    shown.on_train_epoch_start(run, module)
    module.images_seen = 200
    shown.on_validation_start(run, module)
    shown.on_validation_end(run, module)
    shown.on_train_epoch_end(run, module)
    assert caplog.messages == ["epoch 2/5 · 10 images/s · 01:00 left"]


def test_other_ranks_show_nothing(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    terminal = in_terminal(monkeypatch)
    caplog.set_level(logging.INFO)
    module: Any = ToyModule(LOSSES)
    run: Any = SimpleNamespace(current_epoch=0, max_epochs=2, is_global_zero=False)
    shown = Progress()
    shown.setup(run, module, "fit")
    shown.on_train_start(run, module)
    shown.on_train_epoch_start(run, module)
    shown.on_train_batch_end(run, module, None, None, 0)
    shown.on_train_epoch_end(run, module)
    assert terminal.getvalue() == ""
    assert caplog.messages == []


@pytest.mark.parametrize("screen", [Terminal(), io.StringIO()])
def test_a_step_costs_little(screen: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", screen)
    module: Any = ToyModule(LOSSES)
    run: Any = SimpleNamespace(current_epoch=0, max_epochs=2)
    shown = Progress()
    shown.on_train_start(run, module)
    shown.on_train_epoch_start(run, module)
    steps = 20_000
    start = time.process_time()
    for step in range(steps):
        shown.on_train_batch_end(run, module, None, None, step)
    seconds = time.process_time() - start
    shown.on_train_end(run, module)
    assert seconds / steps < 20e-6
