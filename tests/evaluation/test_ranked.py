"""Which pictures are shown as the best, the median and the worst."""

from __future__ import annotations

import pytest

from pix2pix.evaluation.ranked import places


@pytest.mark.parametrize(
    ("count", "rows", "expected"),
    [
        (100, 2, {0: "best", 1: "best", 49: "median", 50: "median", 98: "worst", 99: "worst"}),
        (9, 1, {0: "best", 4: "median", 8: "worst"}),
        (3, 3, {0: "best", 1: "best", 2: "best"}),
        (4, 3, {0: "best", 1: "best", 2: "best", 3: "worst"}),
        (2, 1, {0: "best", 1: "worst"}),
        (1, 5, {0: "best"}),
    ],
)
def test_places(count: int, rows: int, expected: dict[int, str]) -> None:
    assert dict(places(count, rows)) == expected
