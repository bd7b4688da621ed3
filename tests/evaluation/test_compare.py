"""Runs by method, methods pair by pair, and runs that cannot be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pix2pix.data.domains import Rgb
from pix2pix.evaluation import compare
from pix2pix.evaluation.compare import Evaluated, check_same_pictures, comparison, differences, methods
from pix2pix.evaluation.measure import Measured
from pix2pix.evaluation.run import EvaluationError, Run
from pix2pix.evaluation.scored import scored
from pix2pix.evaluation.scores import scores_of

PICTURES = 40
NOISE = np.random.default_rng(0).normal(0, 0.1, PICTURES)


def evaluated(
    name: str,
    shift: float = 0,
    seed: int = 0,
    objective: str = "l1",
    targets: str = "same",
    judge: str | None = None,
    **data: Any,
) -> Evaluated:
    settings = {
        "seed": seed,
        "objective": {"adversarial": objective},
        "logger": {"csv": {"folder": name}},
        "data": {"size": [16, 16], "pairs": {"_target_": "…", "seed": 0}, **data},
    }
    record = {"settings": settings, "environment": {"precision": "32-true"}, "target_domain": {"kind": "rgb"}}
    run = Run(name, Path(name), Path(name), record, weights=name, images=9)
    values = 0.5 + NOISE + shift
    contributions = np.stack([values, np.ones(PICTURES)], axis=1)
    each = scored("ssim", Rgb())
    scores = scores_of(contributions, each.values, unit=each.unit, better=each.better, resamples=300)
    measured = Measured([str(index) for index in range(PICTURES)], targets, {"ssim": contributions}, {})
    return Evaluated(run, measured, scores, {}, judge)


def test_runs_that_differ_in_nothing_but_the_seed_are_one_method() -> None:
    runs = [
        evaluated("one", seed=1),
        evaluated("gan", seed=1, objective="vanilla"),
        evaluated("two", seed=2),
        evaluated("two again", seed=2),
    ]
    found = methods(runs)
    assert [[each.run.shown for each in method.runs] for method in found] == [["one", "two"], ["gan"], ["two again"]]
    assert [method.labels for method in found] == [["A1", "A2"], ["B"], ["C"]]
    assert found[0].differing == {"objective.adversarial": "l1"}
    assert found[1].differing == {"objective.adversarial": "vanilla"}
    assert compare.legend(found)[1] == "A2: two, seed 2, objective.adversarial=l1"
    assert compare.caution(found) == (
        "Of B and C there is one seed: the intervals are over pictures and hold for that training;"
        " another seed may differ by more."
    )
    assert compare.caution(found[:1]) is None


def test_the_better_method_is_found_on_the_same_pictures() -> None:
    """The pictures vary by 0.1, the methods by 0.01: only paired differences see it."""
    found = methods([evaluated("good", 0.01), evaluated("bad", objective="vanilla")])
    (pair,) = differences(found)
    said = comparison("val", found, [pair])
    scores = [each["scores"]["ssim"] for each in said["methods"]]
    assert scores[1]["high"] > scores[0]["low"]
    difference = said["differences"][0]
    assert (difference["first"], difference["second"]) == ("A", "B")
    assert difference["scores"]["ssim"]["value"] == pytest.approx(0.01)
    assert difference["scores"]["ssim"]["winner"] == "A"
    assert [row[-1] for row in compare.difference_rows(pair)] == ["better", "A"]


def test_seeds_that_disagree_leave_it_open() -> None:
    runs = [evaluated(f"good {seed}", shift, seed) for seed, shift in enumerate((0.06, -0.05, 0.02))]
    runs += [evaluated(f"bad {seed}", 0, seed, objective="vanilla") for seed in range(3)]
    found = methods(runs)
    (pair,) = differences(found)
    assert pair.scores["ssim"].value == pytest.approx(0.01)
    assert pair.winner("ssim") is None
    assert [row[-1] for row in compare.difference_rows(pair)] == ["better", "open"]
    assert compare.run_rows(found)[0][2:] == ["A1", "A2", "A3", "B1", "B2", "B3"]


def test_three_methods_are_compared_in_three_pairs() -> None:
    found = methods([evaluated(name, objective=name) for name in ("l1", "gan", "cgan")])
    assert [(pair.first.label, pair.second.label) for pair in differences(found)] == [
        ("A", "B"),
        ("A", "C"),
        ("B", "C"),
    ]


def names(each: Evaluated, *found: str) -> Evaluated:
    return Evaluated(each.run, Measured(list(found), "same", {}, {}), each.scores, {}, None)


def test_a_run_without_a_judge_does_not_hide_two_judges() -> None:
    runs = [evaluated("one"), evaluated("two", judge="a"), evaluated("three", judge="b")]
    with pytest.raises(EvaluationError, match="two and three were scored by different judges"):
        check_same_pictures(runs)


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (
            names(evaluated("one", seed=1), "a", "b"),
            names(evaluated("other", seed=2), "a", "c", "d"),
            "first has 2 pictures, the second 3, and they are not the same: only one of them has 'b'",
        ),
        (names(evaluated("one"), "a", "b"), names(evaluated("other"), "b", "a"), "not the same: in another order"),
        (
            evaluated("one"),
            evaluated("other", targets="others", size=[32, 32]),
            "their targets differ: data.size is \\[16, 16\\] and \\[32, 32\\]",
        ),
        (evaluated("one"), evaluated("other", targets="others"), "the files have changed between the two evaluations"),
        (evaluated("one", judge="x"), evaluated("other", judge="y"), "were scored by different judges"),
    ],
)
def test_what_cannot_be_compared(one: Evaluated, other: Evaluated, message: str) -> None:
    check_same_pictures([one, one])
    with pytest.raises(EvaluationError, match=message):
        check_same_pictures([one, other])
