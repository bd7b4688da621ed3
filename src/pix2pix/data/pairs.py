"""What a pair is, from the file to the batch: the types that pair sources, transforms and training share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pix2pix.pictures.array import Array

if TYPE_CHECKING:
    from torch import Tensor


class Pair(NamedTuple):
    """Two pictures of one scene as they are stored: channels and bit depth untouched."""

    source: Array  # (H, W, C), dtype of the file
    target: Array  # (H, W, C)
    name: str
    counts: NDArray[np.bool_] | None = None  # (H, W), False where the target does not count; None: it does everywhere


class PairSource(Protocol):
    """Anything that yields pairs by index. `names` says what pair each index is, without reading it."""

    @property
    def names(self) -> Sequence[str]:
        """A name for each index."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Pair:
        """Read one pair. Raises BadPairError where it cannot be read."""
        ...


class Problem(NamedTuple):
    """A file that cannot be used, and why."""

    file: str
    why: str


class Sample(NamedTuple):
    """One pair as the networks see it: float32 in [-1, 1]."""

    source: Tensor  # (C, H, W)
    target: Tensor  # (C', H, W)
    weight: Tensor | None  # (1, H, W), 0 where a pixel does not count
    name: str  # "" for one that only stands in and counts for nothing
    skipped: tuple[Problem, ...] = ()  # pairs that were passed over to get this one
    in_unit: Tensor | None = None  # (C', H, W) of a target with a unit: its values, also those beyond the range
    clipped: tuple[float, float] = (0.0, 0.0)  # shares of the source's and the target's numbers beyond their ranges
    with_value: NDArray[np.bool_] | None = None  # (H, W), False where the source holds none; None: it does everywhere


class Batch(NamedTuple):
    """Samples stacked along a first axis."""

    source: Tensor  # (B, C, H, W)
    target: Tensor  # (B, C', H, W)
    weight: Tensor | None  # (B, 1, H, W)
    names: list[str]
    skipped: tuple[Problem, ...] = ()
    in_unit: Tensor | None = None  # (B, C', H, W)
    clipped: Sequence[tuple[float, float]] = ()
