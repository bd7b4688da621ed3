"""Colourisation: the photo is both sides, and their domains take its lightness and its colours apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pix2pix.data.derive.derivation import Derived, Plain
from pix2pix.pictures.array import Array


@dataclass(frozen=True)
class Grey:
    """The source is the photo: domain `lab_l` sees its L, and `lab_ab` of the target its a and b, as in the paper.

    With the domains `grey` and `rgb` the generator makes all three colours from the luma instead.
    """

    domains: ClassVar[tuple[Plain | None, Plain | None]] = ({"kind": "lab_l"}, {"kind": "lab_ab"})

    def __call__(self, photo: Array, name: str) -> Derived:
        """The photo itself."""
        return Derived(photo)
