"""A scientist's pairs, from files of two kinds to files in the target's unit that another library reads.

The pictures are 200 × 264 pixels: the sources TIFFs of 3 channels of 16 bits, the targets arrays of 1 channel of
float32 in kelvin, with pixels where nothing was measured.
"""

from __future__ import annotations

import csv
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from pix2pix.commands.data import main as data_tool
from pix2pix.inference.translator import Translator
from pix2pix.pictures.codecs import write_picture

HEIGHT, WIDTH = 200, 264
NODATA = np.float32(-9999)
COUNTS = {"train": 5, "val": 3}

Source = NDArray[np.uint16]  # (H, W, 3)
Target = NDArray[np.float32]  # (H, W)


class Study(NamedTuple):
    """What was made, what was typed, what came out."""

    sources: dict[str, Source]  # of the validation
    targets: dict[str, Target]
    limits: tuple[float, float]  # K, of all that was measured in the training pairs
    suggested: str  # by `pix2pix data check`
    printed: str
    run: Path


def scene(number: int) -> tuple[Source, Target]:
    """Two warm spots on a slope; the three bands see them differently, and a strip of the target was not measured."""
    rng = np.random.default_rng(number)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    kelvin = 270 + 10 * rows / HEIGHT
    for _ in range(2):
        y, x = rng.uniform(0, HEIGHT), rng.uniform(0, WIDTH)
        kelvin += rng.uniform(10, 40) * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 1500)
    bands = np.stack([kelvin * 150, kelvin * 80 + rng.normal(0, 300, kelvin.shape), 65535 - kelvin * 100], axis=2)
    kelvin = kelvin.astype(np.float32)
    kelvin[:, rng.integers(0, 60) : rng.integers(61, 90)] = NODATA
    return bands.clip(0, 65535).astype(np.uint16), kelvin


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Made, checked and trained through the real commands."""
    here = tmp_path_factory.mktemp("study")
    made: dict[str, dict[str, tuple[Source, Target]]] = {}
    for offset, (split, count) in enumerate(COUNTS.items()):
        made[split] = {f"plot_{number}": scene(100 * offset + number) for number in range(count)}
        for side in ("bands", "kelvin"):
            (here / "field" / side / split).mkdir(parents=True)
        for name, (source, target) in made[split].items():
            tifffile.imwrite(here / "field" / "bands" / split / f"{name}.tif", source, photometric="rgb")
            np.save(here / "field" / "kelvin" / split / f"{name}.npy", target)
    folders = ["--source-folder", "bands/{split}", "--target-folder", "kelvin/{split}"]
    checked = subprocess.run(
        [sys.executable, "-m", "pix2pix.commands.data", "check", "field", *folders],
        capture_output=True,
        text=True,
        cwd=here,
        check=True,
    )
    suggested = checked.stdout.splitlines()[-1]
    words = shlex.split(suggested)[1:]
    (stated,) = (word for word in words if word.startswith("data.target="))
    words[words.index(stated)] = stated.replace("}", ",unit:K}")
    small = "size=tiny generator.base_channels=8 schedule.epochs=2 trainer=cpu trainer.precision=32-true"
    ran = subprocess.run(
        [Path(sys.executable).with_name("pix2pix"), *words, *small.split(), "hydra.run.dir=run"],
        capture_output=True,
        text=True,
        cwd=here,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    measured = np.concatenate([target[target != NODATA] for _, target in made["train"].values()])
    return Study(
        {name: source for name, (source, _) in made["val"].items()},
        {name: target for name, (_, target) in made["val"].items()},
        (float(measured.min()), float(measured.max())),
        suggested,
        ran.stdout,
        here / "run",
    )


def rows_of(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_check_suggests_what_the_numbers_mean(study: Study) -> None:
    words = shlex.split(study.suggested)
    assert "data.source={kind:rgb,bits:16}" in words
    assert "data.target={kind:raw,nodata:-9999.0}" in words
    assert f"data.size=[{HEIGHT},{WIDTH}]" in words


def test_the_range_is_that_of_what_was_measured(study: Study) -> None:
    target = Translator.load(study.run).target.to_dict()
    assert target["unit"] == "K"
    assert target["range"] == [list(study.limits)]
    assert study.limits[0] > 260  # so no pixel without measurement was counted


def test_translations_come_in_the_targets_own_values(study: Study) -> None:
    translator = Translator.load(study.run)
    for name, source in study.sources.items():
        translated = translator(source, name)
        assert translated.shape == (HEIGHT, WIDTH, 1)
        assert translated.dtype == np.float32
        assert study.limits[0] <= translated.min() < translated.max() <= study.limits[1]
        np.testing.assert_array_equal(translator(source, name), translated)


def test_the_score_is_the_rmse_in_kelvin_over_measured_pixels(study: Study) -> None:
    """The figure in metrics.csv against one computed here from the files, the stored values, and the mask."""
    translator = Translator.load(study.run)
    errors, wrong = [], []
    for name, source in study.sources.items():
        difference = translator(source, name)[:, :, 0].astype(np.float64) - study.targets[name]
        measured = study.targets[name] != NODATA
        errors.append(np.sqrt((difference[measured] ** 2).mean()))
        wrong.append(np.sqrt((difference**2).mean()))
    (*_, logged) = (float(row["val/rmse"]) for row in rows_of(study.run) if row.get("val/rmse"))
    assert logged == pytest.approx(np.mean(errors), rel=1e-5)
    assert np.mean(wrong) > 100 * logged
    assert json.loads((study.run / "score.json").read_text())["scores"]["rmse"] == logged
    assert f"rmse {logged:.4g}" in study.printed


def test_another_library_reads_what_is_written(study: Study, tmp_path: Path) -> None:
    translator = Translator.load(study.run)
    for name, source in study.sources.items():
        translated = translator(source, name)
        write_picture(tmp_path / f"{name}.tif", translated, unit=translator.target.unit)
        with Image.open(tmp_path / f"{name}.tif") as image:
            assert image.mode == "F"
            assert image.size == (WIDTH, HEIGHT)
            np.testing.assert_array_equal(np.asarray(image), translated[:, :, 0])
        with tifffile.TiffFile(tmp_path / f"{name}.tif") as tiff:
            assert tiff.shaped_metadata is not None
            assert tiff.shaped_metadata[0]["unit"] == "K"


def test_checkpoint_slim_file_and_folder_translate_alike(study: Study, tmp_path: Path) -> None:
    from pix2pix.runs.run import write_slim

    last = study.run / "checkpoints" / "last.ckpt"
    write_slim(last, tmp_path / "generator.ckpt")
    name, source = next(iter(study.sources.items()))
    expected = Translator.load(study.run)(source, name)
    for path in (last, tmp_path / "generator.ckpt"):
        np.testing.assert_array_equal(Translator.load(path)(source, name), expected)


def test_a_picture_of_another_kind_is_refused(study: Study) -> None:
    translator = Translator.load(study.run)
    with pytest.raises(ValueError, match="a plot: holds uint8; the domain rgb expects uint16"):
        translator(np.zeros((HEIGHT, WIDTH, 3), np.uint8), "a plot")


def test_another_size_and_other_folders_of_files(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    """A picture of no size that the training had is translated at its own size; --help of the tool names the flags."""
    source = next(iter(study.sources.values()))[:101, :77]
    assert Translator.load(study.run)(source).shape == (101, 77, 1)
    with pytest.raises(SystemExit):
        data_tool(["check", "--help"])
    assert "--source-folder" in capsys.readouterr().out
