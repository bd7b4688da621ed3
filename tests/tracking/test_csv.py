"""metrics.csv: read back by the csv module and by numpy, cut off, resumed, widened."""

from __future__ import annotations

import csv
import math
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.utilities import rank_zero_only

from pix2pix.tracking.csv import CsvTracker

TRAINING: list[tuple[int, dict[str, Any]]] = [
    (4, {"loss/generator": 0.1 + 0.2, "loss/discriminator": 1 / 3}),
    (8, {"loss/generator": 1e-300, "loss/discriminator": math.pi}),
    (8, {"val/psnr": 12.000000000000002, "epoch": 1}),
    (12, {"loss/generator": torch.tensor(0.1), "loss/discriminator": float("nan")}),
    (12, {"val/psnr": -0.0, "epoch": 2}),
]


def logged(folder: Path, rows: list[tuple[int, dict[str, Any]]] = TRAINING) -> bytes:
    tracker = CsvTracker(folder)
    for images, metrics in rows:
        tracker.log_metrics(metrics, images)
    return tracker.path.read_bytes()


def test_rows_are_read_back_bit_for_bit(tmp_path: Path) -> None:
    logged(tmp_path)
    with (tmp_path / "metrics.csv").open(newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    assert reader.fieldnames == ["images", "loss/generator", "loss/discriminator", "val/psnr", "epoch"]
    assert len(rows) == len(TRAINING)
    for row, (images, metrics) in zip(rows, TRAINING, strict=True):
        assert int(row["images"]) == images
        for key in reader.fieldnames[1:]:
            if key in metrics:
                value = float(metrics[key])
                assert float(row[key]) == value or (math.isnan(value) and row[key] == "nan")
                assert math.copysign(1, float(row[key])) == math.copysign(1, value)
            else:
                assert row[key] == ""


@pytest.mark.parametrize(
    ("resumed_from", "stopped_after"),
    [(0, 1), (0, 5), (4, 1), (4, 2), (4, 3), (4, 5), (8, 3), (8, 4), (8, 5), (12, 5)],
)
def test_a_resumed_run_writes_the_same_bytes(tmp_path: Path, resumed_from: int, stopped_after: int) -> None:
    whole = logged(tmp_path / "whole")
    logged(tmp_path / "stopped", TRAINING[:stopped_after])
    tracker = CsvTracker(tmp_path / "stopped")
    tracker.cut_back(resumed_from)
    for images, metrics in TRAINING:
        if images > resumed_from:
            tracker.log_metrics(metrics, images)
    assert tracker.path.read_bytes() == whole


def test_a_line_cut_off_by_a_crash_counts_as_never_written(tmp_path: Path) -> None:
    logged(tmp_path)
    path = tmp_path / "metrics.csv"
    whole = path.read_bytes()
    path.write_bytes(whole + b"1")  # of "16,…"
    CsvTracker(tmp_path).cut_back(12)
    assert path.read_bytes() == whole
    path.write_bytes(whole + b"16,0.5,0.2")
    CsvTracker(tmp_path).log_metrics({"loss/generator": 0.75}, 16)
    assert path.read_text() == whole.decode() + "16,0.75,,,\n"


def test_an_existing_file_is_continued(tmp_path: Path) -> None:
    before = logged(tmp_path)
    CsvTracker(tmp_path).log_metrics({"loss/discriminator": 2.0}, 16)
    assert (tmp_path / "metrics.csv").read_bytes() == before + b"16,,2.0,,\n"


def emptied(path: Path) -> None:
    path.write_text("")


@pytest.mark.parametrize("gone", [Path.unlink, emptied])
def test_a_table_that_is_deleted_under_way_comes_back_with_its_header(tmp_path: Path, gone: Any) -> None:
    tracker = CsvTracker(tmp_path)
    tracker.log_metrics({"loss/generator": 0.5, "lr": 0.25}, 4)
    gone(tracker.path)
    tracker.log_metrics({"loss/generator": 0.75, "lr": 0.25}, 8)
    tracker.log_metrics({"val/psnr": 12.0}, 8)
    assert tracker.path.read_text() == "images,loss/generator,lr,val/psnr\n8,0.75,0.25,\n8,,,12.0\n"
    resumed = CsvTracker(tmp_path)
    resumed.cut_back(8)
    resumed.log_metrics({"lr": 0.125}, 12)
    assert tracker.path.read_text() == "images,loss/generator,lr,val/psnr\n8,0.75,0.25,\n8,,,12.0\n12,,0.125,\n"


@pytest.mark.parametrize(
    "found",
    [
        b"8,0.75,0.25\n12,0.5,0.25\n",  # without its header
        b"images;loss/generator\n8;0.75\n",  # as a spreadsheet saves it in some countries
        b"images,loss/generator\n8.0,0.75\n",
        b"images,loss/generator\n8,0.75,1\n",
        b"\xff\xfei\x00m\x00",
        b"images,loss/generator\n" + b"9" * 5000 + b",0.75\n",
    ],
)
def test_what_is_no_table_of_ours_is_kept_beside_and_stops_nothing(tmp_path: Path, found: bytes) -> None:
    (tmp_path / "metrics.csv").write_bytes(found)
    tracker = CsvTracker(tmp_path)
    tracker.cut_back(8)
    tracker.log_metrics({"lr": 0.25}, 12)
    assert tracker.path.read_text() == "images,lr\n12,0.25\n"
    assert (tmp_path / "metrics_set_aside_1.csv").read_bytes() == found
    assert len(list(tmp_path.iterdir())) == 2


def test_nothing_but_the_table_is_left_in_the_folder(tmp_path: Path) -> None:
    logged(tmp_path)
    CsvTracker(tmp_path).cut_back(8)
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.csv"]


def test_other_ranks_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rank_zero_only, "rank", 1)
    tracker = CsvTracker(tmp_path)
    tracker.log_metrics({"loss/generator": 1.0}, 4)
    tracker.cut_back(0)
    tracker.finalize("success")
    assert list(tmp_path.iterdir()) == []


def test_what_a_link_beside_leads_to_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    run = tmp_path / "run"
    run.mkdir()
    (run / ".metrics.csv.draft").symlink_to("../notes")
    logged(run)
    assert (tmp_path / "notes").read_text() == "mine"


def test_a_fifo_is_set_aside_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "metrics.csv")
    CsvTracker(tmp_path).cut_back(8)
    assert (tmp_path / "metrics.csv").read_text() == "images\n"
    assert (tmp_path / "metrics_set_aside_1.csv").is_fifo()
