"""The losses of the first steps stay what they were: see golden_losses.py for what they are and how to renew them."""

from __future__ import annotations

import json

import pytest
from tests.numerics.golden_losses import FILE, STEPS, runs

GOLDEN = json.loads(FILE.read_text())


def test_the_file_has_every_generator_and_objective() -> None:
    """If not: the command in golden_losses.py writes those that are missing."""
    assert sorted(GOLDEN) == sorted(runs())


@pytest.mark.parametrize("name", GOLDEN)
def test_losses_are_those_of_the_golden_file(name: str) -> None:
    golden, found = GOLDEN[name], runs()[name]()
    assert found.keys() == golden.keys()
    for term, values in golden.items():
        assert len(values) == STEPS
        # The terms of the hinge pass through 0: there it is the size of a logit that counts.
        assert found[term] == pytest.approx(values, rel=1e-4, abs=1e-6), term
