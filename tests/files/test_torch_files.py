"""Files of torch.save: what is read, and what is said of those that cannot be."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from pix2pix.files.torch_files import read_torch


@pytest.mark.parametrize("mmap", [True, False])
def test_tensors_and_plain_values_come_back(tmp_path: Path, mmap: bool) -> None:
    told = {"size": [2, 3], "name": "é", "none": None}
    content: dict[str, Any] = {"weights": torch.arange(6.0).view(2, 3), "told": told}
    torch.save(content, tmp_path / "a.ckpt")
    found = read_torch(tmp_path / "a.ckpt", "a checkpoint", mmap=mmap)
    assert torch.equal(found.pop("weights"), content.pop("weights"))
    assert found == content


class Trap:
    """A pickle that would write a file where it is trusted."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.file), "w")


@pytest.mark.parametrize("kind", ["text", "cut", "trap", "pickle"])
def test_a_file_that_is_none_of_these(tmp_path: Path, kind: str) -> None:
    file, sprung = tmp_path / "a.ckpt", tmp_path / "sprung"
    if kind == "text":
        file.write_text("hello")
    elif kind == "pickle":
        file.write_bytes(pickle.dumps(Trap(sprung), protocol=2))
    else:
        torch.save({"weights": torch.ones(1000), "more": Trap(sprung) if kind == "trap" else 0}, file)
    if kind == "cut":
        file.write_bytes(file.read_bytes()[:1000])
    said = "it is damaged or was cut off" if kind == "cut" else "it is none, was cut off"
    with pytest.raises(ValueError, match=rf"a\.ckpt cannot be read as a judge: {said}") as raised:
        read_torch(file, "a judge")
    assert "weights_only" not in str(raised.value)
    assert not sprung.exists()


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="as a judge: No such file or directory"):
        read_torch(tmp_path / "a.ckpt", "a judge")
    with pytest.raises(ValueError, match="as a judge: Is a directory"):
        read_torch(tmp_path, "a judge")


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.ckpt")
    with pytest.raises(ValueError, match="cannot be read as a checkpoint: it is no file"):
        read_torch(tmp_path / "model.ckpt", "a checkpoint")
