"""Stages that overlap: order, failures of single items, a bound on what is held, an end in the middle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from pix2pix.inference.pipeline import AHEAD, overlapped


def test_reading_computing_and_writing_happen_at_the_same_time() -> None:
    """Each stage waits for the other two: with one after the other this would never end."""
    together = threading.Barrier(3)

    def read(item: int) -> int:
        if item == 2:
            together.wait(60)
        return item

    def compute(item: int, read: int) -> int:
        if item == 1:
            together.wait(60)
        return 10 * read

    def write(item: int, computed: int) -> None:
        assert computed == 10 * item
        if item == 0:
            together.wait(60)

    assert [item for item, error in overlapped(range(3), read, compute, write) if error is None] == [0, 1, 2]


def test_lanes_compute_at_the_same_time_and_results_stay_in_order() -> None:
    together = threading.Barrier(2)
    written: list[int] = []

    def compute(item: int, read: int) -> int:
        together.wait(60)  # alone it would never end
        time.sleep(0.02 * (item % 2 == 0))
        return item

    def write(item: int, computed: int) -> None:
        written.append(computed)

    outcomes = overlapped(range(10), lambda item: item, never, write, lanes=[compute, compute])
    assert [item for item, error in outcomes if error is None] == written == list(range(10))


def never(item: int, read: int) -> int:
    raise AssertionError("the caller's own thread has nothing to compute")


def test_a_lane_computes_one_item_at_a_time() -> None:
    at_work: list[int] = []

    def lane(number: int) -> Callable[[int, int], int]:
        def compute(item: int, read: int) -> int:
            assert number not in at_work
            at_work.append(number)
            time.sleep(0.001)
            at_work.remove(number)
            return item

        return compute

    outcomes = overlapped(range(60), lambda item: item, never, lambda *_: None, lanes=[lane(0), lane(1), lane(2)])
    assert [error for _, error in outcomes] == [None] * 60


def test_what_is_to_be_alone_waits_for_the_lanes_and_they_for_it() -> None:
    at_work: set[int] = set()
    main = threading.get_ident()

    def in_a_lane(item: int, read: int) -> int:
        at_work.add(item)
        time.sleep(0.002)
        assert not any(other % 3 == 0 for other in at_work)
        at_work.remove(item)
        return item

    def alone(item: int, read: int) -> int:
        assert threading.get_ident() == main
        assert not at_work
        at_work.add(item)
        time.sleep(0.002)
        assert at_work == {item}
        at_work.remove(item)
        return item

    outcomes = overlapped(
        range(30),
        lambda item: item,
        alone,
        lambda *_: None,
        lanes=[in_a_lane, in_a_lane],
        alone=lambda value: value % 3 == 0,
    )
    assert [(item, error) for item, error in outcomes] == [(item, None) for item in range(30)]


@pytest.mark.parametrize("lanes", [0, 2])
@pytest.mark.parametrize("stage", ["read", "compute", "write"])
def test_a_failure_is_told_in_its_place_and_the_others_go_on(stage: str, lanes: int) -> None:
    written = []

    def fail(here: str, item: int) -> int:
        if here == stage and item % 4 == 1:
            raise ValueError(f"{item} is bad")
        return item

    def write(item: int, computed: int) -> None:
        fail("write", item)
        written.append(computed)

    def compute(item: int, read: int) -> int:
        return fail("compute", item)

    outcomes = list(overlapped(range(10), lambda item: fail("read", item), compute, write, lanes=[compute] * lanes))
    assert [item for item, _ in outcomes] == list(range(10))
    assert {item: str(error) for item, error in outcomes if error} == {item: f"{item} is bad" for item in (1, 5, 9)}
    assert written == [0, 2, 3, 4, 6, 7, 8]


def test_what_is_held_is_bounded() -> None:
    begun: list[int] = []
    done: list[int] = []
    most = 0

    def read(item: int) -> int:
        nonlocal most
        begun.append(item)
        most = max(most, len(begun) - len(done))
        return item

    for item, _ in overlapped(range(200), read, lambda item, _: item, lambda item, _: None):
        done.append(item)
    assert len(done) == 200
    assert most <= 2 * AHEAD + 2


def test_nothing_begins_after_an_interruption_and_what_is_written_is_finished() -> None:
    begun, finished = [], []

    def compute(item: int, read: int) -> int:
        if item == 2:
            raise KeyboardInterrupt
        return read

    def write(item: int, computed: int) -> None:
        begun.append(item)
        finished.append(item)

    with pytest.raises(KeyboardInterrupt):
        list(overlapped(range(1000), lambda item: item, compute, write))
    assert begun == finished
    assert set(finished) <= {0, 1}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("read", "write"))]


@pytest.mark.parametrize("stage", ["read", "compute", "write"])
def test_whatever_goes_wrong_the_others_go_on(stage: str) -> None:
    class RuntimesOwnError(Exception):  # as those of ONNX Runtime, which share nothing but this class
        pass

    done: list[int] = []

    def fail(here: str, item: int) -> int:
        if here == stage and item == 1:
            raise RuntimesOwnError("refused")
        return item

    def write(item: int, computed: int) -> None:
        fail("write", item)
        done.append(item)

    outcomes = list(overlapped(range(4), lambda item: fail("read", item), lambda item, _: fail("compute", item), write))
    assert [item for item, error in outcomes if error is None] == done == [0, 2, 3]
    assert isinstance(outcomes[1][1], RuntimesOwnError)
