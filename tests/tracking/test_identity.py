"""Which run of a tracker's server belongs to a folder, and what is said of a file that does not tell."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pix2pix.tracking.identity import FILE, keep_id, known_id


def test_ids_are_kept(tmp_path: Path) -> None:
    assert known_id(tmp_path, "wandb") is None
    keep_id(tmp_path, "wandb", "a-1")
    keep_id(tmp_path, "mlflow", "b_2")
    assert (known_id(tmp_path, "wandb"), known_id(tmp_path, "mlflow")) == ("a-1", "b_2")


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    with pytest.raises(ValueError, match="is damaged: delete it"):
        known_id(tmp_path, "wandb")
