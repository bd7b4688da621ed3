"""A run that was stopped and taken up again is bit for bit the run that was never stopped, wherever it was stopped."""

from __future__ import annotations

import csv
import itertools
import json
import logging
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer
from tests.training.stopped_run import (
    At,
    Crash,
    assert_same_run,
    checkpoint,
    crash,
    rows,
    settings_of,
    signalled,
    train,
)

from pix2pix.build import assembly
from pix2pix.build.training import run_training as whole_run
from pix2pix.callbacks.checkpoints import Checkpoints
from pix2pix.errors import ConfigError
from pix2pix.processes.signals import Interrupted
from pix2pix.training import learner

VARIANTS = {
    "plain": (),
    "two workers": ("data.num_workers=2",),
    "accumulated, averaged": (
        *("data.train_pairs=23", "data.batch_size=2", "training.accumulate=3", "training.average=0.9"),
        *("training.clip_norm=1", "schedule.epochs=2"),
    ),
    "bf16": ("trainer.precision=bf16-mixed", "training.average=0.9"),
    "decaying": ("schedule.decay_epochs=2",),
    "validated within the epoch": ("+trainer.val_check_interval=0.5",),
    "validated every second epoch": ("trainer.check_val_every_n_epoch=2",),
}

Whole = Callable[[str], Path]


def last_scores(folder: Path) -> dict[str, float]:
    row = [row for row in rows(folder) if row["val/ssim"]][-1]
    return {name: float(text) for name, text in row.items() if name.startswith("val/")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """The run of each variant that was never stopped."""
    made: dict[str, Path] = {}

    def run(variant: str) -> Path:
        if variant not in made:
            made[variant] = tmp_path_factory.mktemp("whole")
            train(made[variant], *VARIANTS[variant])
        return made[variant]

    return run


@pytest.mark.parametrize(
    ("variant", "hook", "images"),
    [
        ("plain", "on_train_batch_start", 0),  # within the very first step
        ("plain", "on_train_batch_start", 9),  # within an epoch, and within a row of the log
        ("plain", "on_train_batch_start", 6),  # within an epoch's last step: the validation comes first
        ("plain", "on_validation_start", 7),
        ("plain", "on_train_epoch_end", 7),  # while checkpoints are about to be written
        ("plain", "on_train_epoch_start", 14),
        ("plain", "on_validation_start", 21),  # the very last thing: nothing but the score is left to be done
        ("two workers", "on_train_batch_start", 9),
        ("two workers", "on_validation_start", 14),
        ("accumulated, averaged", "on_train_batch_start", 6),
        ("accumulated, averaged", "on_train_batch_start", 18),  # the epoch's shorter last batch
        ("accumulated, averaged", "on_train_batch_start", 29),
        ("bf16", "on_train_batch_start", 11),
        ("bf16", "on_train_epoch_start", 7),
        ("decaying", "on_train_batch_start", 11),
        ("validated within the epoch", "on_train_batch_start", 2),  # the validation comes first
        ("validated within the epoch", "on_train_batch_start", 11),
        ("validated every second epoch", "on_train_batch_start", 6),  # within the last step of an epoch without
        ("validated every second epoch", "on_train_batch_start", 12),
    ],
)
def test_after_a_signal(whole: Whole, tmp_path: Path, variant: str, hook: str, images: int) -> None:
    with pytest.raises(Interrupted) as stop:
        train(tmp_path, *VARIANTS[variant], extra=[signalled(hook, images)])
    assert stop.value.exit_status == 128 + 15
    assert stop.value.in_order
    parts = train(tmp_path, *VARIANTS[variant], resume=True)
    assert_same_run(tmp_path, whole(variant), "last", "best_ssim")
    assert parts.module.latest_scores == last_scores(tmp_path)


@pytest.mark.parametrize(
    ("variant", "hook", "images"),
    [
        ("plain", "on_train_batch_start", 5),  # before the first checkpoint
        ("plain", "on_validation_start", 7),
        ("plain", "on_train_batch_start", 9),
        ("plain", "on_validation_end", 14),
        ("two workers", "on_train_batch_start", 12),
        ("accumulated, averaged", "on_train_batch_start", 35),
        ("bf16", "on_train_batch_start", 20),
    ],
)
def test_after_a_death(whole: Whole, tmp_path: Path, variant: str, hook: str, images: int) -> None:
    with pytest.raises(Crash):
        train(tmp_path, *VARIANTS[variant], extra=[crash(hook, images)])
    train(tmp_path, *VARIANTS[variant], resume=True)
    assert_same_run(tmp_path, whole(variant), "last", "best_ssim")


def test_an_epoch_whose_last_step_is_interrupted_ends_as_any_other(tmp_path: Path) -> None:
    """Also where no validation follows it."""
    ended: list[int] = []
    count = [At("on_train_epoch_end", images, partial(ended.append, images)) for images in (7, 14)]
    settings = ("trainer.limit_val_batches=0", "schedule.epochs=2")
    with pytest.raises(Interrupted):
        train(tmp_path, *settings, extra=[*count, signalled("on_train_batch_start", 6)])
    train(tmp_path, *settings, resume=True, extra=count)
    assert ended == [7, 14]


def test_stopped_after_every_single_step(whole: Whole, tmp_path: Path) -> None:
    seen = []
    for images in range(21):
        with suppress(Interrupted):
            train(tmp_path, resume=images > 0, extra=[signalled("on_train_batch_start", images, signal.SIGINT)])
        seen.append(checkpoint(tmp_path)["images_seen"])
    assert seen == list(range(1, 22))
    assert_same_run(tmp_path, whole("plain"), "last", "best_ssim")


def test_the_number_of_workers_changes_nothing(whole: Whole) -> None:
    assert_same_run(whole("two workers"), whole("plain"))


def test_the_comparison_can_fail(whole: Whole, tmp_path: Path) -> None:
    train(tmp_path, "seed=1")
    with pytest.raises(AssertionError):
        assert_same_run(tmp_path, whole("plain"))


def test_extended(whole: Whole, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    train(tmp_path, "schedule.epochs=2")
    train(tmp_path, "schedule.epochs=3", resume=True)
    assert_same_run(tmp_path, whole("plain"), "last", "best_ssim")
    assert "decay" not in caplog.text


def test_extended_from_within_an_epoch(whole: Whole, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        train(tmp_path, "schedule.epochs=1", extra=[signalled("on_train_batch_start", 3)])
    train(tmp_path, "schedule.epochs=3", resume=True)
    assert_same_run(tmp_path, whole("plain"))


def test_an_epoch_goes_on_at_the_same_pair_where_it_has_fewer_batches_now(tmp_path: Path) -> None:
    """As with more ranks. 3 of 7 pairs are done: one whole batch of 2, and its like are 5 pairs until the end."""
    with pytest.raises(Interrupted):
        train(tmp_path, extra=[signalled("on_train_batch_start", 2)])
    assert checkpoint(tmp_path)["PairedData"] == {"epoch": 0, "batch": 3, "pairs": 3}
    train(tmp_path, "data.batch_size=2", resume=True)
    assert [int(row["images"]) for row in rows(tmp_path) if row["val/ssim"]] == [3 + 5, 3 + 5 + 7, 3 + 5 + 14]
    with pytest.raises(Interrupted):
        train(tmp_path / "back", "data.batch_size=2", extra=[signalled("on_train_batch_start", 2)])
    train(tmp_path / "back", resume=True)
    assert [int(row["images"]) for row in rows(tmp_path / "back") if row["val/ssim"]] == [7, 14, 21]


def test_an_epoch_that_would_be_over_already_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        train(tmp_path, extra=[signalled("on_train_batch_start", 4)])
    with pytest.raises(ConfigError, match=r"stopped at batch 5 of epoch 1, and with what is typed now an epoch has 4"):
        train(tmp_path, "trainer.limit_train_batches=4", resume=True)


def test_fewer_epochs_than_are_begun_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        train(tmp_path, extra=[signalled("on_train_batch_start", 9)])
    with pytest.raises(ConfigError) as raised:
        train(tmp_path, "schedule.epochs=1", resume=True)
    assert str(raised.value) == (
        "schedule.epochs: found 1, and the run is within its epoch 2. Type schedule.epochs=2 or more; a shorter run is"
        " a new one"
    )
    assert train(tmp_path, "schedule.epochs=2", resume=True).module.images_seen == 14


@pytest.mark.parametrize("every", [1, 3])
def test_killed_before_its_first_last_checkpoint_it_goes_on_from_the_best(
    whole: Whole, tmp_path: Path, caplog: pytest.LogCaptureFixture, every: int
) -> None:
    """Which the same epoch writes before it; and where `last.ckpt` is rare, it may be the only one for long."""
    caplog.set_level(logging.INFO)
    overrides = [f"callbacks.checkpoints.every_epochs={every}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "_write", crash_at_last(Checkpoints._write))
        with pytest.raises(Crash):
            train(tmp_path, *overrides, extra=[crash("on_train_batch_start", 9)])
    assert [path.name for path in (tmp_path / "checkpoints").glob("*.ckpt")] == ["best_ssim.ckpt"]
    train(tmp_path, *overrides, resume=True)
    assert "has no last.ckpt yet: going on from best_ssim.ckpt." in caplog.text
    assert_same_run(tmp_path, whole("plain"), "last", "best_ssim")


def crash_at_last(write: Callable[..., None]) -> Callable[..., None]:
    def writing(callback: Checkpoints, trainer: Trainer, name: str) -> None:
        if name == "last.ckpt":
            raise Crash
        write(callback, trainer, name)

    return writing


def test_nothing_is_left_to_do(whole: Whole, tmp_path: Path) -> None:
    train(tmp_path)
    parts = train(tmp_path, resume=True)
    assert_same_run(tmp_path, whole("plain"))
    assert parts.module.latest_scores == last_scores(tmp_path)


def test_the_score_says_that_a_run_is_finished(tmp_path: Path) -> None:
    """It goes when the run is extended, and stays what it was where nothing is left to be done."""
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "overrides.yaml").write_text("- seed=0\n")
    score, resume = tmp_path / "score.json", f"resume='{tmp_path}'"
    whole_run(settings_of(tmp_path, "schedule.epochs=1"), tmp_path)
    first = score.read_bytes()
    assert json.loads(first)["overrides"] == ["seed=0"]
    assert json.loads(first)["images"] == 7

    whole_run(settings_of(tmp_path, "schedule.epochs=1", resume), tmp_path)
    assert score.read_bytes() == first

    watched = "+callbacks.watch._target_=tests.training.test_resume.NoScore"
    whole_run(settings_of(tmp_path, "schedule.epochs=2", watched, resume), tmp_path)
    assert json.loads(score.read_bytes())["images"] == 14

    score.unlink()  # killed between its last checkpoint and its score
    scores = whole_run(settings_of(tmp_path, "schedule.epochs=2", resume), tmp_path).scores
    assert {f"val/{name}": value for name, value in scores.items()} == last_scores(tmp_path)
    assert json.loads(score.read_bytes())["scores"] == scores


class NoScore(Callback):
    """Fails where a run that is under way has a score."""

    def on_train_batch_start(self, trainer: Trainer, *rest: Any) -> None:
        assert not (Path(trainer.default_root_dir) / "score.json").exists()


def test_speed_counts_from_where_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The images before it were not seen in the seconds since, and Lightning calls no start of the epoch."""
    caplog.set_level(logging.INFO)
    with pytest.raises(Interrupted):
        train(tmp_path, extra=[signalled("on_train_batch_start", 15)])
    seconds = itertools.count()
    monkeypatch.setattr(learner, "time", SimpleNamespace(monotonic=lambda: float(next(seconds))))
    train(tmp_path, resume=True)
    with (tmp_path / "metrics.csv").open(newline="") as file:
        speeds = {row["images"]: row["images_per_second"] for row in csv.DictReader(file) if row["loss/l1"]}
    assert float(speeds["18"]) == 2  # images since, in one reading of the clock
    shown = re.findall(r"epoch 3/3 .* ([\d.e+]+) images/s", caplog.text)
    assert float(shown[0]) > 0.2


def test_the_time_of_all_starts_adds_up(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        train(tmp_path, extra=[signalled("on_train_batch_start", 15)])
    file = tmp_path / "checkpoints" / "last.ckpt"
    content = checkpoint(tmp_path)
    assert 0 < content["seconds"] < 3600
    torch.save({**content, "seconds": 3600.0}, file)
    assert 3600 < train(tmp_path, resume=True).module.seconds < 7200


# --- what is said -----------------------------------------------------------------------------------------------------


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    with pytest.raises(Interrupted):
        train(tmp_path, "schedule.decay_epochs=1", extra=[signalled("on_train_batch_start", 16)])
    return tmp_path


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_says_nothing_where_the_run_goes_on_as_it_was(stopped: Path, caplog: pytest.LogCaptureFixture) -> None:
    train(stopped, "schedule.decay_epochs=1", resume=True)
    assert _warnings(caplog) == []


def test_says_that_precision_and_threads_are_others(
    stopped: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    train(stopped, "schedule.decay_epochs=1", "trainer.precision=bf16-mixed", resume=True)
    assert _warnings(caplog) == [
        "precision was 32-true and is bf16-mixed: the run goes on, but not bit for bit.",
        "threads was 1 and is 7: the run goes on, but not bit for bit.",
    ]


def test_says_that_a_decay_had_begun(stopped: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Stopped within the first epoch that decays."""
    train(stopped, "schedule.epochs=5", "schedule.decay_epochs=1", resume=True)
    assert _warnings(caplog) == [
        "The learning rate had begun to decay (it was 0.5 of its full value) and now goes on at 1: the run will differ"
        " from one that was planned for 5 epochs from the start."
    ]


def test_says_nothing_of_a_decay_that_had_not_begun(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Interrupted):
        train(tmp_path, "schedule.decay_epochs=1", extra=[signalled("on_train_batch_start", 12)])
    train(tmp_path, "schedule.epochs=5", "schedule.decay_epochs=1", resume=True)
    assert _warnings(caplog) == []


def test_precision_auto_stays_what_it_became(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    with pytest.raises(Interrupted):
        train(tmp_path, "trainer.precision=auto", extra=[signalled("on_train_batch_start", 3)])
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    parts = train(tmp_path, "trainer.precision=auto", resume=True)
    assert parts.trainer.precision == "32-true"


def test_a_folder_that_holds_a_run_is_not_trained_into(tmp_path: Path) -> None:
    train(tmp_path, "schedule.epochs=1")
    with pytest.raises(ConfigError, match=r"holds checkpoints/best_ssim\.ckpt, .* of a run"):
        train(tmp_path, "schedule.epochs=1")


def test_a_checkpoint_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").write_bytes(b"half of a file")
    with pytest.raises(ConfigError, match=r"resume: .*last\.ckpt cannot be read as a checkpoint"):
        train(tmp_path, resume=True)


def test_a_run_without_checkpoint_starts_from_the_beginning(
    whole: Whole, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert assembly.resumed_checkpoint(settings_of(tmp_path, f"resume='{tmp_path}'"), tmp_path) is None
    assert "has no checkpoint yet: starting from the beginning." in caplog.text
