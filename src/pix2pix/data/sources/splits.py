"""Which pairs train, validate and test where no folder or column says so: seeded by a hash, never parting a group."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable

SPLITS = ("train", "val", "test")
SPELLINGS = {  # as folders and columns are found to be named
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev", "eval", "evaluation"),
    "test": ("test", "testing"),
}


def split_of(spelling: str) -> str:
    """`validation` becomes `val`. Raises ValueError for what names no split."""
    for split, spellings in SPELLINGS.items():
        if spelling.strip().lower() in spellings:
            return split
    raise ValueError(f"{spelling!r} is no split; known: {', '.join(SPLITS)}")


def random_splits(
    groups: Iterable[str], val_fraction: float, test_fraction: float = 0.0, seed: int = 0
) -> dict[str, str]:
    """Give every group to `train`, `val` or `test`: a function of the seed and the groups' names, not of their order.

    The fractions are shares of the groups, rounded; a fraction above 0 gets at least one group if two or more are left.
    """
    names = sorted(set(groups), key=lambda name: (_rank(seed, name), name))
    val = _count(val_fraction, len(names), left=len(names))
    test = _count(test_fraction, len(names), left=len(names) - val)
    return {
        name: "val" if place < val else "test" if place < val + test else "train" for place, name in enumerate(names)
    }


def _rank(seed: int, name: str) -> bytes:
    return hashlib.blake2b(os.fsencode(f"{seed}:{name}"), digest_size=8).digest()


def _count(fraction: float, groups: int, left: int) -> int:
    if fraction <= 0 or left < 2:
        return 0
    return min(max(round(fraction * groups), 1), left - 1)
