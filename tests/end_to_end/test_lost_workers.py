"""With loading processes, a training whose worker dies, or that fails, ends by itself; the checkpoint is as it was."""

from __future__ import annotations

import signal
from pathlib import Path

import torch
from lightning.pytorch import Callback
from tests.end_to_end.running_command import RunningCommand

WORKERS = ("data.num_workers=2", "schedule.epochs=1000")


class FailsInTheSecondValidation(Callback):
    """An error that nobody foresaw: what an own callback or metric may do."""

    def on_validation_batch_end(self, trainer, *_: object, **__: object) -> None:  # type: ignore[no-untyped-def]
        if trainer.current_epoch == 1:
            raise ZeroDivisionError("nobody foresaw this")


def assert_continues(run: RunningCommand) -> None:
    torch.load(run.folder / "checkpoints" / "last.ckpt", weights_only=True)
    images = run.images
    again = RunningCommand.resume(run.folder, "data.num_workers=0")
    again.wait_for_images(images + 50)
    again.signal(signal.SIGTERM)
    assert again.status() == 143


def test_a_worker_is_killed(tmp_path: Path) -> None:
    run = RunningCommand.start(tmp_path / "run", *WORKERS)
    run.wait_for_images(150)
    run.signal(signal.SIGKILL, "a worker")
    assert run.status() == 1
    said = run.output.read_text()
    assert "was killed, as a system does that has too little memory. Type a smaller data.num_workers=" in said
    assert "To continue: pix2pix train resume=" in said
    assert "Make room" not in said
    assert "Traceback" not in said
    assert_continues(run)


def test_an_error_in_a_validation(tmp_path: Path) -> None:
    name = f"{FailsInTheSecondValidation.__module__}.{FailsInTheSecondValidation.__name__}"
    run = RunningCommand.start(tmp_path / "run", *WORKERS, f"+callbacks.fails._target_={name}")
    assert run.status() == 1
    assert "ZeroDivisionError: nobody foresaw this" in run.output.read_text()
    assert torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["images_seen"] == 100
