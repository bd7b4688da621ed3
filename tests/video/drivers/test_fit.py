"""Fitting a driver's landmarks: similarity against scikit-image, the usual shapes exactly, movement kept."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.transform import SimilarityTransform

from pix2pix.video.drivers.faces import Points
from pix2pix.video.drivers.fit import Fit, mirrored, similarity, usual_shape

RNG = np.random.default_rng(0)
FACE: Points = RNG.normal(size=(68, 2)) * [30, 40] + [100, 80]


def turned(points: Points, degrees: float, scale: float, shift: tuple[float, float]) -> Points:
    angle = np.deg2rad(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved: Points = points @ turn.T + shift
    return moved


def test_similarity_is_that_of_another_library() -> None:
    target = turned(FACE, 20, 1.7, (5, -9)) + RNG.normal(size=FACE.shape)
    expected = SimilarityTransform.from_estimate(FACE, target)
    found = similarity(FACE, target)
    assert found.linear == pytest.approx(expected.params[:2, :2])
    assert found.shift == pytest.approx(expected.params[:2, 2])
    assert found(FACE) == pytest.approx(expected(FACE))


def test_a_driver_of_the_same_face_comes_out_as_it_is_whatever_its_film() -> None:
    """Filmed larger, tilted and elsewhere, it makes the same movements in the target's place."""
    movements = [FACE + RNG.normal(size=FACE.shape) for _ in range(5)]
    filmed = [turned(points, 15, 2.5, (40, 60)) for points in movements]
    fit = Fit(turned(FACE, 15, 2.5, (40, 60)), FACE)
    for seen, points in zip(filmed, movements, strict=True):
        assert fit(seen) == pytest.approx(points, abs=0.2)


def test_the_usual_shape_becomes_the_targets_and_an_open_mouth_opens_it() -> None:
    target = FACE * [1.2, 0.9] + [10, 10]  # a broader face
    fit = Fit(FACE, target)
    assert fit(FACE) == pytest.approx(target)
    opened = FACE.copy()
    opened[57, 1] += 5
    moved = fit(opened) - target
    assert moved[57, 1] == pytest.approx(5 * np.linalg.norm(similarity(FACE, target).linear[0]), rel=0.05)
    nodded = fit(turned(FACE, 10, 1, (0, 0)))
    assert nodded == pytest.approx(similarity(target, nodded)(target), abs=1e-9)  # the target's face, turned


def test_usual_shape_is_not_made_smaller_by_a_head_that_moves_and_forgets_mistakes() -> None:
    faces = [turned(FACE, *move) for move in ((0, 1, (0, 0)), (20, 1, (50, 0)), (-20, 1, (-50, 0)))]
    usual = usual_shape([*faces, *faces, FACE, RNG.normal(size=FACE.shape) * 200])
    assert usual.std() == pytest.approx(FACE.std(), rel=0.05)
    assert usual == pytest.approx(similarity(FACE, usual)(FACE), abs=1)


def test_mirroring_twice_changes_nothing_and_swaps_left_and_right() -> None:
    assert mirrored(mirrored(FACE, 176), 176) == pytest.approx(FACE)
    once = mirrored(FACE, 176)
    for here, there in ((0, 16), (8, 8), (17, 26), (27, 27), (36, 45), (41, 46), (48, 54), (57, 57), (60, 64)):
        assert once[here].tolist() == pytest.approx([175 - FACE[there, 0], FACE[there, 1]])
