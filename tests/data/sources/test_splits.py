"""Random splits: by seed and name, never by order, never parting a group."""

import random
from collections import Counter

import pytest

from pix2pix.data.sources.splits import random_splits, split_of

GROUPS = [f"patient{number}" for number in range(50)]


def test_shares_are_exact_and_every_group_has_one_split() -> None:
    splits = random_splits(GROUPS, 0.2, 0.1, seed=3)
    assert splits.keys() == set(GROUPS)
    assert Counter(splits.values()) == {"train": 35, "val": 10, "test": 5}


def test_order_and_repetition_change_nothing() -> None:
    shuffled = GROUPS * 3
    random.Random(0).shuffle(shuffled)
    assert random_splits(shuffled, 0.2, 0.1, seed=3) == random_splits(GROUPS, 0.2, 0.1, seed=3)


def test_another_seed_parts_otherwise() -> None:
    assert random_splits(GROUPS, 0.2, seed=0) != random_splits(GROUPS, 0.2, seed=1)


@pytest.mark.parametrize(
    ("count", "expected"), [(1, {"train": 1}), (2, {"train": 1, "val": 1}), (3, {"train": 1, "val": 1, "test": 1})]
)
def test_few_groups_always_leave_one_to_train(count: int, expected: dict[str, int]) -> None:
    assert Counter(random_splits(GROUPS[:count], 0.1, 0.1).values()) == expected


def test_no_fraction_no_split() -> None:
    assert set(random_splits(GROUPS, 0.0).values()) == {"train"}


def test_spellings() -> None:
    assert [split_of(word) for word in ("Train", "validation", " valid", "dev", "testing")] == [
        *("train", "val", "val", "val", "test")
    ]
    with pytest.raises(ValueError, match="'spare' is no split; known: train, val, test"):
        split_of("spare")
