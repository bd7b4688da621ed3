"""Decoded pictures kept in shared memory within a bound, for every process that loads pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pix2pix.data.pairs import Pair, PairSource, Problem
from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.meaning import Meaning, marked, said_of

MIB = 2**20
HEADER = 5  # dtype character (0: nothing kept yet), height, width, channels, bytes of what the file says, after them
SAMPLED = 16  # pairs that are read to learn how many bytes a pair takes
ALIGNMENT = 64  # bytes, a cache line


class PictureCache:
    """Places for the arrays of `count` items, each of at most `item_bytes`, as many as `max_mib` MiB of memory hold.

    The memory is one block that workers share, however they are started; it is taken at once, is never larger than the
    bound, and goes back to the system with the last process. An item has its own place, so no process waits for
    another, and two that fill one place write the same bytes. What is past the bound, or larger, is not kept.
    """

    def __init__(self, max_mib: float, count: int, item_bytes: int) -> None:
        self.count = count
        self.item_bytes = -(-max(item_bytes, 1) // ALIGNMENT) * ALIGNMENT
        header_bytes = HEADER * np.dtype(np.int32).itemsize
        self.places = min(count, int(max_mib * MIB) // (self.item_bytes + header_bytes))
        self._headers = _shared(self.places * header_bytes).view(torch.int32).reshape(self.places, HEADER)
        self._items = _shared(self.places * self.item_bytes).reshape(self.places, self.item_bytes)
        self._headers.zero_()

    @property
    def nbytes(self) -> int:
        """Shared memory taken, in bytes."""
        return self._headers.nbytes + self._items.nbytes

    @property
    def filled(self) -> int:
        """Items kept so far, by all processes."""
        return int((self._headers[:, 0] != 0).sum())

    def get(self, item: int) -> Array | None:
        """The item as a read-only view of the shared memory, (H, W, C); None where it is not kept."""
        if item >= self.places:
            return None
        kind, *shape, said = self._headers[item].tolist()
        if kind == 0:
            return None
        array = self._view(item, np.dtype(chr(kind)), shape)
        array.flags.writeable = False
        meaning = self._items[item, array.nbytes : array.nbytes + said].numpy().tobytes()
        return marked(array, Meaning.from_bytes(meaning))

    def put(self, item: int, array: Array) -> bool:
        """Keep (H, W, C) values with what their file says; tells whether there was a place for them."""
        said = said_of(array).to_bytes()
        if item >= self.places or array.nbytes + len(said) > self.item_bytes or not array.nbytes:
            return False
        dtype = np.dtype(array.dtype.char)  # native byte order
        self._view(item, dtype, array.shape)[...] = array
        self._items[item, array.nbytes : array.nbytes + len(said)].numpy()[...] = np.frombuffer(said, np.uint8)
        header = self._headers[item]
        header[1:] = torch.tensor((*array.shape, len(said)), dtype=torch.int32)
        header[0] = ord(dtype.char)  # last: from here on other processes read it
        return True

    def _view(self, item: int, dtype: np.dtype[np.generic], shape: Sequence[int]) -> Array:
        size = int(np.prod(shape)) * dtype.itemsize
        return self._items[item, :size].numpy().view(dtype).reshape(shape)


class CachedPairs:
    """A pair source that decodes each pair once, whichever worker comes to it first, and keeps it within `max_mib` MiB.

    Both pictures of a pair get places of the size of the largest found among a few pairs read at the start; a pair that
    is larger, or comes after the bound is reached, is read from its files every time. Pictures are read-only.
    Raises ValueError where the system's shared memory does not hold the block.
    """

    def __init__(self, source: PairSource, max_mib: float) -> None:
        self.source = source
        self.names: Sequence[str] = source.names
        self.problems: Sequence[Problem] = getattr(source, "problems", ())
        self.domains: tuple[Any, Any] = getattr(source, "domains", (None, None))  # of sources that state their own
        item_bytes, self._masked = _looked_at(source)
        self._items = 3 if self._masked else 2  # of a pair: source, target, and where it counts
        self.cache = PictureCache(max_mib, self._items * len(source), item_bytes)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Pair:
        """The pair, decoded if nobody has yet. Raises BadPairError as the source does."""
        first = self._items * index
        source, target = self.cache.get(first), self.cache.get(first + 1)
        counts = self.cache.get(first + 2) if self._masked else None
        if source is not None and target is not None and (counts is not None or not self._masked):
            return Pair(source, target, self.names[index], None if counts is None else counts[:, :, 0])
        pair = self.source[index]
        if first + self._items <= self.cache.places and (pair.counts is not None) == self._masked:
            self.cache.put(first, pair.source)
            self.cache.put(first + 1, pair.target)
            if pair.counts is not None:
                self.cache.put(first + 2, pair.counts[:, :, None])
        return pair

    def files(self, index: int) -> tuple[Path, ...]:
        """The files that pair `index` is read from."""
        files: tuple[Path, ...] = getattr(self.source, "files", lambda _: ())(index)
        return files


def _looked_at(source: PairSource) -> tuple[int, bool]:
    """Of pairs spread evenly over the source: bytes of the largest picture, whether any says where it counts.

    Where none of them can be read: 0 and False.
    """
    largest, masked = 0, False
    for index in range(0, len(source), -(-len(source) // SAMPLED) or 1):
        try:
            pair = source[index]
        except BadPairError:
            continue
        largest = max(largest, *(each.nbytes + len(said_of(each).to_bytes()) for each in (pair.source, pair.target)))
        masked = masked or pair.counts is not None
    return largest, masked


def _shared(size: int) -> torch.Tensor:
    """`size` bytes in memory that processes share. Unlike `share_memory_()` this never holds them twice."""
    try:
        return torch.empty(0, dtype=torch.uint8).set_(torch.UntypedStorage._new_shared(size))  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise ValueError(
            f"data.cache: {size / MIB:.0f} MiB of shared memory cannot be had ({error}); "
            "lower data.cache, or enlarge /dev/shm (in Docker: --shm-size)"
        ) from error
