"""Scores from contributions: of a run, of several seeds, of a difference."""

from __future__ import annotations

import numpy as np
import pytest

from pix2pix.evaluation.scores import Better, Score, over_seeds, scores_of, verdict
from pix2pix.metrics.bootstrap import Floats


def mean(total: Floats) -> dict[str, float]:
    return {"l1": float(total[0] / total[1]) if total[1] else float("nan")}


def score_of(*values: float, better: Better = "lower") -> Score:
    contributions = np.array([(value, 1) if np.isfinite(value) else (0, 0) for value in values], float)
    return scores_of(contributions, mean, unit="HU", better=better, resamples=400)["l1"]


def test_a_mean_over_pictures_leaves_out_those_that_do_not_count() -> None:
    score = score_of(1, 3, float("nan"))
    assert score.value == 2
    assert score.to_dict() == {"value": 2, "low": 1, "high": 3, "unit": "HU", "better": "lower"}


def test_a_single_picture_has_no_interval() -> None:
    assert score_of(4).to_dict() == {"value": 4, "low": None, "high": None, "unit": "HU", "better": "lower"}


def test_a_score_of_nothing_is_no_number() -> None:
    said = score_of(float("nan"), float("nan")).to_dict()
    assert (said["value"], said["low"], said["high"]) == (None, None, None)


def test_differences_are_paired() -> None:
    values = np.random.default_rng(0).normal(size=30)
    difference = score_of(*(values + 0.1)) - score_of(*values)
    said = difference.to_dict()
    assert (said["value"], said["low"], said["high"]) == pytest.approx((0.1, 0.1, 0.1))


@pytest.mark.parametrize(("better", "winner"), [("lower", "second"), ("higher", "first")])
def test_who_is_better(better: Better, winner: str) -> None:
    more, less = score_of(5, 6, 7, better=better), score_of(4, 5, 6, better=better)
    assert verdict(more - less) == winner
    assert verdict(less - more) == ({"first", "second"} - {winner}).pop()
    assert verdict(more - more) is None
    assert verdict(score_of(1, better=better) - score_of(2, better=better)) is None  # no interval


def test_several_seeds_have_the_mean_and_a_wider_interval() -> None:
    values = np.random.default_rng(0).normal(size=200)
    runs = [{"l1": score_of(*(values + shift)), "own": score_of(0, 1)} for shift in (-1, 0, 1)]
    del runs[1]["own"]
    means = over_seeds(runs, seed=0)
    assert list(means) == ["l1"]
    assert means["l1"].value == pytest.approx(values.mean())
    one, several = runs[1]["l1"].to_dict(), means["l1"].to_dict()
    assert several["high"] - several["low"] > 3 * (one["high"] - one["low"])
    assert over_seeds(runs[:1], seed=0) == runs[0]


def test_several_seeds_of_a_score_without_interval() -> None:
    assert over_seeds([{"l1": score_of(1)}, {"l1": score_of(3)}], seed=0)["l1"].to_dict() == {
        **score_of(1).to_dict(),
        "value": 2,
    }
