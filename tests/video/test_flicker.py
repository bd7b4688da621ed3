"""Flicker has known values for noise of known size and for motion alone; smoothing lowers it and leaves no trail."""

from __future__ import annotations

import numpy as np
import pytest
from tests.video.films import Picture

from pix2pix.video.flicker import flicker
from pix2pix.video.flow import optical_flow, warp
from pix2pix.video.smoothing import Smoothing

RNG = np.random.default_rng(0)
HEIGHT, WIDTH = 96, 128


def texture(height: int = HEIGHT, width: int = WIDTH) -> Picture:
    """Smooth blobs from 60 to 200, which optical flow can follow."""
    import cv2

    noise = cv2.GaussianBlur(RNG.normal(size=(height, width, 3)), (0, 0), 3)
    return np.asarray(130 + 70 * noise / np.abs(noise).max(), np.float64).round().astype(np.uint8)


def noisy(picture: Picture, sigma: float) -> Picture:
    return np.rint(picture + RNG.normal(0, sigma, picture.shape)).clip(0, 255).astype(np.uint8)


def moving(step: int = 3, count: int = 5) -> list[Picture]:
    """A camera that moves to the right by whole pixels."""
    wide = texture(width=WIDTH + step * count)
    return [np.ascontiguousarray(wide[:, step * index : step * index + WIDTH]) for index in range(count)]


def test_noise_on_a_still_film_is_measured_by_its_known_value() -> None:
    """The difference of two normal numbers of deviation s has a mean size of 2 s / √π."""
    still = texture()
    found = flicker([noisy(still, 5) for _ in range(6)], [still] * 6)
    assert found.real < 0.01  # of interpolation
    assert found.translated == pytest.approx(2 * 5 / np.sqrt(np.pi), rel=0.02)
    assert found.excess == found.translated - found.real
    assert found.frames == 5


def test_motion_alone_is_no_flicker() -> None:
    film = moving()
    inverted = [255 - frame for frame in film]
    found = flicker(inverted, film)
    assert abs(found.excess) < 0.01
    unmoved = np.abs(np.diff(np.array(film, int), axis=0)).mean()
    assert found.translated < 0.2 * unmoved  # the flow is found, so little change is left
    assert flicker([noisy(frame, 5) for frame in inverted], film).excess > 4


def test_a_frozen_translation_of_a_moving_film_flickers_and_a_cut_does_not_count() -> None:
    film = moving(count=4)
    assert flicker([film[0]] * 4, film).excess > 1
    cut = [*film, np.full_like(film[0], 250), *moving(count=2)]
    assert flicker(cut, cut).frames == 3 + 1


def test_films_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="sizes must agree"):
        flicker([texture()] * 2, [texture(64, 64)] * 2)
    with pytest.raises(ValueError, match="two frames"):
        flicker([texture()], [texture()])
    with pytest.raises(ValueError, match=r"shorter|longer"):
        flicker([texture()] * 3, [texture()] * 2)


def test_flow_says_where_a_pixel_was() -> None:
    before, now = moving()[:2]
    flow = optical_flow(before, now)
    assert np.median(flow[20:-20, 20:-20], axis=(0, 1)).tolist() == pytest.approx([3, 0], abs=0.2)
    moved, inside = warp(before, flow)
    assert np.abs(moved - now)[20:-20, 20:-20].mean() < 1
    assert not inside[:, -1].any()  # what came in at the right was nowhere


@pytest.mark.parametrize("film", [[texture()] * 12, moving(2, 12)], ids=["still", "moving"])
def test_smoothing_lowers_flicker(film: list[Picture]) -> None:
    """Of the change of white noise, smoothing by a constant w leaves (1 - w) / √(1 + w) once it has settled."""
    translated = [noisy(frame, 5) for frame in film]
    smooth = Smoothing(0.5)
    smoothed = [smooth(source, frame) for source, frame in zip(film, translated, strict=True)]
    before, after = flicker(translated, film), flicker(smoothed, film)
    assert after.excess < 0.7 * before.excess
    settled = flicker(smoothed[6:], film[6:])
    if film[0] is film[1]:
        assert settled.translated / before.translated == pytest.approx(0.5 / np.sqrt(1.5), rel=0.1)
    error = np.abs(np.array(smoothed[1:], int) - np.array(film[1:])).mean()
    assert error < np.abs(np.array(translated[1:], int) - np.array(film[1:])).mean()


def test_smoothing_of_0_changes_nothing_and_a_cut_stays_a_cut() -> None:
    film = [texture(), np.full_like(texture(), 250)]
    assert np.array_equal([Smoothing(0)(frame, frame) for frame in film], film)
    smooth = Smoothing(0.8)
    smooth(film[0], film[0])
    assert np.abs(smooth(film[1], film[1]).astype(int) - film[1]).mean() < 2


def test_what_changes_in_the_translation_alone_leaves_no_trail() -> None:
    source, other = texture(), texture()
    smooth = Smoothing(0.8)
    smooth(source, np.full_like(source, 30))
    assert np.abs(smooth(source, np.full_like(other, 220)).astype(int) - 220).max() <= 1
    with pytest.raises(ValueError, match="below 1"):
        Smoothing(1)
