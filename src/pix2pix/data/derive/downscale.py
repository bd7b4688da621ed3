"""Super-resolution: the source is the photo without its fine detail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pix2pix.data.derive.derivation import Derived, Plain
from pix2pix.pictures.array import Array


@dataclass(frozen=True)
class Downscale:
    """Shrinks by `factor`, antialiased, and brings the small picture back to size; both bicubic.

    Raises ValueError for a factor below 2.
    """

    factor: int = 4

    domains: ClassVar[tuple[Plain | None, Plain | None]] = (None, None)

    def __post_init__(self) -> None:
        if self.factor < 2:
            raise ValueError(f"data.factor is {self.factor}; expected 2 or more")

    def __call__(self, photo: Array, name: str) -> Derived:
        """(H, W, C) of any dtype that can be resized to the same, of about H / factor by W / factor true pixels."""
        from pix2pix.data.resize import resize  # imports torch, and `pix2pix data check` does without

        height, width = photo.shape[:2]
        small = (max(round(height / self.factor), 1), max(round(width / self.factor), 1))
        return Derived(resize(resize(photo, small, "bicubic"), (height, width), "bicubic"))
