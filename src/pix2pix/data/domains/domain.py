"""What every domain does: the protocol that the transforms, the training and the translation rely on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pix2pix.pictures.array import Array

Interpolation = Literal["bicubic", "nearest"]
Encoded = NDArray[np.float32]  # (C, H, W) in [-1, 1]


class Prepared(NamedTuple):
    """A stored picture made ready for resizing and cropping."""

    values: Array  # (H, W, C')
    valid: NDArray[np.bool_] | None  # (H, W), False where a pixel does not count; None where all count
    changed: float  # share of the values that had to be clipped, or of the pixels that had to be snapped, in [0, 1]


class Domain(Protocol):
    """One side of a pair: `prepare` the stored picture, resize and crop, `encode`; `decode` what a generator gives."""

    @property
    def kind(self) -> str:
        """The name that `domain_from_dict` knows it by."""
        ...

    @property
    def channels(self) -> int:
        """Channels of the encoded picture, so of the network's input or output."""
        ...

    @property
    def interpolation(self) -> Interpolation:
        """How prepared values may be resized."""
        ...

    @property
    def unit(self) -> str | None:
        """The unit of the decoded values, where they have one."""
        ...

    def prepare(self, stored: Array, name: str) -> Prepared:
        """Check a stored (H, W, C) picture. Raises BadPairError, which says `name`, where it is not of this domain."""
        ...

    def encode(self, values: Array) -> Encoded:
        """Prepared values (H, W, C') to float32 (C, H, W) in [-1, 1]."""
        ...

    def decode(self, encoded: Array) -> Array:
        """(C, H, W) in [-1, 1] to values (H, W, C) in the domain's own numbers and dtype."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `domain_from_dict` makes an equal domain of."""
        ...


def to_plain(domain: Any) -> dict[str, Any]:
    """A domain's kind and fields, tuples as lists: what YAML, JSON and a checkpoint hold alike."""
    return {"kind": domain.kind} | {key: _as_lists(value) for key, value in asdict(domain).items()}


def _as_lists(value: Any) -> Any:
    return [_as_lists(item) for item in value] if isinstance(value, tuple) else value


def channels_first(values: Array) -> Encoded:
    """(H, W, C) of any dtype to contiguous float32 (C, H, W), not scaled."""
    return np.ascontiguousarray(values.transpose(2, 0, 1)).astype(np.float32)


def channels_last(encoded: Array) -> Array:
    """(C, H, W) to contiguous (H, W, C)."""
    return np.ascontiguousarray(encoded.transpose(1, 2, 0))
