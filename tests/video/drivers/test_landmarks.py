"""Landmarks of a real film: found, drawn, and fitted from a mirrored and rescaled film back to where they were."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.video.films import CARPHONE, Picture, pictures

from pix2pix.video.drivers.drawings import Drawings
from pix2pix.video.drivers.faces import Points
from pix2pix.video.drivers.fit import usual_shape
from pix2pix.video.drivers.landmarks import PARTS, Landmarks, draw, shape_from
from pix2pix.video.errors import FilmError

SIZE = (144, 176)
real_film = pytest.mark.skipif(not CARPHONE.is_file(), reason=f"needs {CARPHONE}")


@pytest.fixture(scope="module")
def frames() -> list[Picture]:
    return pictures(CARPHONE)[:60:4]


@pytest.fixture(scope="module")
def found(frames: list[Picture]) -> list[Points]:
    finder = Landmarks()
    points = [finder.find(frame) for frame in frames]
    return [each for each in points if each is not None]


def rescaled(frame: Picture, *, mirror: bool) -> Picture:
    """Another film: one and a half times as large, on a larger sheet, elsewhere, mirrored if wanted."""
    large = np.asarray(cv2.resize(frame[:, ::-1] if mirror else frame, None, fx=1.5, fy=1.5), np.uint8)
    return np.pad(large, ((40, 0), (10, 90), (0, 0)), mode="edge")


def placed_by(driver: Landmarks, film: list[Picture]) -> list[Points]:
    """Where the driver draws each frame's landmarks, once it has studied the film."""
    driver.study(film)
    height, width = film[0].shape[:2]
    found = [points for frame in film if (points := driver.find(frame)) is not None]
    return [driver.place(points, (height, width), SIZE) for points in found]


def distances(driver: Landmarks, film: list[Picture], asked: list[Points]) -> float:
    """Mean distance in pixels between where the driver's landmarks are drawn and those of the original."""
    placed = placed_by(driver, film)
    assert len(placed) == len(asked)
    return float(np.linalg.norm(np.array(placed) - np.array(asked), axis=2).mean())


@real_film
def test_a_face_is_found_in_every_frame_and_drawn(frames: list[Picture], found: list[Points]) -> None:
    assert len(found) == len(frames)
    driver = Landmarks()
    drawing = driver(frames[0], SIZE)
    assert drawing is not None
    assert drawing.shape == (*SIZE, 3)
    box = np.argwhere(drawing.any(axis=2))
    assert np.abs(box.max(axis=0)[::-1] - found[0].max(axis=0)).max() < 3
    twice = driver(frames[0], (288, 352))
    assert twice is not None
    assert np.abs(np.argwhere(twice.any(axis=2)).mean(axis=0) - 2 * box.mean(axis=0)).max() < 2


@real_film
def test_a_rescaled_film_drives_the_face_to_where_it_was(frames: list[Picture], found: list[Points]) -> None:
    """Measured: 0.6 pixels of 176 x 144; landmarks of a film that is only rescaled differ by as much."""
    film = [rescaled(frame, mirror=False) for frame in frames]
    assert distances(Landmarks(usual_shape(found)), film, found) < 1.2


@real_film
def test_so_does_a_mirrored_one_seen_as_in_a_mirror(frames: list[Picture], found: list[Points]) -> None:
    film = [rescaled(frame, mirror=True) for frame in frames]
    assert distances(Landmarks(usual_shape(found), mirror=True), film, found) < 1.5


@real_film
def test_a_mirrored_film_as_it_is_keeps_the_targets_face(frames: list[Picture], found: list[Points]) -> None:
    """Movements then go the other way, but position, size and proportions are the target's."""
    film = [rescaled(frame, mirror=True) for frame in frames]
    driver = Landmarks(usual_shape(found))
    placed = placed_by(driver, film)
    assert np.abs(usual_shape(placed) - usual_shape(found)).mean() < 1


@real_film
def test_geometry_is_the_usual_shape(frames: list[Picture], found: list[Points]) -> None:
    driver = Landmarks()
    for frame in frames:
        driver(frame, SIZE)
    assert shape_from(driver.geometry()) == pytest.approx(usual_shape(found), abs=1e-3)


def test_a_frame_without_a_face_is_held_skipped_or_an_error() -> None:
    class Sometimes(Landmarks):
        def __init__(self) -> None:
            self._faces = iter([False, True, False, True])

        def __call__(self, frame: Picture, size: tuple[int, int]) -> Picture | None:
            return frame if next(self._faces) else None

    film = [np.full((8, 8, 3), index, np.uint8) for index in range(4)]

    def shown(drawings: Drawings) -> list[int | None]:
        drawn = [drawings(frame, "film.mp4, frame 1") for frame in film]
        return [None if each is None else int(each[0, 0, 0]) for each in drawn]

    hold, skip = Drawings(Sometimes(), (8, 8), "hold"), Drawings(Sometimes(), (8, 8), "skip")
    assert shown(hold) == [None, 1, 1, 3]
    assert (hold.found, hold.held, hold.skipped) == (2, 1, 1)
    assert shown(skip) == [None, 1, None, 3]
    assert (skip.found, skip.held, skip.skipped) == (2, 0, 2)
    with pytest.raises(FilmError, match=r"film\.mp4, frame 1: the driver landmarks finds nothing"):
        shown(Drawings(Sometimes(), (8, 8), "error"))


def test_a_flat_film_has_no_face() -> None:
    driver = Landmarks(np.random.default_rng(0).normal(size=(68, 2)))
    assert driver(np.full((*SIZE, 3), 128, np.uint8), SIZE) is None
    with pytest.raises(FilmError, match="only 0 faces"):
        driver.study([np.full((*SIZE, 3), 128, np.uint8)])
    with pytest.raises(FilmError, match="only 0 faces"):
        driver.geometry()


def test_parts_have_all_points_once_and_lines_go_through_them() -> None:
    points = [point for part, _, _ in PARTS for point in part]
    assert points == list(range(68))
    spread = np.stack(np.meshgrid(np.arange(10, 100, 10), np.arange(10, 90, 10)), axis=-1).reshape(-1, 2)[:68]
    sheet = draw(spread.astype(float), (100, 110))
    for part, _, colour in PARTS:
        for x, y in spread[part.start : part.stop]:
            assert sheet[y, x].any(), (part, colour)
    assert not draw(spread.astype(float) + 1e6, (100, 110)).any()


def test_a_geometry_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FilmError, match="expected 68 points"):
        shape_from({"usual_shape": [[1, 2]]})
