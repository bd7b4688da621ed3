"""95 % intervals by bootstrap, of any score that is a function of a sum over pictures. Numpy alone.

A mean over pictures is such a score, of the sum of (value, 1); so is every `metrics.additive.SetMetric`. Pictures are
resampled with replacement, and all sums come from a matrix product. The resamples depend on the seed and the number of
pictures alone: scores of several runs on the same pictures are resampled alike, so their differences are paired.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95
RESAMPLES = 1000
TOGETHER = 50  # resamples a matrix product


def resampled_sums(contributions: Floats, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """The sums over pictures drawn with replacement, as many as there are.

    Args:
        contributions: (pictures, K), what each picture adds.

    Returns:
        (resamples, K).
    """
    pictures = len(contributions)
    rng = np.random.default_rng(seed)
    sums = np.empty((resamples, contributions.shape[1]))
    for start in range(0, resamples, TOGETHER):
        part = sums[start : start + TOGETHER]
        drawn = [np.bincount(rng.integers(pictures, size=pictures), minlength=pictures) for _ in part]
        part[:] = np.array(drawn, np.float64) @ contributions
    return sums


def resampled_over_seeds(resampled: Floats, seed: int) -> Floats:
    """The mean over seeds drawn with replacement, for each resample of the pictures.

    Seeds and pictures are crossed: every run translates the same pictures. So both are drawn, and a resample of the
    pictures holds for all runs (Owen 2007, "The pigeonhole bootstrap", Ann. Appl. Stat. 1). Means of S drawn seeds vary
    by (S - 1) / S of the variance that the mean of S seeds has, which matters for the two or three there often are, so
    the deviations are made larger by the root of its inverse.

    Args:
        resampled: (runs, resamples), a row a run, resampled over the same pictures; two runs or more.
        seed: of the drawing; another one for each method that is compared, since their seeds are not the same.

    Returns:
        (resamples,).
    """
    runs, resamples = resampled.shape
    drawn = np.random.default_rng([seed, runs]).integers(runs, size=(resamples, runs))
    of_all: Floats = resampled.mean(axis=0)
    of_drawn: Floats = np.take_along_axis(resampled.T, drawn, axis=1).mean(axis=1)
    means: Floats = of_all + (of_drawn - of_all) * np.sqrt(runs / (runs - 1))
    return means


def interval(resampled: Floats) -> tuple[float, float]:
    """The percentiles between which LEVEL of the resampled values lie; NaN where a score had none."""
    known = resampled[np.isfinite(resampled)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
