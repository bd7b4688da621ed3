"""Several pictures translated at the same time, each by its share of the processor; a large one by all of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from queue import SimpleQueue
from typing import Generic, TypeVar

from torch import Tensor

MOST = 4  # each holds a picture's layers in memory
LARGE = 1024 * 1024  # pixels, beyond which the layers of several pictures would take too much of it
Lane = TypeVar("Lane")


class Lanes(Generic[Lane]):
    """Who may compute now.

    Args:
        whole: what translates with the whole processor. Until `share` is called there is nothing else.
        make: makes what translates at the same time, with a share of the processor each; none: there is no such thing.
    """

    def __init__(self, whole: Lane, make: Callable[[], Sequence[Lane]]) -> None:
        self._whole, self._make = whole, make
        self._lanes: Sequence[Lane] = ()
        self._free: SimpleQueue[Lane] = SimpleQueue()
        self._large = threading.Lock()

    def share(self) -> int:
        """Be ready for several threads; returns for how many. Large pictures still come one at a time."""
        if not self._lanes:
            self._lanes = self._make()
            for lane in self._lanes:
                self._free.put(lane)
        return max(len(self._lanes), 1)

    @contextmanager
    def taken(self, source: Tensor) -> Iterator[Lane]:
        """A lane that is free, or for a large (B, C, H, W) the whole processor once all are."""
        if not self._lanes:
            yield self._whole
            return
        large = source[0, 0].numel() > LARGE
        with self._large if large else nullcontext():  # two that each had some of the lanes would wait for ever
            taken = [self._free.get() for _ in range(len(self._lanes) if large else 1)]
        try:
            yield self._whole if large else taken[0]
        finally:
            for lane in taken:
                self._free.put(lane)
