"""What a run folder and a checkpoint hold: found, read, refused, and a generator rebuilt from them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.stopped_run import train

from pix2pix.data.domains import domain_from_dict
from pix2pix.errors import ConfigError
from pix2pix.runs.run import (
    FORMAT,
    RECORD,
    build_generator,
    check_unused,
    checkpoint_of,
    generator_weights,
    read_checkpoint,
    write_score,
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run that keeps an average."""
    folder = tmp_path_factory.mktemp("run")
    settings = ("schedule.epochs=1", "training.average=0.5", "callbacks.checkpoints.slim=true")
    train(folder, *settings)
    return folder


def test_a_run_means_its_last_checkpoint_and_a_file_itself(run: Path) -> None:
    assert checkpoint_of(run) == run / "checkpoints" / "last.ckpt"
    assert checkpoint_of(str(run / "checkpoints" / "best_ssim.ckpt")) == run / "checkpoints" / "best_ssim.ckpt"


def test_a_folder_with_the_slim_file_alone_means_that(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    slim = tmp_path / "checkpoints" / "generator.ckpt"
    slim.touch()
    assert checkpoint_of(tmp_path) == slim


def test_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"is a folder without checkpoints/last\.ckpt"):
        checkpoint_of(tmp_path)
    with pytest.raises(FileNotFoundError, match="is neither a file nor a folder"):
        checkpoint_of(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read as a checkpoint"),
        ({"state_dict": {}}, "is a PyTorch file, but no checkpoint of pix2pix"),
        ([1, 2], "is a PyTorch file, but no checkpoint of pix2pix"),
        ({RECORD: {"format": FORMAT + 1}}, f"has format {FORMAT + 1}, and this version reads up to {FORMAT}"),
    ],
)
def test_files_that_are_none_of_ours(tmp_path: Path, content: Any, message: str) -> None:
    file = tmp_path / "model.ckpt"
    if content is None:
        file.write_bytes(b"no checkpoint at all")
    else:
        torch.save(content, file)
    with pytest.raises(ValueError, match=message):
        read_checkpoint(file)


@pytest.mark.parametrize("name", ["last", "generator"])
def test_the_generator_is_rebuilt_from_either_file(run: Path, name: str) -> None:
    content = read_checkpoint(run / "checkpoints" / f"{name}.ckpt")
    generator = build_generator(content[RECORD])
    generator.load_state_dict(generator_weights(content))
    with torch.no_grad():
        channels = domain_from_dict(content[RECORD]["source_domain"]).channels
        translated = generator.eval()(torch.zeros(1, channels, 16, 16))
    assert translated.shape == (1, 3, 16, 16)


def test_people_translate_with_the_average(run: Path) -> None:
    content = read_checkpoint(run)
    weights, states = generator_weights(content), content["state_dict"]
    assert all(torch.equal(value, states[f"average.{name}"]) for name, value in weights.items())
    assert any(not torch.equal(value, states[f"generator.{name}"]) for name, value in weights.items())


def test_without_an_average_with_the_generator() -> None:
    states = {"generator.a": torch.ones(1), "discriminator.a": torch.zeros(1)}
    assert generator_weights({"state_dict": states}) == {"a": torch.ones(1)}


def test_what_a_file_names_is_not_called(run: Path) -> None:
    record = read_checkpoint(run)[RECORD]
    evil = {**record, "settings": {"generator": {"_target_": "os.system", "command": "true"}}}
    with pytest.raises(ValueError, match=r"the checkpoint's generator is 'os\.system', which is not one of"):
        build_generator(evil)


def flipped(path: Path) -> Path:
    """With a bit of the last member's content turned over."""
    data = bytearray(path.read_bytes())
    data[data.rfind(b"PK\1\2") // 2] ^= 1
    path.write_bytes(data)
    return path


def emptied(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def overwritten(path: Path) -> Path:
    """Its first block is zeros, as after a power cut: not even an archive any more."""
    path.write_bytes(bytes(512) + path.read_bytes()[512:])
    return path


@pytest.mark.parametrize(
    ("damaged", "said"),
    [(flipped, "it is damaged"), (emptied, "it is empty"), (overwritten, "it is none, was cut off")],
)
def test_a_damaged_checkpoint_offers_the_others(
    run: Path, tmp_path: Path, damaged: Callable[[Path], Path], said: str
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    checkpoints = copy / "checkpoints"
    last, best = damaged(checkpoints / "last.ckpt"), checkpoints / "best_ssim.ckpt"
    torch.save(torch.zeros(3), checkpoints / "of_another_program.ckpt")
    (checkpoints / "gone.ckpt").symlink_to(tmp_path / "gone")
    with pytest.raises(ValueError, match=rf"^{last} cannot be read as a checkpoint: {said}") as raised:
        read_checkpoint(copy)
    said = str(raised.value)
    assert str(best) in said
    assert "Any of them can be typed in its place. To train on" in said
    assert f"To train on from one: cp {best} {last}, then resume" in said
    assert "of_another_program" not in said
    flipped(best)
    with pytest.raises(ValueError) as raised:  # what is damaged too is not offered
        read_checkpoint(copy)
    assert "best_ssim" not in str(raised.value)
    assert "generator.ckpt" in str(raised.value)
    assert "To train on" not in str(raised.value)
    flipped(checkpoints / "generator.ckpt")
    with pytest.raises(ValueError, match=r"[^.]$") as raised:  # whoever tells it ends the sentence
        read_checkpoint(copy)
    assert "Whole are" not in str(raised.value)


def test_a_state_dict_of_the_usual_code_says_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "latest_net_G.pth"
    for legacy in (False, True):  # as PyTorch wrote files before 1.6
        states = {"model.model.0.weight": torch.zeros(8, 3, 4, 4)}
        torch.save(states, file, _use_new_zipfile_serialization=not legacy)
        with pytest.raises(ValueError, match=f"it is a state dict.*: pix2pix import {file} -o RUN$"):
            read_checkpoint(file)


def test_a_used_folder(run: Path, tmp_path: Path) -> None:
    check_unused(tmp_path)
    with pytest.raises(ConfigError, match=r"checkpoints/last\.ckpt, samples"):
        check_unused(run)


def test_what_is_advised_for_a_used_folder_is_what_it_allows(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").touch()
    with pytest.raises(ConfigError, match=r"holds metrics\.csv of a run, and no .*\. For a new run type another hydra"):
        check_unused(tmp_path)
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "config.yaml").touch()
    with pytest.raises(
        ConfigError, match=r"To continue it, from its beginning since it has no checkpoint yet: pix2pix"
    ):
        check_unused(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "best_ssim.ckpt").touch()
    with pytest.raises(ConfigError, match=r"already\. To continue it: pix2pix train resume=\S+\. For a new run type"):
        check_unused(tmp_path)


def test_the_score_is_read_back(tmp_path: Path) -> None:
    write_score(tmp_path, ["seed=1"], {"ssim": 0.5}, 20, 1.23456)
    assert json.loads((tmp_path / "score.json").read_text()) == {
        "overrides": ["seed=1"],
        "scores": {"ssim": 0.5},
        "images": 20,
        "minutes": 1.235,
    }
    assert [path.name for path in tmp_path.iterdir()] == ["score.json"]
    write_score(tmp_path, [], {"ssim": 0.5}, 20, 1.23456, pictures=8)
    assert json.loads((tmp_path / "score.json").read_text())["pictures"] == 8
