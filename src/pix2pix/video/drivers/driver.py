"""What every driver does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Protocol

from pix2pix.video.reading import Picture


class Driver(Protocol):
    """Draws what moves in a frame.

    Attributes:
        name: as `drivers.DRIVERS` has it.
        studied: how many frames of a film, spread over it, it wants to see before it draws the first; 0: none.
        drawn: the domain of its drawings, "grey" or "rgb".
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def studied(self) -> int: ...  # noqa: D102

    @property
    def drawn(self) -> Literal["grey", "rgb"]: ...  # noqa: D102

    def study(self, frames: Iterable[Picture]) -> None:
        """Look at a film beforehand. Raises FilmError where nothing can be made of it."""
        ...

    def __call__(self, frame: Picture, size: tuple[int, int]) -> Picture | None:
        """Draw a frame, uint8 RGB (H, W, 3), as uint8 (*size, 3); None where there is nothing to draw."""
        ...

    def geometry(self) -> dict[str, Any]:
        """What is to be known of the film that was drawn, to make others fit it: plain values, for JSON."""
        ...
