"""Which checkpoints a run leaves, when, and with what in them."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.stopped_run import At, Crash, assert_same_run, checkpoint, crash, rows, train

from pix2pix.callbacks.checkpoints import LOWER_IS_BETTER
from pix2pix.hints import quote
from pix2pix.runs.run import RECORD, generator_weights
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


WITHIN = ("+trainer.val_check_interval=0.5", "optimizer.lr=0.02", "schedule.epochs=2")


def test_the_best_may_be_within_an_epoch(tmp_path: Path) -> None:
    """Seven pairs: validations after 3 and 6 of an epoch. And it is taken up there as any other."""
    train(tmp_path / "whole", *WITHIN, "callbacks.checkpoints.best=[ssim,psnr,l1]")
    scored = [row for row in rows(tmp_path / "whole") if row["val/l1"]]
    assert [int(row["images"]) for row in scored] == [3, 6, 10, 13]
    within = []
    for metric in ("ssim", "psnr", "l1"):
        best = (min if metric in LOWER_IS_BETTER else max)(scored, key=lambda row: float(row[f"val/{metric}"]))
        assert checkpoint(tmp_path / "whole", f"best_{metric}")["images_seen"] == int(best["images"])
        within += [metric] if int(best["images"]) % 7 else []
    assert within


def test_one_of_within_an_epoch_is_taken_up_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = [0.1, 0.9, 0.2, 0.3]  # the best after 6 of 7 images

    def scored(module: Learner) -> None:
        value = given[[3, 6, 10, 13].index(module.images_seen)]
        module.log_dict({"val/ssim": value}, logger=False)
        module.log_scalars({"val/ssim": value})

    monkeypatch.setattr(Learner, "on_validation_epoch_end", scored)
    train(tmp_path / "whole", *WITHIN)
    assert checkpoint(tmp_path / "whole", "best_ssim")["images_seen"] == 6
    shutil.copytree(tmp_path / "whole", tmp_path / "again")
    folder = tmp_path / "again" / "checkpoints"
    shutil.copy(folder / "best_ssim.ckpt", folder / "last.ckpt")
    train(tmp_path / "again", *WITHIN, resume=True)
    assert_same_run(tmp_path / "again", tmp_path / "whole", "last", "best_ssim")


EARLY = (
    "+callbacks.early_stopping._target_=lightning.pytorch.callbacks.EarlyStopping",
    *("+callbacks.early_stopping.monitor=val/l1", "+callbacks.early_stopping.mode=max"),  # never better
    *("+callbacks.early_stopping.patience=2", "+callbacks.early_stopping.min_delta=9", "schedule.epochs=9"),
)


def test_a_training_that_stops_early_writes_its_last(tmp_path: Path) -> None:
    settings = ("callbacks.checkpoints.every_epochs=5", "callbacks.samples.every_epochs=5")
    train(tmp_path, *EARLY, *settings)
    assert checkpoint(tmp_path)["images_seen"] == 21
    assert os.listdir(tmp_path / "samples") == ["epoch_0003.png"]


def test_what_early_stopping_counts_is_taken_up(tmp_path: Path) -> None:
    with pytest.raises(Crash):
        train(tmp_path / "died", *EARLY, extra=[crash("on_train_batch_start", 16)])
    train(tmp_path / "died", *EARLY, resume=True)
    train(tmp_path / "whole", *EARLY)
    assert_same_run(tmp_path / "died", tmp_path / "whole")


def test_beside_lightnings_own(tmp_path: Path) -> None:
    """Each writes its files, and a run is taken up as without."""
    settings = (
        "+callbacks.other._target_=lightning.pytorch.callbacks.ModelCheckpoint",
        *("+callbacks.other.monitor=val/ssim", "+callbacks.other.mode=max", "+callbacks.other.save_top_k=2"),
        f"+callbacks.other.dirpath={quote(tmp_path / 'others')}",
    )
    train(tmp_path / "whole", *settings)
    assert names(tmp_path / "whole") == ["best_ssim.ckpt", "last.ckpt"]
    assert len(os.listdir(tmp_path / "others")) == 2


def test_without_any_nothing_is_written(tmp_path: Path) -> None:
    train(tmp_path, "~callbacks.checkpoints", "schedule.epochs=1")
    assert not list(tmp_path.rglob("*.ckpt"))


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
