"""A tracker that fails, at any point, costs one warning; a tracker that is not installed is an error with a way out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NoReturn

import lightning.pytorch as pl
import numpy as np
import pytest
from lightning.pytorch.demos.boring_classes import BoringModel
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities import rank_zero_only

from pix2pix.tracking.guarded import Guarded, MissingTrackerError
from pix2pix.tracking.pictures import log_picture


class Recording(Logger):
    """Keeps what it is told; fails from its `fails_at`th call on."""

    def __init__(self, fails_at: float = float("inf")) -> None:
        super().__init__()
        self.calls: list[tuple[Any, ...]] = []
        self.fails_at = fails_at

    def _record(self, *call: Any) -> None:
        if len(self.calls) + 1 >= self.fails_at:
            raise ConnectionError("the server is down")
        self.calls.append(call)

    @property
    def name(self) -> str:
        return "an experiment"

    @property
    def version(self) -> int:
        return 7

    @property
    def save_dir(self) -> str:
        return "a folder"

    @property
    def experiment(self) -> str:
        self._record("experiment")
        return "the object"

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        self._record("metrics", metrics, step)

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        self._record("config", params)

    def save(self) -> None:
        self._record("save")

    def cut_back(self, images: int) -> None:
        self._record("cut back", images)

    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        self._record("checkpoint")

    def finalize(self, status: str) -> None:
        self._record("finalize", status)


CALLS: list[tuple[Callable[[Guarded], Any], tuple[Any, ...]]] = [
    (lambda logger: logger.experiment, ("experiment",)),
    (lambda logger: logger.log_hyperparams({"a": {"b": 1}}), ("config", {"a": {"b": 1}})),
    (lambda logger: logger.cut_back(4), ("cut back", 4)),
    (lambda logger: logger.log_metrics({"loss": 0.5}, 8), ("metrics", {"loss": 0.5}, 8)),
    (lambda logger: logger.save(), ("save",)),
    (lambda logger: logger.after_save_checkpoint(None), ("checkpoint",)),  # type: ignore[arg-type]
    (lambda logger: logger.finalize("success"), ("finalize", "success")),
]


def test_a_tracker_that_works_gets_every_call() -> None:
    tracker = Recording()
    logger = Guarded(lambda: tracker, "wandb")
    for call, _ in CALLS:
        call(logger)
    assert tracker.calls == [recorded for _, recorded in CALLS]
    assert (logger.name, logger.version, logger.save_dir) == ("an experiment", 7, "a folder")
    assert logger.experiment == "the object"


@pytest.mark.parametrize("fails_at", range(1, len(CALLS) + 1))
def test_a_tracker_that_fails_is_warned_about_once_and_left_out(
    fails_at: int, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = Recording(fails_at)
    logger = Guarded(lambda: tracker, "wandb")
    for call, _ in CALLS + CALLS:
        call(logger)
    assert tracker.calls == [recorded for _, recorded in CALLS[: fails_at - 1]]
    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    assert "wandb" in warning.message
    assert "the server is down" in warning.message
    assert "goes on without it" in warning.message
    assert (logger.name, logger.version, logger.save_dir, logger.log_dir) == (None, None, None, None)


def test_a_tracker_that_cannot_start_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    def factory() -> NoReturn:
        raise ConnectionError("no route to host")

    logger = Guarded(factory, "mlflow")
    for call, _ in CALLS:
        call(logger)
    log_picture(logger, "samples", np.zeros((4, 4, 3), np.uint8), 8, "a")
    logger.experiment.anything(1)
    (warning,) = caplog.records
    assert "mlflow failed while starting it" in warning.message


def test_a_tracker_that_is_not_installed_names_the_extra() -> None:
    def factory() -> Logger:
        import a_tracker_that_nobody_has  # type: ignore[import-not-found]

        return a_tracker_that_nobody_has.Logger()  # type: ignore[no-any-return]

    with pytest.raises(MissingTrackerError, match=r"pip install 'pix2pix-lightning\[wandb\]'"):
        Guarded(factory, "wandb")


def test_a_wrong_setting_is_a_mistake_and_no_outage() -> None:
    with pytest.raises(TypeError, match="projekt"):
        Guarded(lambda: Recording(projekt="x"), "wandb")  # type: ignore[call-arg]


def test_other_ranks_do_not_start_the_tracker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rank_zero_only, "rank", 1)
    started: list[int] = []
    logger = Guarded(lambda: started.append(1) or Recording(), "wandb")  # type: ignore[func-returns-value]
    for call, _ in CALLS:
        call(logger)
    assert not started


def test_interrupts_pass() -> None:
    def factory() -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Guarded(factory, "wandb")


@pytest.mark.parametrize("fails_at", [1, 2, 3, 6])
def test_a_trainer_finishes_whenever_its_tracker_fails(
    fails_at: int, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    class Logging(BoringModel):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            step = super().training_step(batch, batch_idx)
            assert isinstance(self.logger, Logger)
            self.logger.log_metrics({"loss": float(batch_idx)}, batch_idx)
            return step

    trainer = pl.Trainer(
        logger=Guarded(lambda: Recording(fails_at), "wandb"),
        max_epochs=2,
        limit_train_batches=2,
        limit_val_batches=1,
        accelerator="cpu",
        default_root_dir=tmp_path,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    trainer.fit(Logging())
    assert trainer.current_epoch == 2
    assert sum("wandb failed" in record.message for record in caplog.records) == 1
