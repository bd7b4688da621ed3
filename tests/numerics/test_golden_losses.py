"""The losses of the first steps stay what they were: see golden_losses.py for what they are and how to renew them."""

from __future__ import annotations

import json

import pytest
from tests.numerics.golden_losses import FILE, GENERATORS, GOLDEN_OBJECTIVES, STEPS, losses

GOLDEN = json.loads(FILE.read_text())
RUNS = [(generator, objective) for generator in GENERATORS for objective in GOLDEN_OBJECTIVES]


def test_the_file_has_these_runs_and_no_others() -> None:
    assert sorted(GOLDEN) == sorted(f"{generator} {objective}" for generator, objective in RUNS)


@pytest.mark.parametrize(("generator", "objective"), RUNS)
def test_losses_are_those_of_the_golden_file(generator: str, objective: str) -> None:
    golden, found = GOLDEN[f"{generator} {objective}"], losses(generator, GOLDEN_OBJECTIVES[objective])
    assert found.keys() == golden.keys()
    for term, values in golden.items():
        assert len(values) == STEPS
        # The terms of the hinge pass through 0: there it is the size of a logit that counts.
        assert found[term] == pytest.approx(values, rel=1e-4, abs=1e-6), term
