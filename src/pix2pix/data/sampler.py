"""Which pairs come when: an order that depends on seed and epoch alone, taken up at any place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass
class Place:
    """How far the training is: `batch` batches of `epoch` are done, both counted from 0."""

    epoch: int = 0
    batch: int = 0

    def is_last(self, batches: int) -> bool:
        """Whether the batch at the place is the last of an epoch of so many."""
        return self.batch == batches - 1

    def advance(self, batches: int) -> None:
        """One more batch of an epoch of so many is done."""
        if self.is_last(batches):
            self.epoch, self.batch = self.epoch + 1, 0
        else:
            self.batch += 1


Key = tuple[int, int]  # (epoch, index): with the seed, all that a training sample depends on


class TrainingBatches:
    """The batches of one rank from the current place to the end of its epoch, as lists of (epoch, index).

    Batch b of an epoch holds the next `batch_size * ranks` pairs of that epoch's order, dealt to the ranks in turn. The
    last one is shorter; where it cannot be dealt evenly, pairs from the order's beginning fill it up, so that all ranks
    have equally many. The place is read when an epoch is begun, and whoever trains advances it.
    """

    def __init__(self, count: int, batch_size: int, place: Place, *, seed: int, rank: int = 0, ranks: int = 1) -> None:
        self.count, self.batch_size, self.place = count, batch_size, place
        self.seed, self.rank, self.ranks = seed, rank, ranks

    def __len__(self) -> int:
        """Batches of a whole epoch, wherever the place is."""
        return math.ceil(self.count / (self.batch_size * self.ranks))

    def __iter__(self) -> Iterator[list[Key]]:
        epoch, start = self.place.epoch, self.place.batch  # read at once: loaders ask for batches ahead of the training
        return self._batches(epoch, start)

    def _batches(self, epoch: int, start: int) -> Iterator[list[Key]]:
        order = np.random.default_rng([self.seed, epoch]).permutation(self.count).tolist()
        order += [order[i % self.count] for i in range(-self.count % self.ranks)]
        step = self.batch_size * self.ranks
        for batch in range(start, len(self)):
            yield [(epoch, index) for index in order[batch * step : (batch + 1) * step][self.rank :: self.ranks]]


STAND_IN = -1  # the index of a sample that counts for nothing


class EveryPairOnce:
    """The indices of one rank, which together with the other ranks' are every pair once, as lists of (0, index).

    A rank for which no pair is left gets one stand-in, since every rank must take part in the sum of the scores.
    """

    def __init__(self, count: int, batch_size: int, *, rank: int = 0, ranks: int = 1) -> None:
        self.indices = list(range(rank, count, ranks)) or [STAND_IN]
        self.batch_size = batch_size

    def __len__(self) -> int:
        return math.ceil(len(self.indices) / self.batch_size)

    def __iter__(self) -> Iterator[list[Key]]:
        for start in range(0, len(self.indices), self.batch_size):
            yield [(0, index) for index in self.indices[start : start + self.batch_size]]
