"""Pictures at the same time: as many as there are lanes, a large one alone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from pix2pix.inference import lanes
from pix2pix.inference.lanes import Lanes

SMALL, BIG = torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 20, 20)


@pytest.fixture(autouse=True)
def _hundred_pixels_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "LARGE", 100)


def test_until_it_is_shared_the_whole_translates_everything() -> None:
    made = Lanes("whole", lambda: ["a", "b"])
    with made.taken(SMALL) as outer, made.taken(SMALL) as inner:
        assert (outer, inner) == ("whole", "whole")


def test_nothing_to_share_is_one_lane() -> None:
    made: Lanes[str] = Lanes("whole", list)
    assert made.share() == 1
    with made.taken(SMALL) as lane:
        assert lane == "whole"


def test_each_takes_a_lane_of_its_own_and_gives_it_back() -> None:
    made = Lanes("whole", lambda: ["a", "b"])
    assert made.share() == made.share() == 2
    for _ in range(3):
        with made.taken(SMALL) as outer, made.taken(SMALL) as inner:
            assert {outer, inner} == {"a", "b"}


def test_a_failure_gives_the_lane_back() -> None:
    made = Lanes("whole", lambda: ["a"])
    made.share()
    for _ in range(2):
        with pytest.raises(ValueError, match="bad"), made.taken(SMALL):
            raise ValueError("bad")


def test_a_large_picture_is_alone() -> None:
    made = Lanes("whole", lambda: ["a", "b"])
    made.share()
    counting = threading.Lock()
    now: list[str] = []
    seen: list[set[str]] = []

    def translate(index: int) -> None:
        with made.taken(BIG if index % 3 == 0 else SMALL) as lane:
            with counting:
                now.append(lane)
                seen.append(set(now))
            threading.Event().wait(0.001)
            with counting:
                now.remove(lane)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(translate, range(60)))
    assert {"whole"} in seen
    assert all(each == {"whole"} for each in seen if "whole" in each)
