"""Seams are found where they are, and only there."""

import numpy as np
import pytest

from pix2pix.inference.tiles import seams


def test_a_known_seam() -> None:
    ramp = np.tile(np.arange(64.0), (48, 1))[:, :, None].repeat(2, axis=2)  # steps of 1 along the width
    ramp[:, 32:] += 9
    found = seams(ramp, [], [32])
    assert (found.mean, found.largest) == (10, 10)
    assert found.largest_inside == 1
    assert found.mean_inside == pytest.approx(62 / (62 + 47))  # rows have no steps
    assert found.ratio == pytest.approx(10 * 109 / 62)


def test_no_seam_in_noise() -> None:
    noise = np.random.default_rng(0).normal(size=(256, 256, 3))
    found = seams(noise, [64, 128], [128])
    assert found.ratio == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("border", [0, 8])
def test_borders_must_lie_inside(border: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to 7"):
        seams(np.zeros((8, 8, 1)), [border], [])
    with pytest.raises(ValueError, match="no border"):
        seams(np.zeros((8, 8, 1)), [], [])
