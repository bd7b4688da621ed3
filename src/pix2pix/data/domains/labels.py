"""Label maps: one class a pixel, stored as palette colours or as indices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from pix2pix.data.domains.domain import Encoded, Interpolation, Prepared, to_plain
from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.meaning import said_of, without_alpha

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Labels:
    """Classes as colours of a palette of (red, green, blue), or, without a palette, as indices 0 to classes - 1.

    Colours outside the palette, as JPEG and antialiasing make them, become the nearest (the first of equally near).
    Without a palette, a file that stores indices and their colours (a palette PNG or TIFF) gives its indices.

    Attributes:
        encoding: `planes`: one channel a class, +1 in the class and -1 elsewhere, decoded to the largest. `colours`:
            the palette's colours in three channels, decoded to the nearest, as the paper regresses labels.
        nodata: the index, often 255 or -1, of pixels of no class. Those do not count in a target; in a source they have
            no class, so -1 in every plane.
    """

    palette: tuple[Colour, ...] | None = None
    classes: int | None = None
    encoding: Literal["planes", "colours"] = "planes"
    nodata: int | None = None

    kind: ClassVar[str] = "labels"
    interpolation: ClassVar[Interpolation] = "nearest"
    unit: ClassVar[None] = None

    def __post_init__(self) -> None:
        if self.encoding not in ("planes", "colours"):
            raise ValueError(f"labels: encoding is {self.encoding!r}; expected planes or colours")
        if self.palette is None:
            if self.encoding == "colours":
                raise ValueError("labels: encoding is colours, but there is no palette that has any")
            if self.classes is None or not 1 <= self.classes <= 65536:
                raise ValueError(f"labels: classes is {self.classes!r}; expected 1 to 65536, or a palette")
            if self.nodata is not None and 0 <= self.nodata < self.classes:
                raise ValueError(f"labels: nodata is {self.nodata}, which is one of the {self.classes} classes")
            return
        if self.nodata is not None:
            raise ValueError("labels: nodata is an index, and with a palette there are none; leave one of the two out")
        palette = _checked_palette(self.palette)
        if self.classes not in (None, len(palette)):
            raise ValueError(
                f"labels: classes is {self.classes}, but the palette has {len(palette)} colours; leave it out"
            )
        object.__setattr__(self, "palette", palette)

    @property
    def channels(self) -> int:
        """One a class, or red, green and blue."""
        return 3 if self.encoding == "colours" else self.class_count

    @property
    def class_count(self) -> int:
        """How many classes there are."""
        if self.palette is not None:
            return len(self.palette)
        assert self.classes is not None
        return self.classes

    def prepare(self, stored: Array, name: str) -> Prepared:
        """Values are class indices (H, W, 1), uint8 (uint16 for more than 256); nodata becomes one above the classes.

        `changed` is the share of pixels whose colour was not in the palette. Raises BadPairError for a picture that
        cannot be in the palette's colours, and for indices outside of the classes.
        """
        if self.palette is None:
            indices = self._checked_indices(stored, name)
            valid = indices[:, :, 0] < self.class_count
            return Prepared(indices, None if self.nodata is None or valid.all() else valid, 0.0)
        indices, snapped = _nearest_of(self.palette)(self._colours(stored, name))
        return Prepared(indices.astype(self._index_dtype)[:, :, None], None, snapped)

    def encode(self, values: Array) -> Encoded:
        """Class indices (H, W, 1) to (channels, H, W): of -1 and +1, or the colours from -1 to 1."""
        if self.encoding == "colours":
            return np.ascontiguousarray(self.encoded_palette[values[:, :, 0]].transpose(2, 0, 1))
        planes = self.channels + (self.nodata is not None)  # the last one is of no class
        encoded = np.full((planes, *values.shape[:2]), -1, np.float32)
        np.put_along_axis(encoded, values[None, :, :, 0].astype(np.intp), 1, axis=0)
        return encoded[: self.channels]

    def decode(self, encoded: Array) -> Array:
        """(channels, H, W) as uint8 colours (H, W, 3) of the palette, or without one as indices (H, W, 1)."""
        indices = self.nearest(encoded)
        if self.palette is None:
            return indices.astype(self._index_dtype)[:, :, None]
        return np.array(self.palette, np.uint8)[indices]

    def nearest(self, encoded: Array) -> NDArray[np.intp]:
        """The class whose own encoding is nearest to (channels, H, W): (H, W), the first of equally near."""
        scores = encoded
        if self.encoding == "colours":  # min |x - c|² is max x·c - |c|² / 2
            colours = self.encoded_palette
            scores = np.einsum("kc,chw->khw", colours, encoded) - (colours**2).sum(1)[:, None, None] / 2
        classes: NDArray[np.intp] = np.argmax(scores, axis=0)
        return classes

    @property
    def encoded_palette(self) -> NDArray[np.float32]:
        """(classes, 3) in [-1, 1]."""
        return np.array(self.palette, np.float32) / np.float32(127.5) - np.float32(1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for `domain_from_dict`."""
        return to_plain(self)

    @property
    def _index_dtype(self) -> type[np.uint8] | type[np.uint16]:
        return np.uint8 if self.class_count + (self.nodata is not None) <= 256 else np.uint16

    def _checked_indices(self, stored: Array, name: str) -> Array:
        palette = said_of(stored).palette
        stored = without_alpha(stored, name, "the domain labels")
        if palette and stored.shape[2] == 3:
            stored = _indices_of(palette, stored)
        if stored.shape[2] != 1 or stored.dtype.kind not in "bui":
            raise BadPairError(
                f"{name}: has {stored.shape[2]} channel(s) of {stored.dtype}; expected 1 channel of class indices; "
                f"for a picture of colours give the domain labels its palette"
            )
        missing = None if self.nodata is None else stored == self.nodata
        if missing is not None:
            stored = np.where(missing, 0, stored)
        low, high = int(stored.min()), int(stored.max())
        if low < 0 or high >= self.class_count:
            raise BadPairError(
                f"{name}: holds the class indices {low} to {high}; "
                f"expected 0 to {self.class_count - 1}, since classes={self.class_count}"
                + ("" if self.nodata is not None else "; if one of them means no class, set nodata to it")
            )
        indices: Array = np.asarray(stored.astype(self._index_dtype, copy=False))
        return indices if missing is None else np.where(missing, self._index_dtype(self.class_count), indices)

    def _colours(self, stored: Array, name: str) -> Array:
        """RGB (H, W, 3): a grey file is repeated if the palette is grey too; otherwise its numbers are no colours."""
        assert self.palette is not None
        stored = np.asarray(without_alpha(stored, name, "the domain labels"))
        channels = stored.shape[2]
        if stored.dtype != np.uint8 or channels not in (1, 3):
            raise BadPairError(
                f"{name}: has {channels} channel(s) of {stored.dtype}; "
                f"expected the palette's colours: 3 channels of uint8"
            )
        if channels == 3:
            return stored
        if any(red != green or green != blue for red, green, blue in self.palette):
            raise BadPairError(
                f"{name}: has 1 channel without colour, but the palette has colours; "
                f"if it holds class indices, set classes={self.class_count} and no palette"
            )
        return np.repeat(stored, 3, axis=2)


def _checked_palette(palette: Sequence[Sequence[int]]) -> tuple[Colour, ...]:
    if not 1 <= len(palette) <= 65535:
        raise ValueError(f"labels: the palette has {len(palette)} colours; expected 1 to 65535")
    colours: dict[Colour, None] = {}  # in order
    for entry in palette:
        colour = tuple(entry)
        if len(colour) != 3 or not all(isinstance(level, int) and 0 <= level <= 255 for level in colour):
            raise ValueError(f"labels: the palette has {list(colour)}; expected [red, green, blue] from 0 to 255")
        if colour in colours:
            raise ValueError(f"labels: the palette has {list(colour)} twice; every class needs a colour of its own")
        colours[colour[0], colour[1], colour[2]] = None
    return tuple(colours)


def _indices_of(palette: Sequence[Colour], colours: Array) -> Array:
    """(H, W, 1): the indices that a file's palette, which has each of the colours, turned into (H, W, 3)."""
    keys = _key(np.array(palette, np.int32))
    known, first = np.unique(keys, return_index=True)
    indices: Array = first[np.searchsorted(known, _key(np.asarray(colours)))]
    return indices[:, :, None]


class _Nearest:
    """The nearest palette entry of 24-bit colours, remembered in a table of all 2^24.

    Memory is taken only by those pages of the table that are written to.
    """

    def __init__(self, palette: tuple[Colour, ...]) -> None:
        self.palette = np.array(palette, np.int32)
        self.keys = _key(self.palette)
        self.table = np.zeros(1 << 24, np.uint16)  # entry + 1; 0: not looked up yet
        self.table[self.keys] = np.arange(1, len(palette) + 1)

    def __call__(self, rgb: Array) -> tuple[NDArray[np.uint16], float]:
        """Entries (H, W) for colours (H, W, 3), and the share of pixels whose colour is not itself in the palette."""
        keys = _key(rgb)
        found = self.table[keys]
        new = keys[found == 0]
        if new.size:
            unknown = np.unique(new)
            self.table[unknown] = self._search(unknown) + 1
            found = self.table[keys]
        entries = found - np.uint16(1)
        return entries, float(np.mean(self.keys[entries] != keys))

    def _search(self, keys: NDArray[np.int32]) -> NDArray[np.uint16]:
        red, green, blue = keys >> 16, keys >> 8 & 255, keys & 255
        nearest = np.zeros(keys.shape, np.uint16)
        smallest = np.full(keys.shape, np.iinfo(np.int32).max, np.int32)
        for entry, (r, g, b) in enumerate(self.palette):
            distance = (red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2
            nearest[distance < smallest] = entry
            np.minimum(smallest, distance, out=smallest)
        return nearest


@lru_cache(maxsize=8)
def _nearest_of(palette: tuple[Colour, ...]) -> _Nearest:
    return _Nearest(palette)


def _key(rgb: Array) -> NDArray[np.int32]:
    """(..., 3) to red 2^16 + green 2^8 + blue."""
    red, green, blue = (rgb[..., channel].astype(np.int32) for channel in range(3))
    return red << 16 | green << 8 | blue
