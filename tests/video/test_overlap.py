"""Items are fetched ahead and calls made behind, in order, a few at a time, and errors come out in their place."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from pix2pix.video.overlap import Behind, ahead


def test_items_come_in_order_and_only_a_few_are_fetched_ahead() -> None:
    fetched: list[int] = []

    def source() -> Iterator[int]:
        for item in range(100):
            fetched.append(item)
            yield item

    with ahead(source(), depth=3) as items:
        for expected in range(10):
            assert next(items) == expected
            assert len(fetched) <= expected + 4
    after = len(fetched)
    assert after <= 14
    assert threading.active_count() == len([thread for thread in threading.enumerate() if "ahead" not in thread.name])
    with ahead(range(7)) as items:
        assert list(items) == list(range(7))


def test_an_error_of_the_source_comes_where_its_item_would_have() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise KeyError("broken")

    with ahead(source()) as items:
        assert next(items) == 1
        with pytest.raises(KeyError, match="broken"):
            next(items)


def test_calls_are_made_in_order_and_an_error_is_not_lost() -> None:
    made: list[int] = []

    def fail() -> None:
        raise OSError("disk full")

    with Behind(depth=2) as behind:
        for number in range(20):
            behind(made.append, number)
        behind.wait()
        assert made == list(range(20))
        behind(fail)
        with pytest.raises(OSError, match="disk full"):
            behind.wait()
