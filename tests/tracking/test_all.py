"""csv, TensorBoard, W&B and MLflow, as conf/logger makes them: written by one run, read back by their own readers."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

ROOT = Path(__file__).parents[2]
CONFIG = {
    "data": {"size": [64, 48], "root": "/data/facades", "cache": None},
    "schedule": {"epochs": 2},
    "optimizer": {"lr": 0.0002, "fused": True},
    "parameters": {"generator": 54_413_955},
}
LOSSES = {
    8: {"loss/generator": 1.25, "loss/discriminator": 0.5},
    16: {"loss/generator": 0.75, "loss/discriminator": 0.625},
}
CAPTION = "one, two"

# Each run of this script is a process of its own, as a run and its resuming are.
SCRIPT = """
import json, sys
import numpy as np
from hydra.utils import instantiate
from omegaconf import OmegaConf
from pix2pix.tracking.guarded import CutsBack
from pix2pix.tracking.pictures import log_picture

OmegaConf.register_new_resolver("hydra", lambda key: sys.argv[1])
config, losses, resumed_from = json.loads(sys.argv[2])
composed = OmegaConf.merge(*(OmegaConf.load(f"{sys.argv[3]}/conf/logger/{name}.yaml") for name in sys.argv[4:]))
loggers = instantiate(composed)
assert list(loggers) == sys.argv[4:]
for logger in loggers.values():
    logger.log_hyperparams(config)
    if resumed_from is not None and isinstance(logger, CutsBack):
        logger.cut_back(resumed_from)
for images, metrics in losses.items():
    for logger in loggers.values():
        logger.log_metrics(metrics, int(images))
picture = np.arange(12 * 20 * 3, dtype=np.uint8).reshape(12, 20, 3)
for logger in loggers.values():
    log_picture(logger, "samples", picture, int(images), "one, two")
    logger.save()
    logger.finalize("success")
"""
PICTURE = np.arange(12 * 20 * 3, dtype=np.uint8).reshape(12, 20, 3)


def run(
    folder: Path, losses: dict[int, dict[str, float]], *names: str, resumed_from: int | None = None, **changed: Any
) -> str:
    told = json.dumps([CONFIG | changed, losses, resumed_from])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), told, str(ROOT), *names],
        env={
            "WANDB_MODE": "offline",
            "WANDB_SILENT": "true",
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "OMP_NUM_THREADS": "1",
        }
        | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "goes on without it" not in done.stdout + done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run with all four, stopped after 16 images, resumed from 8 with other numbers after it."""
    for package in ("tensorboard", "wandb", "mlflow"):
        pytest.importorskip(package)
    folder = tmp_path_factory.mktemp("outputs") / "facades" / "2030-01-02_03-04-05"
    run(folder, LOSSES, "csv", "tensorboard", "wandb", "mlflow")
    run(
        folder,
        {16: {"loss/generator": 0.875, "loss/discriminator": 0.25}},
        *("csv", "tensorboard", "wandb", "mlflow"),
        resumed_from=8,
        schedule={"epochs": 3},
    )
    return folder


def test_csv(folder: Path) -> None:
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["images", "loss/generator", "loss/discriminator"], ["8", "1.25", "0.5"], ["16", "0.875", "0.25"]]


def test_tensorboard(folder: Path) -> None:
    from tensorboard.backend.event_processing import event_accumulator  # type: ignore[import-untyped]

    events = event_accumulator.EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    assert sorted(events.Tags()["scalars"]) == ["loss/discriminator", "loss/generator"]
    assert [(each.step, each.value) for each in events.Scalars("loss/generator")] == [(8, 1.25), (16, 0.875)]
    (image,) = events.Images("samples")
    assert image.step == 16
    assert np.array_equal(decoded(image.encoded_image_string, folder), PICTURE)
    logged = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    for text in (b"schedule.epochs", b"optimizer.lr", b"/data/facades", b"parameters.generator"):
        assert text in logged


def test_mlflow(folder: Path) -> None:
    from mlflow.tracking import MlflowClient

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        client = MlflowClient((folder / "mlruns").as_uri())
        experiment = client.get_experiment_by_name("pix2pix")
        assert experiment is not None
        (run,) = client.search_runs([experiment.experiment_id])  # one run, though two processes wrote it
        assert run.info.status == "FINISHED"
        assert run.info.run_name == "facades/2030-01-02_03-04-05"
        assert run.data.metrics == {"loss/generator": 0.875, "loss/discriminator": 0.25}
        history = client.get_metric_history(run.info.run_id, "loss/discriminator")
        assert [(each.step, each.value) for each in history] == [(8, 0.5), (16, 0.625), (16, 0.25)]
        assert run.data.params["optimizer.lr"] == "0.0002"
        assert run.data.params["data.size"] == "[64, 48]"
        assert run.data.params["schedule.epochs"] == "2"
        pictures = [
            each.path for each in client.list_artifacts(run.info.run_id, "images") if each.path.endswith(".png")
        ]
        assert len(pictures) == 2
        for path in pictures:
            assert "samples" in path
            assert "+step+16+" in path
            stored = folder / "mlruns" / experiment.experiment_id / run.info.run_id / "artifacts" / path
            assert np.array_equal(np.asarray(Image.open(stored)), PICTURE)


def test_wandb(folder: Path) -> None:
    first, second = sorted((folder / "wandb").glob("offline-run-*/*.wandb"))
    assert first.name == second.name  # the same W&B run, so that uploading both makes one
    histories: list[list[dict[str, Any]]] = []
    for path in (first, second):
        records = list(wandb_records(path))
        (opened,) = [record.run for record in records if record.WhichOneof("record_type") == "run"]
        assert (opened.project, opened.display_name) == ("pix2pix", "facades/2030-01-02_03-04-05")
        assert opened.run_id == json.loads((folder / "trackers.json").read_text())["wandb"]
        config = {each.key: json.loads(each.value_json) for record in records for each in record.config.update}
        assert config["optimizer"] == CONFIG["optimizer"]
        assert config["data"] == CONFIG["data"]
        axes = {each.metric.glob_name: each.metric.step_metric for each in records if each.HasField("metric")}
        assert axes["*"] == "images"
        histories.append(
            [
                {".".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
                for record in records
                if record.HasField("history")
            ]
        )
        (picture,) = path.parent.glob("files/media/images/samples_*.png")
        assert np.array_equal(np.asarray(Image.open(picture)), PICTURE)
    scalars = [{key: row[key] for key in row if "loss" in key or key == "images"} for row in histories[0]]
    assert scalars == [*({**LOSSES[images], "images": images} for images in (8, 16)), {"images": 16}]
    assert "one, two" in json.dumps(histories[0][-1])
    assert histories[1][0]["loss/generator"] == 0.875


@pytest.mark.parametrize("names", [["csv"], ["csv", "wandb"], ["mlflow", "tensorboard"]])
def test_several_compose(names: list[str], tmp_path: Path) -> None:
    from hydra import compose, initialize_config_dir

    (tmp_path / "main.yaml").write_text("defaults: [{logger: csv}]")
    with initialize_config_dir(str(tmp_path), version_base=None):
        config = compose(
            "main", overrides=[f"logger=[{','.join(names)}]", f"hydra.searchpath=[file://{ROOT / 'conf'}]"]
        )
    assert list(OmegaConf.to_container(config)["logger"]) == names  # type: ignore[index,call-overload]


def decoded(png: bytes, folder: Path) -> np.ndarray[Any, Any]:
    path = folder / "decoded.png"
    path.write_bytes(png)
    return np.asarray(Image.open(path))


def wandb_records(path: Path) -> Iterator[Any]:
    """The protobuf records of a .wandb file: a 7 byte head, then LevelDB's log format in blocks of 32 KiB."""
    from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined]

    block, content, place, pieces = 32768, path.read_bytes(), 7, b""
    while place + 7 <= len(content):
        if block - place % block < 7:  # a piece's head never crosses blocks
            place += block - place % block
            continue
        length, kind = int.from_bytes(content[place + 4 : place + 6], "little"), content[place + 6]
        pieces += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last of several
            record = Record()
            record.ParseFromString(pieces)
            pieces = b""
            yield record
