"""Scores with intervals from what each picture contributed: of a run, of several seeds, and of a difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from pix2pix.metrics.bootstrap import Floats, interval, resampled_over_seeds, resampled_sums

Better = Literal["higher", "lower"]
REAL = "real_"  # before the names of the scores that real pictures have


@dataclass(frozen=True)
class Score:
    """A value and what it becomes when pictures, and seeds where there are several, are drawn anew.

    Attributes:
        resampled: (resamples,); empty where a score has no interval.
    """

    value: float
    resampled: Floats
    unit: str
    better: Better

    def to_dict(self) -> dict[str, Any]:
        """Plain values, with the interval; None for what there is not."""
        low, high = (_plain(limit) for limit in interval(self.resampled))
        return {"value": _plain(self.value), "low": low, "high": high, "unit": self.unit, "better": self.better}

    def __sub__(self, other: Score) -> Score:
        """The difference on the same pictures."""
        return Score(self.value - other.value, self.resampled - other.resampled, self.unit, self.better)


def scores_of(
    contributions: Floats,
    values: Callable[[Floats], Mapping[str, float]],
    *,
    unit: str,
    better: Better,
    resamples: int,
) -> dict[str, Score]:
    """The scores that are functions of a sum over pictures.

    Args:
        contributions: (pictures, K); of a single picture there is no interval.
        values: (K,) → name → value.
    """
    whole = values(contributions.sum(axis=0))
    sums = resampled_sums(contributions, resamples) if len(contributions) > 1 else np.empty((0, 0))
    resampled = [values(each) for each in sums]
    return {
        name: Score(value, np.array([each[name] for each in resampled]), unit, better) for name, value in whole.items()
    }


def over_seeds(runs: Sequence[Mapping[str, Score]], seed: int) -> dict[str, Score]:
    """The means of several runs that differ in their seeds alone, of the scores that all have.

    Args:
        seed: of the drawing of runs, see `bootstrap.resampled_over_seeds`.
    """
    if len(runs) == 1:
        return dict(runs[0])
    common = [name for name in runs[0] if all(name in run for run in runs)]
    means = {}
    for name in common:
        of_seeds = [run[name] for run in runs]
        resampled = np.stack([score.resampled for score in of_seeds])
        means[name] = Score(
            float(np.mean([score.value for score in of_seeds])),
            resampled_over_seeds(resampled, seed) if resampled.size else resampled[0],
            of_seeds[0].unit,
            of_seeds[0].better,
        )
    return means


def verdict(difference: Score) -> Literal["first", "second"] | None:
    """Which of two is better, where the interval of their difference leaves no doubt."""
    low, high = interval(difference.resampled)
    if low > 0 or high < 0:
        return "first" if (low > 0) == (difference.better == "higher") else "second"
    return None


def _plain(value: float) -> float | None:
    """JSON has no NaN."""
    return float(value) if np.isfinite(value) else None
