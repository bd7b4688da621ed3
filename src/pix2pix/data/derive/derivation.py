"""What every derivation does: make the source of a pair from its target."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array

Plain = dict[str, Any]  # a domain as `domain_from_dict` takes it


class Derived(NamedTuple):
    """The source that was made, and where the target counts."""

    source: Array  # (H, W, C)
    counts: NDArray[np.bool_] | None = None  # (H, W); None: everywhere


class Derivation(Protocol):
    """Makes a source of the same height and width; a function of the photo and its name alone."""

    domains: ClassVar[tuple[Plain | None, Plain | None]]  # of source and target; None: as the pictures are

    def __call__(self, photo: Array, name: str) -> Derived:
        """Raises BadPairError where the photo is of another kind than the derivation works on."""
        ...


def levels(photo: Array, name: str, derive: str) -> int:
    """The largest whole number that the photo's dtype holds. Raises BadPairError for numbers that have none."""
    if photo.dtype not in (np.uint8, np.uint16):
        raise BadPairError(f"{name}: holds {photo.dtype}; data.derive={derive} works on pictures of 8 or 16 bits")
    return int(np.iinfo(photo.dtype).max)
