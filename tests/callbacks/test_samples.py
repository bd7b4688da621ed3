"""The grid after a validation: which epochs, which file, which pictures, and that every tracker gets it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.callbacks.players import ToyData, ToyModule, trainer

from pix2pix.callbacks.samples import SampleGrid
from pix2pix.data.domains import Grey, Rgb
from pix2pix.data.pairs import Batch
from pix2pix.pictures.grid import sample_grid
from pix2pix.tracking.csv import CsvTracker
from pix2pix.tracking.guarded import Guarded


def fit(folder: Path, callback: SampleGrid, data: ToyData, epochs: int = 3, **settings: Any) -> ToyModule:
    module = ToyModule()
    trainer(folder, callback, epochs=epochs, enable_progress_bar=False, **settings).fit(module, datamodule=data)
    return module


@pytest.mark.parametrize(
    ("every", "epochs", "files"),
    [(1, 2, ["epoch_0001.png", "epoch_0002.png"]), (2, 5, ["epoch_0002.png", "epoch_0004.png", "epoch_0005.png"])],
)
def test_a_file_for_each_epoch_that_is_due_and_for_the_last(
    tmp_path: Path, every: int, epochs: int, files: list[str]
) -> None:
    module = fit(tmp_path, SampleGrid(count=2, every_epochs=every), ToyData(Rgb(), Rgb()), epochs)
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == files
    assert module.translated == [["pair 0"], ["pair 1"]] * len(files)


def test_a_validation_within_an_epoch_has_a_file_of_its_own(tmp_path: Path) -> None:
    """Three batches an epoch, validated after each: by name they are in their order, and the epoch's end is last."""
    fit(tmp_path, SampleGrid(count=2), ToyData(Rgb(), Rgb()), epochs=2, val_check_interval=1)
    assert sorted(path.name for path in (tmp_path / "samples").iterdir()) == [
        *("epoch_0001-batch_000001.png", "epoch_0001-batch_000002.png", "epoch_0001.png"),
        *("epoch_0002-batch_000001.png", "epoch_0002-batch_000002.png", "epoch_0002.png"),
    ]


def test_the_file_shows_source_translated_and_target(tmp_path: Path) -> None:
    fit(tmp_path, SampleGrid(count=2), ToyData(Rgb(), Rgb()), epochs=1)
    black, white = np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8)
    expected = sample_grid([(black, white, white), (white, black, white)], ["pair 0", "pair 1"])
    drawn = np.asarray(Image.open(tmp_path / "samples" / "epoch_0001.png"))
    assert np.array_equal(drawn, expected)


class Weighted(ToyData):
    """The left half of each picture does not count."""

    def val_samples(self, count: int) -> list[Batch]:
        weight = torch.ones(1, 1, 64, 64)
        weight[..., :32] = 0
        return [batch._replace(weight=weight) for batch in super().val_samples(count)]


def test_what_does_not_count_is_shown_as_the_target_has_it(tmp_path: Path) -> None:
    fit(tmp_path, SampleGrid(count=2), Weighted(Rgb(), Rgb()), epochs=1)
    black, white = np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8)
    half = np.where(np.arange(64)[None, :, None] < 32, white, black)
    expected = sample_grid([(black, white, white), (white, half, white)], ["pair 0", "pair 1"])
    drawn = np.asarray(Image.open(tmp_path / "samples" / "epoch_0001.png"))
    assert np.array_equal(drawn, expected)


class Several(ToyData):
    """Pictures of two sizes, as `data.size=null` leaves them."""

    def val_samples(self, count: int) -> list[Batch]:
        first, second = super().val_samples(2)
        return [first, second._replace(source=second.source[..., :32], target=second.target[..., :32])]


def test_pictures_of_several_sizes_are_shown(tmp_path: Path) -> None:
    fit(tmp_path, SampleGrid(count=2), Several(Rgb(), Rgb()), epochs=1)
    black, white = np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8)
    rows = [(black, white, white), (white[:, :32], black[:, :32], white[:, :32])]
    expected = sample_grid(rows, ["pair 0", "pair 1"])
    assert np.array_equal(np.asarray(Image.open(tmp_path / "samples" / "epoch_0001.png")), expected)


def test_one_channel_is_shown_too(tmp_path: Path) -> None:
    fit(tmp_path, SampleGrid(count=3), ToyData(Grey(), Grey(), channels=1), epochs=1)
    assert Image.open(tmp_path / "samples" / "epoch_0001.png").mode == "RGB"


def test_a_validation_without_training_draws_nothing(tmp_path: Path) -> None:
    module = ToyModule()
    alone = trainer(tmp_path, SampleGrid(), enable_progress_bar=False)
    alone.validate(module, datamodule=ToyData(Rgb(), Rgb()), verbose=False)
    assert not (tmp_path / "samples").exists()
    assert module.translated == []


def test_every_tracker_gets_the_grid_against_images_seen(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing import event_accumulator  # type: ignore[import-untyped]

    from pix2pix.tracking.tensorboard import TensorBoardTracker

    loggers = [CsvTracker(tmp_path), Guarded(lambda: TensorBoardTracker(tmp_path), "tensorboard")]
    fit(tmp_path, SampleGrid(count=2), ToyData(Rgb(), Rgb()), epochs=2, logger=loggers)
    events = event_accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [image.step for image in events.Images("samples")] == [12, 24]
    drawn = tmp_path / "drawn.png"
    drawn.write_bytes(events.Images("samples")[-1].encoded_image_string)
    stored = np.asarray(Image.open(tmp_path / "samples" / "epoch_0002.png"))
    assert np.array_equal(np.asarray(Image.open(drawn)), stored)
