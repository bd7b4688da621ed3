"""Intervals by bootstrap against closed forms and against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pix2pix.metrics.bootstrap import interval, resampled_over_seeds, resampled_sums

Floats = NDArray[np.float64]
NORMAL = 1.959964  # the 97.5th percentile


def resampled_means(values: Floats, resamples: int = 1000) -> Floats:
    sums = resampled_sums(np.stack([values, np.ones_like(values)], axis=1), resamples)
    means: Floats = sums[:, 0] / sums[:, 1]
    return means


def test_a_normal_mean_has_the_interval_of_the_closed_form() -> None:
    values = np.random.default_rng(0).normal(5, 2, 2000)
    low, high = interval(resampled_means(values, 4000))
    half = NORMAL * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - half, abs=0.05 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.05 * half)


def test_a_ratio_of_sums_has_the_interval_that_scipy_gives() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(1)
    right, pixels = rng.gamma(2, 1, 60), rng.gamma(9, 1, 60)

    def ratio(first: Floats, second: Floats, axis: int) -> Floats:
        quotient: Floats = first.sum(axis=axis) / second.sum(axis=axis)
        return quotient

    sums = resampled_sums(np.stack([right, pixels], axis=1), 8000)
    expected = stats.bootstrap(
        (right, pixels), ratio, paired=True, vectorized=True, n_resamples=8000, method="percentile", rng=rng
    ).confidence_interval
    width = expected.high - expected.low
    assert interval(sums[:, 0] / sums[:, 1]) == pytest.approx((expected.low, expected.high), abs=0.04 * width)


def test_sums_are_those_of_pictures_drawn_with_replacement() -> None:
    sums = resampled_sums(np.eye(5), 200)  # a picture a column: how often it was drawn
    assert sums.shape == (200, 5)
    assert (sums.sum(axis=1) == 5).all()
    assert sums.mean() == 1
    assert set(np.unique(sums)) >= {0, 1, 2, 3}


def test_runs_on_the_same_pictures_are_resampled_alike() -> None:
    values = np.random.default_rng(2).normal(size=50)
    low, high = interval(resampled_means(values + 1) - resampled_means(values))
    assert low == pytest.approx(1)
    assert high == pytest.approx(1)


@pytest.mark.parametrize("seeds", [2, 3, 8])
def test_seeds_and_pictures_vary_as_two_crossed_factors_do(seeds: int) -> None:
    """The variance of a mean over S seeds and n pictures is s^2 / S + p^2 / n."""
    rng = np.random.default_rng(3)
    pictures, seed_spread, picture_spread = 40, 0.5, 2.0
    variances = []
    for trial in range(100):
        values = rng.normal(0, seed_spread, (seeds, 1)) + rng.normal(0, picture_spread, (1, pictures))
        of_seeds = np.stack([resampled_means(run, 200) for run in values])
        variances.append(resampled_over_seeds(of_seeds, seed=trial).var())
    expected = seed_spread**2 / seeds + picture_spread**2 / pictures
    assert np.mean(variances) == pytest.approx(expected, rel=0.2)


def test_values_that_are_none_are_left_out_of_an_interval() -> None:
    assert interval(np.array([np.nan, 1.0, 1.0])) == (1, 1)
    assert all(np.isnan(limit) for limit in interval(np.array([np.nan])))
    assert all(np.isnan(limit) for limit in interval(np.empty(0)))
