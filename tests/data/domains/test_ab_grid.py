"""The grid of colours: the cells that sRGB reaches, by scikit-image; and where the nearest classes are looked for."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree
from skimage.color import rgb2lab

from pix2pix.data.domains.ab_grid import REACH, SIDE, ab_candidates, ab_centres


def cells(rgb: np.ndarray) -> set[tuple[int, int]]:
    ab = rgb2lab(rgb / 255)[..., 1:].reshape(-1, 2)
    return {(int(a), int(b)) for a, b in np.unique(np.rint(ab / 10) * 10, axis=0)}


def test_the_cells_are_those_in_which_a_colour_of_srgb_lies() -> None:
    levels = np.arange(0, 256, dtype=np.uint8)
    first, second = np.meshgrid(levels, levels)
    faces = [
        np.stack([first, second, np.full_like(first, end)], axis=-1)[..., order]
        for end in (0, 255)
        for order in ([0, 1, 2], [0, 2, 1], [2, 0, 1])
    ]
    found = set().union(*map(cells, faces))
    assert {(int(a), int(b)) for a, b in ab_centres()} == found
    assert len(found) == 261
    inside = np.random.default_rng(0).integers(0, 256, (400, 500, 3), dtype=np.uint8)
    assert cells(inside) <= found


def test_the_classes_stand_in_order() -> None:
    centres = ab_centres()
    assert centres.dtype == np.float32
    assert centres.tolist() == sorted(centres.tolist())


def test_the_nearest_classes_are_among_the_candidates() -> None:
    limit = (REACH + 0.499) * SIDE
    colours = np.random.default_rng(0).uniform(-limit, limit, (20_000, 2))  # in gamut or not
    for neighbours in (1, 5):
        candidates = ab_candidates(neighbours)
        assert candidates.max() == len(ab_centres())  # which stands for none
        _, nearest = cKDTree(ab_centres()).query(colours, neighbours)
        cell = np.rint(colours / SIDE).astype(int) + REACH
        looked_at = candidates[cell[:, 0] * (2 * REACH + 1) + cell[:, 1]]
        assert (looked_at[:, :, None] == nearest.reshape(-1, 1, neighbours)).any(axis=1).all()
