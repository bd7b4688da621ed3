"""The warning when the discriminator has won: when it comes, how often, and what it says."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.callbacks.players import ToyData, ToyModule, trainer

from pix2pix.callbacks.guards import DiscriminatorWon

NOW: Any = SimpleNamespace(is_global_zero=True)


def play(guard: DiscriminatorWon, losses: Sequence[float | None], first: int = 0) -> None:
    """One batch of 10 images for each loss; None where there is no discriminator."""
    for index, loss in enumerate(losses, start=first + 1):
        latest = {"loss/generator": 1.0} if loss is None else {"loss/discriminator": loss}
        module: Any = SimpleNamespace(images_seen=10 * index, latest=latest)
        guard.on_train_batch_end(NOW, module, None, None, index)


@pytest.mark.parametrize(
    ("losses", "warned"),
    [
        ([0.01] * 10, False),  # 90 images between the first and the last
        ([0.01] * 11, True),
        ([0.7] * 5 + [0.01] * 11, True),
        ([0.01] * 10 + [0.05] + [0.01] * 10, False),  # the threshold itself is not below it
        ([0.7] * 100, False),
        ([None] * 100, False),
        ([float("nan")] * 100, False),
    ],
)
def test_it_warns_after_the_patience_without_a_break(
    losses: list[float | None], warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    play(DiscriminatorWon(threshold=0.05, patience_images=100), losses)
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * warned


def test_it_warns_once_and_says_what_helps(caplog: pytest.LogCaptureFixture) -> None:
    play(DiscriminatorWon(patience_images=100), [0.01] * 20 + [0.7] + [0.01] * 20)
    (record,) = caplog.records
    for help_ in ("optimizer.discriminator_lr", "receptive_field", "least_squares", "data.jitter"):
        assert help_ in record.message
    assert "100 images" in record.message


@pytest.mark.parametrize("stop", [1, 7, 15])
def test_a_resumed_run_warns_when_the_whole_run_would(stop: int, caplog: pytest.LogCaptureFixture) -> None:
    before, after = DiscriminatorWon(patience_images=100), DiscriminatorWon(patience_images=100)
    play(before, [0.01] * stop)
    after.load_state_dict(before.state_dict())
    play(after, [0.01] * (20 - stop), first=stop)
    assert len(caplog.records) == 1
    assert "for 100 images" in caplog.records[0].message


def test_other_ranks_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    guard = DiscriminatorWon(patience_images=0)
    for images in range(3):
        module: Any = SimpleNamespace(images_seen=images, latest={"loss/discriminator": 0.0})
        rank: Any = SimpleNamespace(is_global_zero=False)
        guard.on_train_batch_end(rank, module, None, None, images)
    assert not caplog.records


def test_in_a_trainer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    module = ToyModule({"loss/discriminator": 0.001})
    trainer(tmp_path, DiscriminatorWon(patience_images=20), enable_progress_bar=False).fit(module, datamodule=ToyData())
    assert sum("discriminator has won" in record.message for record in caplog.records) == 1
