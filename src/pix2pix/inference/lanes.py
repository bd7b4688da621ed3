"""Several pictures translated at a time, on a share of the processor each; large ones alone, by all of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from queue import SimpleQueue

from torch import Tensor

from pix2pix.inference.translator import Translator

LARGE = 1024 * 1024  # pixels, beyond which the layers of several pictures would take too much memory


class Lanes:
    """As many translators as the network has lanes, lent to one thread each.

    Attributes:
        count: how many can be lent at a time.
    """

    def __init__(self, translator: Translator) -> None:
        self._whole = translator
        networks = translator.network.lanes()
        self.count = len(networks)
        self._large = threading.Lock()
        self._free: SimpleQueue[Translator] = SimpleQueue()
        for network in networks:
            lane = Translator(network, translator.source, translator.target, translator.derivation)
            lane.device = translator.device
            self._free.put(lane)

    @contextmanager
    def translator(self, source: Tensor) -> Iterator[Translator]:
        """One for a picture (C, H, W), for as long as the `with` lasts; waits until one is free."""
        large = source[0].numel() > LARGE
        with self._large if large else nullcontext():  # two that each had some of the lanes would wait for ever
            taken = [self._free.get() for _ in range(self.count if large else 1)]
        try:
            yield self._whole if large else taken[0]
        finally:
            for lane in taken:
                self._free.put(lane)
