"""Reading, computing and writing at the same time, for many items in order and a bounded number at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Input = TypeVar("Input")
Output = TypeVar("Output")

AHEAD = 3  # items that are read, or wait to be written, beyond the one that is computed
# What an item can be at fault for: bad pictures (BadPairError is a ValueError), full disks, too little memory (which
# PyTorch tells by a RuntimeError).
Failure = ValueError | OSError | MemoryError | RuntimeError
FAILURES = (ValueError, OSError, MemoryError, RuntimeError)


def overlapped(
    items: Iterable[Item],
    read: Callable[[Item], Input],
    compute: Callable[[Item, Input], Output],
    write: Callable[[Item, Output], None],
    lanes: int = 1,
) -> Iterator[tuple[Item, Failure | None]]:
    """Each item with what went wrong, if anything did, in order, once it is written; the others go on.

    One thread reads and one writes, while the caller's own computes, or as many as there are `lanes`. Where the caller
    stops, or is interrupted, what is being written is finished, and nothing else begun.
    """
    waiting = iter(items)
    reading: deque[tuple[Item, Future[Input]]] = deque()
    writing: deque[tuple[Item, Future[None] | Failure]] = deque()
    reader, writer = ThreadPoolExecutor(1, "read"), ThreadPoolExecutor(1, "write")
    computer = ThreadPoolExecutor(lanes, "compute")

    def computed(item: Item, being_read: Future[Input]) -> Output:
        return compute(item, being_read.result())

    def write_once_computed(item: Item, being_computed: Future[Output]) -> None:
        write(item, being_computed.result())

    try:
        reading.extend((item, reader.submit(read, item)) for item in islice(waiting, AHEAD))
        while reading:
            item, being_read = reading.popleft()
            reading.extend((each, reader.submit(read, each)) for each in islice(waiting, 1))
            if lanes > 1:
                being_computed = computer.submit(computed, item, being_read)
                writing.append((item, writer.submit(write_once_computed, item, being_computed)))
            else:
                try:
                    writing.append((item, writer.submit(write, item, computed(item, being_read))))
                except FAILURES as error:
                    writing.append((item, error))
            while len(writing) >= AHEAD + lanes:
                yield _outcome(*writing.popleft())
        while writing:
            yield _outcome(*writing.popleft())
    finally:
        for pool in (reader, computer, writer):
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in (reader, computer, writer):
            pool.shutdown()


def _outcome(item: Item, written: Future[None] | Failure) -> tuple[Item, Failure | None]:
    if not isinstance(written, Future):
        return item, written
    try:
        written.result()
    except FAILURES as error:
        return item, error
    return item, None
