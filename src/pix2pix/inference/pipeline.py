"""Reading, computing and writing at the same time, for many items in order and a bounded number at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import islice
from queue import SimpleQueue
from typing import TypeVar

Item = TypeVar("Item")
Input = TypeVar("Input")
Output = TypeVar("Output")

AHEAD = 3  # items that are read, or wait to be written, beyond the one that is computed
# Whatever a file does, the others go on. Decoders and runtimes have errors of their own, those of ONNX Runtime with no
# class in common but this one, so none is left out.
Failure = Exception
EXPECTED = (ValueError, OSError, MemoryError, RuntimeError)  # whose words say enough without their class


def overlapped(
    items: Iterable[Item],
    read: Callable[[Item], Input],
    compute: Callable[[Item, Input], Output],
    write: Callable[[Item, Output], None],
    *,
    lanes: Sequence[Callable[[Item, Input], Output]] = (),
    alone: Callable[[Input], bool] = lambda _: False,
) -> Iterator[tuple[Item, Failure | None]]:
    """Each item with what went wrong, if anything did, in order, once it is written; the others go on.

    One thread reads and one writes, while the caller's own computes. Where the caller stops, or is interrupted, what is
    being computed in a lane or written is finished, and nothing else begun.

    Args:
        lanes: what computes instead, each in a thread of its own and one item at a time.
        alone: what `compute` does all the same, while no lane has anything to do.
    """
    waiting = iter(items)
    reading: deque[tuple[Item, Future[Input]]] = deque()
    computing: list[Future[Output]] = []
    writing: deque[tuple[Item, Future[None] | Failure]] = deque()
    reader, writer = ThreadPoolExecutor(1, "read"), ThreadPoolExecutor(1, "write")
    computer = ThreadPoolExecutor(max(len(lanes), 1), "compute")
    free: SimpleQueue[Callable[[Item, Input], Output]] = SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def compute_in_a_lane(item: Item, value: Input) -> Output:
        lane = free.get()  # at once: there are as many as threads
        try:
            return lane(item, value)
        finally:
            free.put(lane)

    def write_once_computed(item: Item, being_computed: Future[Output]) -> None:
        write(item, being_computed.result())

    try:
        reading.extend((item, reader.submit(read, item)) for item in islice(waiting, AHEAD))
        while reading:
            item, being_read = reading.popleft()
            reading.extend((each, reader.submit(read, each)) for each in islice(waiting, 1))
            try:
                value = being_read.result()
                if lanes and not alone(value):
                    being_computed = computer.submit(compute_in_a_lane, item, value)
                    computing = [*(each for each in computing if not each.done()), being_computed]
                    writing.append((item, writer.submit(write_once_computed, item, being_computed)))
                else:
                    wait(computing)
                    writing.append((item, writer.submit(write, item, compute(item, value))))
            except Exception as error:
                writing.append((item, error))
            while len(writing) >= AHEAD + max(len(lanes), 1):
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
    except Exception as error:
        return item, error
    return item, None
