"""Two pictures side by side are told from one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pix2pix.data.sources.scenes import DOMAINS, Scenes
from pix2pix.pictures.codecs import read_picture
from pix2pix.pictures.seams import has_seam

FACADES = Path(__file__).parents[3] / "shared" / "data" / "facades" / "val"


@pytest.mark.parametrize("task", DOMAINS)
def test_pairs_have_one_and_their_photos_have_none(task: str) -> None:
    scenes = Scenes("train", 12, (64, 64), task)
    pairs = [scenes[index] for index in range(12)]
    assert has_seam([np.concatenate([np.broadcast_to(p.source, (64, 64, 3)), p.target], axis=1) for p in pairs])
    photos = Scenes("train", 12, (64, 96))
    assert not has_seam([photos[index].target for index in range(12)])


def test_facades() -> None:
    if not FACADES.is_dir():
        pytest.skip(f"no pictures in {FACADES}")
    pairs = [read_picture(path) for path in sorted(FACADES.iterdir())]
    for few in (pairs[start : start + 16] for start in range(0, 96, 16)):
        assert has_seam(few)
        assert not has_seam([pair[:, :256] for pair in few])


def test_what_cannot_be_halved_has_none() -> None:
    assert not has_seam([np.zeros((8, 9, 3), np.uint8), np.zeros((8, 1, 3), np.uint8), np.zeros((8, 2, 3), np.uint8)])
