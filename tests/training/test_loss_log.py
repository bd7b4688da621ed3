"""Losses between two rows of the log: what a row holds, when it is due, and that a resumed run goes on with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.tiny_run import Steps, fit, tiny_data, tiny_module
from torch import Tensor

from pix2pix.tracking.csv import CsvTracker
from pix2pix.training.loss_log import LossLog, NonFiniteLossError


def alone(sums: Tensor) -> Tensor:
    return sums


def add(log: LossLog, seen: int, *, l1: float, images: int = 1) -> bool:
    return log.add({"l1": torch.tensor(l1), "generator": torch.tensor(2 * l1)}, [f"pair {seen}"], images, seen)


def test_a_row_is_due_each_time_so_many_images_are_passed() -> None:
    log = LossLog(every_images=4)
    due = [add(log, seen, l1=0, images=3) for seen in (3, 6, 9, 12, 15, 18)]
    assert due == [False, True, True, True, False, True]  # past 4, 8, 12, 16


def test_a_row_is_the_mean_over_images_since_the_last() -> None:
    log = LossLog(every_images=4)
    add(log, 3, l1=1.0, images=3)
    add(log, 4, l1=5.0, images=1)
    assert log.take(alone) == pytest.approx({"l1": 2.0, "generator": 4.0})
    add(log, 6, l1=7.0, images=2)
    assert log.take(alone) == pytest.approx({"l1": 7.0, "generator": 14.0})


def test_a_row_is_the_mean_over_ranks() -> None:
    log = LossLog(every_images=4)
    add(log, 4, l1=1.0, images=4)
    row = log.take(lambda own: torch.stack([own, 3 * own]))
    assert row == pytest.approx({"l1": 2.0, "generator": 4.0})


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_names_losses_and_pictures(value: float) -> None:
    log = LossLog(every_images=4)
    log.check_finite()
    add(log, 1, l1=1.0)
    log.check_finite()
    log.add({"l1": torch.tensor(value), "generator": torch.tensor(1.5)}, ["a.png", "b.png"], 2, 3)
    with pytest.raises(NonFiniteLossError, match=rf"l1 {value:g}, generator 1\.5.*a\.png, b\.png.*optimizer\.lr"):
        log.check_finite()


def test_a_gpu_is_not_asked_after_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """But every so many, and before anything is written; then it is told which step it was."""

    class OnGpu(Tensor):
        device = torch.device("cuda")

    log = LossLog(every_images=1000)
    asked = []

    def check() -> None:
        asked.append(len(log._unseen))
        LossLog.check_finite(log)

    monkeypatch.setattr(log, "check_finite", check)
    for seen in range(1, 121):
        log.look()
        log.add({"l1": torch.tensor(float(seen))}, [f"pair {seen}"], 1, seen)
        log._last = log._unseen[-1] = (log._unseen[-1][0].as_subclass(OnGpu), log._unseen[-1][1])
    assert asked == [50, 50]
    log.add({"l1": torch.tensor(torch.nan)}, ["broken"], 1, 121)
    log.add({"l1": torch.tensor(torch.nan)}, ["after it"], 1, 122)
    with pytest.raises(NonFiniteLossError, match="The batch was: broken"):
        LossLog.check_finite(log)


def test_what_no_row_has_yet_is_kept_for_each_rank() -> None:
    log = LossLog(every_images=8)
    add(log, 2, l1=1.5, images=2)
    state = log.state(lambda own: torch.stack([own, 3 * own]))
    rows = []
    for rank in (0, 1):
        resumed = LossLog(every_images=8)
        resumed.load(state, rank, ranks=2)
        add(resumed, 4, l1=0.5, images=2)
        rows.append(resumed.take(alone)["l1"])
    assert rows == pytest.approx([(1.5 + 0.5) / 2, (4.5 + 0.5) / 2])
    for rank, ranks in ((2, 3), (0, 1)):  # with more or fewer ranks than before: the mean of those that were
        other = LossLog(every_images=8)
        other.load(state, rank, ranks)
        assert other.take(alone)["l1"] == pytest.approx(3.0)


def test_nothing_summed_is_kept_as_nothing() -> None:
    log = LossLog(every_images=8)
    log.load(log.state(alone), rank=0, ranks=1)
    add(log, 1, l1=2.0)
    assert log.take(alone)["l1"] == 2.0


class Losses(Steps):
    """Remembers each step's losses as the module sums them."""

    def __init__(self) -> None:
        super().__init__()
        self.terms: list[dict[str, float]] = []

    def on_train_batch_end(self, trainer: Any, module: Any, *_: Any) -> None:
        log = module.log_rows
        self.terms.append(dict(zip(log._names, log._last[0].tolist(), strict=True)))


def test_the_rows_of_a_run_are_the_means_of_its_steps(tmp_path: Path) -> None:
    """Seven pairs in batches of two, a row each four images: after 4 images, and at the epoch's end those 3 since."""
    data, losses, tracker = tiny_data(7, batch_size=2), Losses(), CsvTracker(tmp_path)
    module = tiny_module(data, step_batch=2, log_every_images=4)
    fit(module, data, tmp_path, [losses], limit_val_batches=0, logger=[tracker])
    header, *rows = (line.split(",") for line in (tmp_path / "metrics.csv").read_text().splitlines())
    assert len(rows) == 2
    for name in ("discriminator", "adversarial", "l1", "generator"):
        first, second, third, fourth = (terms[name] for terms in losses.terms)
        found = [float(row[header.index(f"loss/{name}")]) for row in rows]
        assert found == pytest.approx([(first + second) / 2, (2 * third + fourth) / 3], rel=1e-4), name
    images = [int(float(row[header.index("images")])) for row in rows]
    assert images == [4, 7]
