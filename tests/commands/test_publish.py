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

from pix2pix.commands import evaluate
from pix2pix.commands.publish import main
from pix2pix.inference.exported.loading import is_exported
from pix2pix.inference.translator import Translator


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
    assert np.array_equal(Translator.load(folder)(picture, "a"), Translator.load(run)(picture, "a"))
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


def epoch(folder: Path, number: int) -> Path:
    return folder / "samples" / f"epoch_{number:04d}.png"


def red(model: Path) -> int:
    """The grid that was published, by its colour."""
    with Image.open(model / "samples.png") as picture:
        colour = picture.convert("RGB").getpixel((0, 0))
    assert isinstance(colour, tuple)
    return int(colour[0])


def test_samples_that_are_others_files_are_not_published(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, picture = tmp_path / "id_rsa", tmp_path / "private.png"
    key.write_bytes(b"-----BEGIN OPENSSH PRIVATE KEY-----")
    Image.new("RGB", (4, 4), (99, 0, 0)).save(picture)
    epoch(run, 9999).symlink_to(key)
    epoch(run, 9998).symlink_to(picture)
    os.mkfifo(epoch(run, 9997))
    epoch(run, 9996).write_bytes(key.read_bytes())
    assert main([str(run), "-o", str(tmp_path / "model")]) == 0
    assert red(tmp_path / "model") == 10
    printed = capsys.readouterr().out
    for number in range(9996, 10000):
        assert f"Left out: {epoch(run, number)}: " in printed
    for file in (tmp_path / "model").iterdir():
        assert b"PRIVATE KEY" not in file.read_bytes()


def test_a_link_in_place_of_all_samples(run: Path, tmp_path: Path) -> None:
    (run / "samples").rename(tmp_path / "pictures")
    (run / "samples").symlink_to("../pictures")
    assert main([str(run), "-o", str(tmp_path / "model")]) == 0
    assert not (tmp_path / "model" / "samples.png").exists()


def test_of_samples_pixels_alone_are_published(run: Path, tmp_path: Path) -> None:
    said = PngInfo()
    said.add_text("comment", "at home, by myself")
    Image.new("RGB", (4, 4), (11, 0, 0)).save(epoch(run, 11), pnginfo=said)
    with epoch(run, 11).open("ab") as file:
        file.write(b"at home, by myself")
    assert main([str(run), "-o", str(tmp_path / "model")]) == 0
    assert red(tmp_path / "model") == 11
    assert b"at home" not in (tmp_path / "model" / "samples.png").read_bytes()


def test_weights_that_lie_elsewhere_are_named_to_be_published(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "models" / "secret.ckpt"
    (tmp_path / "samples").mkdir()
    Image.new("RGB", (4, 4), (99, 0, 0)).save(epoch(tmp_path, 1))
    secret.parent.mkdir()
    (run / "checkpoints" / "last.ckpt").rename(secret)
    (run / "checkpoints" / "last.ckpt").symlink_to(secret)
    assert main([str(run), "-o", str(tmp_path / "model")]) == 2
    assert f"a link out of the run, to {secret}. " in capsys.readouterr().err
    assert main([str(secret), "-o", str(tmp_path / "model")]) == 0
    assert not (tmp_path / "model" / "samples.png").exists()  # it is no run's that is beside


@pytest.mark.parametrize(
    "table",
    [
        b"loss/l1,val/psnr\n1,2\n",
        b"images,val/psnr\n7,high\n",
        b"images,val/psnr\n7," + b"1" * 200_000 + b"\n",
        b"images,val/psnr\n\xff\n",
    ],
)
def test_a_damaged_table_is_told(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], table: bytes) -> None:
    (run / "metrics.csv").write_bytes(table)
    assert main([str(run), "-o", str(tmp_path / "model")]) == 2
    assert f"{run / 'metrics.csv'} is damaged" in capsys.readouterr().err


def test_a_count_of_pictures_beyond_all_bounds(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main([str(run), "--metrics", "psnr"]) == 0
    file = run / "evaluation" / "val" / "metrics.json"
    file.write_text(file.read_text().replace('"pictures": 2', '"pictures": 1e999'))
    assert main([str(run), "-o", str(tmp_path / "model")]) == 2
    assert f"{file} is damaged" in capsys.readouterr().err
