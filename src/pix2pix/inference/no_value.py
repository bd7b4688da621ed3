"""Pixels of a source that hold no value: what the network makes of them is made up, and the result says so."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pix2pix.data.domains import Domain
from pix2pix.data.resize import fitted
from pix2pix.data.transforms import Geometry, lacks_values
from pix2pix.pictures.array import Array
from pix2pix.pictures.meaning import said_of

log = logging.getLogger(__name__)
Valid = NDArray[np.bool_]  # (H, W)
NAMED = 3  # files that a message names
WHY = (
    "what the result shows there is made up: its numbers have none for it (a target of the training that has one says"
    " data.target={kind:raw,…,nodata:…})"
)


def may_lack_values(domain: Domain, stored: Array) -> bool:
    """Whether pixels of a file can hold none, by a part of it as stored."""
    return domain.kind == "raw" or (lacks_values(domain) and said_of(stored).nodata is not None)


def valid_of(domain: Domain, stored: Array, size: Sequence[int] | None = None) -> Valid | None:
    """(H, W), False where a source as stored holds no value (NaN, infinite, nodata); None where all pixels do.

    Args:
        size: what it is resized to, as for `Translator.encode`: what a pixel without value has a part in has none.
    """
    valid = domain.prepare(stored, "").valid if may_lack_values(domain, stored) else None
    if valid is None or size is None:
        return valid
    sides = fitted(valid.shape, size)
    return Geometry(scaled=sides, size=sides).move_valid(valid, domain.interpolation)


class MadeUp:
    """Takes away what translations show where their sources hold no value, and counts what cannot be taken away.

    Attributes:
        pixels: that show what is made up, of each name.
        at_once: it is told at the first such picture.
    """

    def __init__(self, *, at_once: bool = True) -> None:
        self.pixels: Counter[str] = Counter()
        self.at_once = at_once

    def __str__(self) -> str:
        names = ", ".join(list(self.pixels)[:NAMED])
        more = f" and {len(self.pixels) - NAMED} more" if len(self.pixels) > NAMED else ""
        return f"{names}{more}: {self.pixels.total()} pixels of the source hold no value, and {WHY}"

    def taken_from(self, values: Array, valid: Valid | None, domain: Domain, name: str) -> Array:
        """(H, W, C) with the domain's nodata, or else NaN, where its source has no value, if its numbers have it."""
        if valid is None or valid.all():
            return values
        nodata = getattr(domain, "nodata", None)
        if nodata is not None and (domain.kind == "raw" or values.shape[2] == 1) and _holds(values.dtype, nodata):
            values[~valid] = nodata
        elif values.dtype.kind == "f":
            values[~valid] = np.nan
        else:
            self.pixels[name] += int(np.count_nonzero(~valid))
            if self.at_once:
                self.at_once = False
                log.warning("%s: pixels of the source hold no value, and %s; so of all such pictures", name, WHY)
        return values


def _holds(dtype: np.dtype[np.generic], number: float) -> bool:
    if dtype.kind == "f":
        return True
    limits = np.iinfo(dtype)  # type: ignore[type-var]
    return limits.min <= number <= limits.max and number == int(number)
