"""Photographs: RGB, grey, and the two sides of colourisation, the lightness L and the colours a and b of CIE Lab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from pix2pix.data.domains.domain import Encoded, Interpolation, Prepared, channels_first, channels_last, to_plain
from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.lab import rgb_to_lab, rgb_to_lightness
from pix2pix.pictures.meaning import opaque, said_of, typed_raw, without_alpha

AB_LIMIT = np.float32(110)  # sRGB reaches from -107.9 to 98.3


@dataclass(frozen=True)
class _Levels:
    """Whole numbers of 8 or 16 bits, all of which are used: 0 is -1, and the largest is +1."""

    bits: Literal[8, 16] = 8

    kind: ClassVar[str]
    interpolation: ClassVar[Interpolation] = "bicubic"
    unit: ClassVar[None] = None

    def __post_init__(self) -> None:
        if self.bits not in (8, 16):
            raise ValueError(
                f"{self.kind}: bits is {self.bits!r}; expected 8 or 16 (for another depth: raw and its range)"
            )

    def encode(self, values: Array) -> Encoded:
        """(H, W, C) of 8 or 16 bits to (C, H, W) in [-1, 1]."""
        encoded = channels_first(values)
        encoded *= np.float32(2 / self._largest)
        encoded -= 1
        return encoded

    def decode(self, encoded: Array) -> Array:
        """(C, H, W) in [-1, 1] to (H, W, C), uint8 or uint16 by `bits`, rounded."""
        levels = (np.asarray(encoded, np.float32) + 1) * np.float32(self._largest / 2)
        return channels_last(np.rint(levels).clip(0, self._largest).astype(f"uint{self.bits}"))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `domain_from_dict`."""
        return to_plain(self)

    @property
    def _largest(self) -> int:
        return (1 << self.bits) - 1


@dataclass(frozen=True)
class Rgb(_Levels):
    """Colour pictures of 8 or 16 bits a channel; a grey file is repeated, what its file calls alpha is dropped."""

    kind: ClassVar[str] = "rgb"
    channels: ClassVar[int] = 3

    def prepare(self, stored: Array, name: str) -> Prepared:
        """Values are RGB (H, W, 3) in the file's depth. Raises BadPairError for another depth or count of channels."""
        return Prepared(_as_rgb(_opaque(stored, self.bits, self.kind, name)), _with_value(stored), 0.0)


@dataclass(frozen=True)
class Grey(_Levels):
    """Grey pictures of 8 or 16 bits; a colour file gives its luma (Rec. 601), what its file calls alpha is dropped."""

    kind: ClassVar[str] = "grey"
    channels: ClassVar[int] = 1

    def prepare(self, stored: Array, name: str) -> Prepared:
        """Values are (H, W, 1) in the file's depth. Raises BadPairError for another depth or channels of no colour."""
        grey = _opaque(stored, self.bits, self.kind, name)
        if grey.shape[2] == 3 and not said_of(stored).colour:
            raise BadPairError(
                f"{name}: has 3 channels that the file does not call colours, so that they have no grey; use the domain"
                f" raw: {typed_raw(3)}"
            )
        return Prepared(_luma(grey) if grey.shape[2] == 3 else grey, _with_value(stored), 0.0)


@dataclass(frozen=True)
class _Lab:
    """One side of an 8-bit photograph in Lab. It stays RGB until `encode`, so that both sides are resized alike."""

    kind: ClassVar[str]
    interpolation: ClassVar[Interpolation] = "bicubic"
    unit: ClassVar[None] = None

    def prepare(self, stored: Array, name: str) -> Prepared:
        """Values are uint8 RGB (H, W, 3). Raises BadPairError for another depth or count of channels."""
        return Prepared(_as_rgb(_opaque(stored, 8, self.kind, name)), _with_value(stored), 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `domain_from_dict`."""
        return to_plain(self)


@dataclass(frozen=True)
class LabL(_Lab):
    """The lightness L of an 8-bit colour (or grey) file; [0, 100] is mapped to [-1, 1]."""

    kind: ClassVar[str] = "lab_l"
    channels: ClassVar[int] = 1

    def encode(self, values: Array) -> Encoded:
        """Uint8 RGB (H, W, 3) to (1, H, W) in [-1, 1]."""
        return (rgb_to_lightness(values) / 50 - 1).clip(-1, 1)

    def decode(self, encoded: Array) -> Array:
        """(1, H, W) to L, float32 (H, W, 1) in [0, 100]."""
        return channels_last((np.asarray(encoded, np.float32).clip(-1, 1) + 1) * 50)


@dataclass(frozen=True)
class LabAb(_Lab):
    """The colours a and b of an 8-bit colour file; [-110, 110] is mapped to [-1, 1]."""

    kind: ClassVar[str] = "lab_ab"
    channels: ClassVar[int] = 2

    def encode(self, values: Array) -> Encoded:
        """Uint8 RGB (H, W, 3) to (2, H, W) in [-1, 1]."""
        return (rgb_to_lab(values)[1:] / AB_LIMIT).clip(-1, 1)

    def decode(self, encoded: Array) -> Array:
        """(2, H, W) to a and b, float32 (H, W, 2) in [-110, 110]; `view_pair` joins them with L to a picture."""
        return channels_last(np.asarray(encoded, np.float32).clip(-1, 1) * AB_LIMIT)


def _opaque(stored: Array, bits: int, kind: str, name: str) -> Array:
    """A grey (H, W, 1) or colour (H, W, 3) picture of the given depth, what its file calls alpha dropped."""
    values = without_alpha(stored, name, f"the domain {kind}")
    channels = values.shape[2]
    if channels not in (1, 3):
        raise BadPairError(
            f"{name}: has {channels} channels; the domain {kind} expects 1 or 3, grey or colour, beside what files call"
            f" alpha; use the domain raw with channels={channels} and its range: {typed_raw(channels)}"
        )
    found = {"uint8": 8, "uint16": 16}.get(stored.dtype.name)
    if found != bits:
        advice = "use the domain raw with its range"
        if found and kind in ("rgb", "grey"):
            advice = f"set bits={found}: 'data.source={{kind:{kind},bits:{found}}}', or data.target= for that side"
        raise BadPairError(f"{name}: holds {stored.dtype}; the domain {kind} expects uint{bits} here; {advice}")
    return np.asarray(values)


def _with_value(stored: Array) -> NDArray[np.bool_] | None:
    """(H, W), False where all channels are what the file calls nodata, as round an aerial photo; None: nowhere."""
    nodata = said_of(stored).nodata
    if nodata is None:
        return None
    valid: NDArray[np.bool_] = (np.asarray(opaque(stored)) != nodata).any(axis=2)
    return None if valid.all() else valid


def _as_rgb(values: Array) -> Array:
    return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values


def _luma(rgb: Array) -> Array:
    """0.299 R + 0.587 G + 0.114 B, rounded, in 1/65536 as Pillow has it."""
    red, green, blue = (rgb[:, :, channel].astype(np.uint32) for channel in range(3))
    return ((19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16).astype(rgb.dtype)[:, :, None]
