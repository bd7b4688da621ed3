"""Decoding, translating and encoding at the same time: FFmpeg works outside Python's lock, so threads suffice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
DEPTH = 4  # items that wait at most, so that memory stays bounded


@contextmanager
def ahead(items: Iterable[T], depth: int = DEPTH) -> Iterator[Iterator[T]]:
    """The items in order, fetched in another thread while earlier ones are worked on.

    An error while fetching comes out where its item would have. After the `with` nothing is fetched any more, so that
    what the items come from can be closed: FFmpeg does not survive being closed while it decodes.
    """
    thread = ThreadPoolExecutor(1, "ahead")
    try:
        yield _fetched(thread, iter(items), depth)
    finally:
        thread.shutdown(cancel_futures=True)


def _fetched(thread: ThreadPoolExecutor, iterator: Iterator[T], depth: int) -> Iterator[T]:
    waiting: deque[Future[tuple[T, ...]]] = deque(thread.submit(_next, iterator) for _ in range(depth))
    while item := waiting.popleft().result():
        waiting.append(thread.submit(_next, iterator))
        yield item[0]


def _next(iterator: Iterator[T]) -> tuple[T, ...]:
    """One item, or none at the end."""
    for item in iterator:
        return (item,)
    return ()


class Behind:
    """Makes calls in another thread, in order, a few behind. An error in one comes out of a later one, or of `wait`.

    The `with` lets the calls that wait be made, whatever comes of them, and ends the thread.
    """

    def __init__(self, depth: int = DEPTH) -> None:
        self._depth = depth
        self._thread = ThreadPoolExecutor(1, "behind")
        self._waiting: deque[Future[None]] = deque()

    def __call__(self, function: Callable[..., None], *arguments: object) -> None:
        """Have it called. Waits where too many wait already."""
        while len(self._waiting) >= self._depth:
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(function, *arguments))

    def wait(self) -> None:
        """Until every call has been made."""
        while self._waiting:
            self._waiting.popleft().result()

    def __enter__(self) -> Behind:
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.clear()
        self._thread.shutdown()
