"""Pixels of a source that hold no value: what the network makes of them is made up, and the result says so."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pix2pix.data.domains import Domain
from pix2pix.data.resize import fitted, resize
from pix2pix.pictures.array import Array

log = logging.getLogger(__name__)
Valid = NDArray[np.bool_]  # (H, W)
_told: set[str] = set()


def may_lack_values(domain: Domain) -> bool:
    """Whether pixels of a domain's pictures can hold none. What has no class is a source like any other."""
    return domain.kind == "raw"


def valid_of(domain: Domain, stored: Array, size: Sequence[int] | None = None) -> Valid | None:
    """(H, W), False where a source as stored holds no value (NaN, infinite, nodata); None where all pixels do.

    Args:
        size: what it is resized to, as for `Translator.encode`.
    """
    if not may_lack_values(domain):
        return None
    valid = domain.prepare(stored, "").valid
    if valid is None or size is None:
        return valid
    sides = fitted(valid.shape, size)
    return resize(valid[:, :, None], sides, "nearest")[:, :, 0]


def without_made_up(domain: Domain, values: Array, valid: Valid | None, name: str) -> Array:
    """A translation (H, W, C) with no value where its source has none: the domain's nodata, or else NaN.

    Where its numbers have neither, this is told, once of each kind of result.
    """
    if valid is None or valid.all():
        return values
    nodata = getattr(domain, "nodata", None)
    as_number = domain.kind == "raw" or values.shape[2] == 1
    if nodata is not None and as_number:
        values[~valid] = nodata
    elif values.dtype.kind == "f":
        values[~valid] = np.nan
    elif valid.any() and domain.kind not in _told:  # of pictures without any it is told what they are
        _told.add(domain.kind)
        log.warning(
            "%s: %.1f %% of the source's pixels hold no value, and what the result shows there is made up: its numbers"
            " have none for it (a target of the training that has one says data.target={kind:raw,…,nodata:…}); so of"
            " all such pictures",
            name,
            100 * (1 - valid.mean()),
        )
    return values
