"""Which checkpoints a run leaves, when, and with what in them."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.stopped_run import At, Crash, assert_same_run, checkpoint, crash, rows, train

from pix2pix.callbacks.checkpoints import LOWER_IS_BETTER
from pix2pix.runs import RECORD, generator_weights
from pix2pix.training.learner import Learner


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder / "checkpoints"))


def plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(plain(key) and plain(each) for key, each in value.items())
    if isinstance(value, list | tuple):
        return all(plain(each) for each in value)
    return value is None or type(value) in (str, int, float, bool) or type(value) is torch.Tensor


def test_last_and_best_by_default(tmp_path: Path) -> None:
    train(tmp_path)
    assert names(tmp_path) == ["best_ssim.ckpt", "last.ckpt"]
    assert checkpoint(tmp_path)["images_seen"] == 21


def test_a_score_that_is_no_number_is_no_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where half precision overflows in the first epoch."""
    given = iter([math.nan, 0.5, 0.4])

    def scored(module: Learner) -> None:
        module.log_dict({"val/ssim": next(given)})

    monkeypatch.setattr(Learner, "on_validation_epoch_end", scored)
    train(tmp_path)
    assert checkpoint(tmp_path, "best_ssim")["images_seen"] == 14


@pytest.mark.parametrize("average", ["null", "0.9"])
def test_checkpoints_hold_tensors_and_plain_values_alone(tmp_path: Path, average: str) -> None:
    train(tmp_path, "schedule.epochs=1", f"training.average={average}")
    for name in ("last", "best_ssim"):
        assert plain(checkpoint(tmp_path, name))


def test_the_record_says_all_that_a_generator_needs(tmp_path: Path) -> None:
    train(tmp_path, "schedule.epochs=1")
    record = checkpoint(tmp_path)[RECORD]
    assert record["settings"]["generator"]["depth"] == 3
    assert record["source_domain"]["kind"] == "labels"
    assert record["target_domain"]["kind"] == "rgb"
    assert {"precision", "threads", "ranks", "torch"} <= record["environment"].keys()
    assert record["environment"]["precision"] == "32-true"


def test_every_so_many_images_and_how_many_are_kept(tmp_path: Path) -> None:
    """In batches of two, and one at each epoch's end, the first ones at or after 4, 8, 12, 16, 20 images."""
    train(tmp_path / "three", "data.batch_size=2", "callbacks.checkpoints.every_images=4")
    numbered = [name for name in names(tmp_path / "three") if name.startswith("images")]
    assert numbered == ["images_000000013.ckpt", "images_000000016.ckpt", "images_000000020.ckpt"]
    for name in numbered:
        assert checkpoint(tmp_path / "three", name.removesuffix(".ckpt"))["images_seen"] == int(name[7:16])
    train(tmp_path / "one", "callbacks.checkpoints.every_images=4", "callbacks.checkpoints.keep=1")
    assert [name for name in names(tmp_path / "one") if name.startswith("images")] == ["images_000000020.ckpt"]


def test_one_that_is_due_at_an_epochs_end_is_taken_up_exactly(tmp_path: Path) -> None:
    """It is written after the validation, so none is missing from the run that goes on from there."""
    settings = ("callbacks.checkpoints.every_images=7", "callbacks.checkpoints.every_epochs=3")
    with pytest.raises(Crash):
        train(tmp_path / "died", *settings, extra=[crash("on_train_batch_start", 16)])
    assert checkpoint(tmp_path / "died")["images_seen"] == 14
    train(tmp_path / "died", *settings, resume=True)
    train(tmp_path / "whole", *settings)
    assert_same_run(tmp_path / "died", tmp_path / "whole", "last", "images_000000007", "images_000000014")


def test_last_is_written_with_every_numbered_one(tmp_path: Path) -> None:
    with pytest.raises(Crash):
        train(tmp_path, "callbacks.checkpoints.every_images=5", extra=[crash("on_train_batch_start", 6)])
    assert checkpoint(tmp_path)["images_seen"] == 5


def test_every_so_many_epochs_and_at_the_end(tmp_path: Path) -> None:
    written = []
    look = [
        At("on_train_epoch_start", images, lambda: written.append(checkpoint(tmp_path)["images_seen"]))
        for images in (14, 21, 28)
    ]
    train(tmp_path, "schedule.epochs=5", "callbacks.checkpoints.every_epochs=2", extra=look)
    assert written == [14, 14, 28]
    assert checkpoint(tmp_path)["images_seen"] == 35


@pytest.mark.parametrize("metric", ["ssim", "psnr", "l1"])
def test_the_best_is_the_best_of_all_epochs(tmp_path: Path, metric: str) -> None:
    train(tmp_path, "schedule.epochs=4", f"callbacks.checkpoints.best=[{metric}]", "optimizer.lr=0.02")
    values = {int(row["images"]): float(row[f"val/{metric}"]) for row in rows(tmp_path) if row[f"val/{metric}"]}
    assert len(set(values.values())) == 4
    best = (min if metric in LOWER_IS_BETTER else max)(values, key=lambda images: values[images])
    found = checkpoint(tmp_path, f"best_{metric}")
    assert found["images_seen"] == best
    assert found["callbacks"]["Checkpoints"]["best"] == {metric: values[best]}
    assert names(tmp_path) == [f"best_{metric}.ckpt", "last.ckpt"]


def test_several_best(tmp_path: Path) -> None:
    train(tmp_path, "schedule.epochs=1", "callbacks.checkpoints.best=[ssim,l1]")
    assert names(tmp_path) == ["best_l1.ckpt", "best_ssim.ckpt", "last.ckpt"]


def test_no_best_without_validation(tmp_path: Path) -> None:
    train(tmp_path, "schedule.epochs=1", "trainer.limit_val_batches=0")
    assert names(tmp_path) == ["last.ckpt"]


@pytest.mark.parametrize("average", ["null", "0.9"])
def test_the_slim_file_is_the_generator_alone(tmp_path: Path, average: str) -> None:
    train(tmp_path, "schedule.epochs=1", "callbacks.checkpoints.slim=true", f"training.average={average}")
    slim, last = checkpoint(tmp_path, "generator"), checkpoint(tmp_path)
    assert slim.keys() == {RECORD, "generator"}
    assert slim[RECORD] == last[RECORD]
    prefix = "generator." if average == "null" else "average."
    expected = {name.removeprefix(prefix): each for name, each in last["state_dict"].items() if name.startswith(prefix)}
    assert slim["generator"].keys() == expected.keys() == generator_weights(slim).keys()
    assert all(torch.equal(slim["generator"][name], value) for name, value in expected.items())
