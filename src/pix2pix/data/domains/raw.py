"""Numbers with a range and perhaps a unit: scientific pictures of any number of channels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pix2pix.data.domains.domain import Encoded, Interpolation, Prepared, channels_first, channels_last, to_plain
from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.meaning import in_words, said_of

Pair = tuple[float, float]
MEASURED = "measured"
DTYPES = ("uint8", "uint16", "int16", "int32", "float32", "float64")


@dataclass(frozen=True)
class Raw:
    """`channels` channels of numbers: `range` (low, high) is mapped to [-1, 1].

    range: one pair for all channels, one pair a channel, or "measured": to be fitted to the training split by
        `measure_range` and set by `resolved` before anything is prepared, encoded or decoded.
    unit: what the numbers are, such as "HU"; for people and metrics alone.
    nodata: the number that stands for "nothing measured here". It, what the file itself calls so (GDAL's nodata), NaN
        and infinity make a pixel not valid.
    dtype: of the decoded values; whole numbers are rounded, and survive encoding exactly up to 16 bits.
    """

    channels: int = 1
    range: Pair | tuple[Pair, ...] | str = MEASURED
    unit: str | None = None
    nodata: float | None = None
    dtype: str = "float32"

    kind: ClassVar[str] = "raw"
    interpolation: ClassVar[Interpolation] = "bicubic"

    def __post_init__(self) -> None:
        if self.channels < 1:
            raise ValueError(f"raw: channels is {self.channels}; expected 1 or more")
        if self.dtype not in DTYPES:
            raise ValueError(f"raw: dtype is {self.dtype!r}; expected one of {', '.join(DTYPES)}")
        if not isinstance(self.range, str):
            object.__setattr__(self, "range", _checked_range(self.range, self.channels))
        elif self.range != MEASURED:
            raise ValueError(
                f'raw: range is {self.range!r}; expected [low, high], one such pair a channel, or "{MEASURED}"'
            )

    def resolved(self, range: Pair | Sequence[Pair]) -> Raw:
        """The same domain with its range set."""
        return replace(self, range=range if isinstance(range, tuple) else tuple(range))

    def prepare(self, stored: Array, name: str) -> Prepared:
        """Values are float32 (H, W, C), clipped to the range; `changed` is the clipped share of the valid ones.

        A pixel of which any channel is NaN, infinite or nodata is not valid, and set to the low of the range.
        Raises BadPairError for another number of channels, ValueError before a measured range is resolved.
        """
        low, high = self._limits()
        if stored.shape[2] != self.channels:
            raise BadPairError(
                f"{name}: has {stored.shape[2]} channel(s); the domain raw expects {self.channels}; "
                f"if the file is right ({in_words(stored)}), set channels={stored.shape[2]}"
            )
        valid = valid_pixels(stored, self.nodata)
        stored = np.asarray(stored)
        with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite, and is clipped with the rest
            values = stored.astype(np.float32)
        if valid is not None:
            values[~valid] = low
        outside = np.count_nonzero((values < low) | (values > high))
        counted = values.size if valid is None else self.channels * np.count_nonzero(valid)
        return Prepared(np.clip(values, low, high, out=values), valid, outside / max(counted, 1))

    def encode(self, values: Array) -> Encoded:
        """Float32 (H, W, C) to (C, H, W) in [-1, 1], clipped."""
        low, high = (limit[:, None, None] for limit in self._limits())
        encoded = channels_first(values)
        encoded -= low
        encoded *= 2 / (high - low)
        encoded -= 1
        return np.clip(encoded, -1, 1, out=encoded)  # bicubic resizing overshoots

    def decode(self, encoded: Array) -> Array:
        """(C, H, W) in [-1, 1] to (H, W, C) within the range, in `dtype`; nodata is never invented."""
        low, high = (limit.astype(np.float64) for limit in self._limits())
        values = low + (np.clip(channels_last(encoded), -1, 1).astype(np.float64) + 1) * (high - low) / 2
        dtype = np.dtype(self.dtype)
        if dtype.kind != "f":
            limits = np.iinfo(dtype)
            high = np.minimum(high, limits.max)
            values = np.rint(values).clip(limits.min, limits.max)
        decoded = values.astype(dtype)
        if self.nodata is not None and (said := decoded == self.nodata).any():
            up = self.nodata < high  # (C,): the nearest number within the range
            if dtype.kind == "f":
                beside = np.nextafter(dtype.type(self.nodata), np.where(up, np.inf, -np.inf).astype(dtype))
            else:
                beside = (self.nodata + np.where(up, 1, -1)).astype(dtype)
            decoded = np.where(said, beside, decoded)
        return decoded

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `domain_from_dict`."""
        return to_plain(self)

    def _limits(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The low and the high of each channel, (C,) each."""
        if isinstance(self.range, str):
            raise ValueError(
                'raw: the range is "measured" but has not been measured yet; resolve it with measure_range'
            )
        pairs = np.broadcast_to(np.array(self.range, np.float32), (self.channels, 2))
        return pairs[:, 0], pairs[:, 1]


def measure_range(pictures: Iterable[Array], nodata: float | None = None) -> tuple[Pair, ...]:
    """(low, high) of each channel over stored (H, W, C) pictures, leaving out the pixels that are not valid.

    Raises ValueError where pictures differ in the number of channels, where no pixel is valid, and for a channel that
    is the same everywhere.
    """
    lows: list[NDArray[Any]] = []
    highs: list[NDArray[Any]] = []
    for stored in pictures:
        valid = valid_pixels(stored, nodata)
        stored = np.asarray(stored)
        pixels = stored.reshape(-1, stored.shape[2]) if valid is None else stored[valid]
        if len(pixels):
            lows.append(pixels.min(axis=0))
            highs.append(pixels.max(axis=0))
    counts = sorted({len(low) for low in lows})
    if len(counts) != 1:
        found = f"pictures of {counts} channels" if counts else "no picture with a valid pixel"
        raise ValueError(f"raw: cannot measure a range: found {found}; expected one number of channels")
    limits = tuple(
        (float(low), float(high)) for low, high in zip(np.min(lows, axis=0), np.max(highs, axis=0), strict=True)
    )
    for channel, (low, high) in enumerate(limits):
        if low == high:
            raise ValueError(
                f"raw: channel {channel} is {low} everywhere, so its range cannot be measured; give it as range"
            )
    return limits


def valid_pixels(stored: Array, nodata: float | None) -> NDArray[np.bool_] | None:
    """(H, W), False where a channel is NaN, infinite or nodata, also its file's; None where every pixel is valid."""
    numbers = {nodata, said_of(stored).nodata} - {None}
    stored = np.asarray(stored)
    bad = ~np.isfinite(stored) if stored.dtype.kind == "f" else np.zeros(stored.shape, bool)
    for number in numbers:
        bad |= stored == number
    if not bad.any():
        return None
    return np.logical_not(bad.any(axis=2))


def _checked_range(given: Any, channels: int) -> Pair | tuple[Pair, ...]:
    entries = list(given)
    single = len(entries) == 2 and not any(isinstance(entry, Sequence) for entry in entries)
    pairs = [_checked_pair(pair) for pair in ([entries] if single else entries)]
    if not single and len(pairs) != channels:
        raise ValueError(
            f"raw: range has {len(pairs)} pair(s) for {channels} channel(s); expected one pair, or one a channel"
        )
    return pairs[0] if single else tuple(pairs)


def _checked_pair(pair: Any) -> Pair:
    try:
        low, high = (float(limit) for limit in pair)
    except (TypeError, ValueError):
        raise ValueError(f"raw: range has {pair!r}; expected [low, high]") from None
    if not (np.isfinite([low, high]).all() and np.float32(low) < np.float32(high)):
        raise ValueError(f"raw: range has {[low, high]}; expected a finite low below high, apart in float32")
    return low, high
