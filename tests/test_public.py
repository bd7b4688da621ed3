"""The package from Python: what it offers, what importing it costs, and a training that the commands take up."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.end_to_end.running_command import TINY

import pix2pix

SETTINGS = [*TINY, "schedule.epochs=2"]


def in_a_process(program: str, folder: Path) -> str:
    ran = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_importing_it_imports_neither_torch_nor_hydra(tmp_path: Path) -> None:
    said = in_a_process(
        "import pix2pix, sys; print(sorted({'torch', 'hydra', 'pydantic'} & set(sys.modules)))", tmp_path
    )
    assert said == "[]\n"
    said = in_a_process(
        "import sys; from pix2pix import Translator; print({'hydra', 'pydantic'} & set(sys.modules))", tmp_path
    )
    assert said == "set()\n"


@pytest.mark.parametrize("name", pix2pix.__all__)
def test_all_that_is_offered_is_there_and_says_what_it_is(name: str) -> None:
    found = getattr(pix2pix, name)
    assert name in dir(pix2pix)
    assert isinstance(found, str) or found.__doc__


def test_what_is_not_offered_is_told() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Pix2Pix'"):
        pix2pix.Pix2Pix  # noqa: B018


def test_a_training_from_python_is_that_of_the_command(tmp_path: Path) -> None:
    """To the bit; and the commands take what it leaves."""
    command = [sys.executable, "-m", "pix2pix.commands.train"]
    subprocess.run([*command, *SETTINGS, "hydra.run.dir=typed"], cwd=tmp_path, check=True)
    program = f"""
from pix2pix import train
done = train(*{SETTINGS}, folder="called")
assert done.scores["ssim"] > 0 and not done.again
again = train(folder="called", resume=True)
assert again.scores == done.scores and again.again
"""
    in_a_process(program, tmp_path)
    typed, called = (
        torch.load(tmp_path / name / "checkpoints" / "last.ckpt", weights_only=True) for name in ("typed", "called")
    )
    assert typed["state_dict"].keys() == called["state_dict"].keys()
    assert all(torch.equal(value, called["state_dict"][name]) for name, value in typed["state_dict"].items())
    for name in ("typed", "called"):
        subprocess.run([*command, f"resume={name}", "schedule.epochs=3"], cwd=tmp_path, check=True)
    typed, called = (
        torch.load(tmp_path / name / "checkpoints" / "last.ckpt", weights_only=True) for name in ("typed", "called")
    )
    assert called["images_seen"] == typed["images_seen"] > 0
    assert all(torch.equal(value, called["state_dict"][name]) for name, value in typed["state_dict"].items())
    translate = pix2pix.Translator.load(tmp_path / "called")
    assert translate(np.zeros((64, 64, 3), np.uint8)).shape == (64, 64, 3)


def test_a_mistake_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(pix2pix.ConfigError, match=r"schedule\.epochs: found 0, expected a number of at least 1"):
        pix2pix.train("schedule.epochs=0", folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_code_of_the_document_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With smaller networks and fewer epochs."""
    monkeypatch.chdir(tmp_path)
    document = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")
    smaller = {
        '"experiment=facades", "data.root=facades", "size=small"': ", ".join(map(repr, [*TINY, "schedule.epochs=1"])),
        "schedule.epochs=40": "schedule.epochs=2",
        "base_channels=64, depth=8": "base_channels=4, depth=3",
        "base_channels=64, receptive_field=70": "base_channels=4, receptive_field=7",
        "epochs=20": "epochs=1",
        "Trainer(max_epochs=1, ": 'Trainer(max_epochs=1, accelerator="cpu", logger=False, ',
    }
    for written, instead in smaller.items():
        assert written in document
        document = document.replace(written, instead)
    pairs = [(torch.zeros(2, 3, 16, 16), torch.ones(2, 3, 16, 16))] * 2
    loader = torch.utils.data.DataLoader(pairs, batch_size=None)  # type: ignore[var-annotated, arg-type]
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save("drawing.png")
    names: dict[str, Any] = {"loader": loader, "val_loader": loader, "labels": np.zeros((16, 16, 3), np.uint8)}
    for block in re.findall(r"```python\n(.*?)```", document, re.DOTALL):
        exec(block, names)
    assert Image.open("photo.png").size == (16, 16)
    assert names["photo"].shape == (16, 16, 3)
    assert names["run"].scores.keys() >= {"psnr", "ssim"}
