"""The command `pix2pix publish`: a folder that loads, a card of the run's own facts, and no path of the machine."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tests.evaluation.untrained_runs import pairs_folder, untrained

from pix2pix import evaluate
from pix2pix.exchange.loading import is_exported, load_exported
from pix2pix.inference.translator import Translator
from pix2pix.publish import main


@pytest.fixture
def run(tmp_path: Path) -> Path:
    pairs = pairs_folder(tmp_path / "private pairs", train=1, val=2)
    folder = untrained(tmp_path / "run", "data=side_by_side", f"data.root='{pairs}'", images=7)
    (folder / "samples").mkdir()
    for epoch in (9, 10):
        Image.new("RGB", (4, 4), (epoch, 0, 0)).save(folder / "samples" / f"epoch_{epoch:04d}.png")
    (folder / "metrics.csv").write_text("images,loss/l1,val/psnr\n3,1,2\n7,1,\n7,,12.5\n")
    return folder


def test_the_folder(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "facades-model"
    assert main([str(run), "-o", str(folder)]) == 0
    assert "FILL IN" in capsys.readouterr().out
    names = sorted(file.name for file in folder.iterdir())
    assert names == ["README.md", "config.json", "model.safetensors", "samples.png"]
    picture = np.random.default_rng(1).integers(0, 255, (19, 26, 3), dtype=np.uint8)
    assert is_exported(folder)
    assert np.array_equal(load_exported(folder)(picture, "a"), Translator.load(run)(picture, "a"))
    with Image.open(folder / "samples.png") as samples:
        assert samples.getpixel((0, 0)) == (10, 0, 0)
    assert json.loads((folder / "config.json").read_text())["images_seen"] == 7
    for file in folder.iterdir():
        assert b"private pairs" not in file.read_bytes()


def test_the_card(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "facades-model"
    assert main([str(run), "-o", str(folder)]) == 0
    card = (folder / "README.md").read_text()
    assert card.startswith("---\nlicense: other # FILL IN\n")
    for fact in (
        "# facades-model",
        "| source | rgb of 8 bits |",
        "| generator | UNet: base_channels 4, depth 3, norm batch",
        "| images seen | 7 |",
        "| objective | adversarial vanilla, conditional True, adversarial_weight 1, l1_weight 100 |",
        "dropout on, seeded by the picture's name; batch norm by the statistics of the picture itself",
        "in the last validation of the training",
        "| psnr | 12.5 |",
        "(samples.png)",
    ):
        assert fact in card


def test_scores_of_an_evaluation_come_first(run: Path, tmp_path: Path) -> None:
    assert evaluate.main([str(run), "--metrics", "psnr"]) == 0
    assert main([str(run), "-o", str(tmp_path / "model")]) == 0
    assert "On 2 pictures of val, by pix2pix evaluate:" in (tmp_path / "model" / "README.md").read_text()


def test_what_is_there_is_left_alone(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model").mkdir()
    assert main([str(run), "-o", str(tmp_path / "model")]) == 2
    assert "exists already" in capsys.readouterr().err
    assert main([str(tmp_path / "nothing"), "-o", str(tmp_path / "other")]) == 2
    assert "neither a file nor a folder" in capsys.readouterr().err


def test_samples_are_pixels_of_the_run_alone(run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not a file that a link leads to, not a pipe, no text within a file; instead the one before."""
    private = tmp_path / "private.png"
    Image.new("RGB", (4, 4), (99, 0, 0)).save(private)
    samples = run / "samples"
    told = PngInfo()
    told.add_text("where", "private pairs")
    Image.new("RGB", (4, 4), (10, 0, 0)).save(samples / "epoch_0010.png", pnginfo=told)
    (samples / "epoch_0011.png").symlink_to(private)
    os.mkfifo(samples / "epoch_0012.png")
    (samples / "epoch_0013.png").write_bytes(b"no picture")
    assert main([str(run), "-o", str(tmp_path / "model")]) == 0
    with Image.open(tmp_path / "model" / "samples.png") as picture:
        assert picture.getpixel((0, 0)) == (10, 0, 0)
        assert picture.info == {}
    assert [f"epoch_{epoch:04d}.png is not published" in caplog.text for epoch in (10, 11, 12, 13)] == [
        *(False, True, True, True)
    ]
    samples.rename(tmp_path / "elsewhere")
    samples.symlink_to(tmp_path / "elsewhere")
    assert main([str(run), "-o", str(tmp_path / "other")]) == 0
    assert not (tmp_path / "other" / "samples.png").exists()
