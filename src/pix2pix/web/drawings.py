"""Drawings of 8-bit colours as pictures of a source domain: the brushes that suit it, and the way back from a view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pix2pix.data.domains import Domain, Grey, Labels, LabL, Raw, Rgb, view_palette
from pix2pix.data.domains.view import Picture
from pix2pix.pictures.array import Array
from pix2pix.segmentation_score.palette import NoPaletteError, find_palette

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
SWATCHES = (BLACK, WHITE, (220, 50, 47), (230, 160, 30), (90, 170, 60), (40, 120, 210), (130, 80, 170), (120, 80, 50))


def brushes(domain: Domain, examples: Sequence[Picture]) -> dict[str, Any]:
    """What the page draws with: colours, whether others may be chosen, and the colour of an empty canvas.

    Colour pictures that turn out to be label maps (by `examples`, views of sources) get the colours of their classes.
    `draw` is false where colours cannot say what a picture holds: more than 3 channels of numbers.
    """
    if isinstance(domain, Labels):
        palette = view_palette(domain)
        return _brushes([*palette], palette[0], "classes")
    if isinstance(domain, Grey | LabL):
        return _brushes([BLACK, WHITE, (128, 128, 128)], WHITE, "pencil")
    if isinstance(domain, Raw):
        free = domain.channels > 1
        return _brushes([WHITE, BLACK, (128, 128, 128)], BLACK, "colours" if free else "pencil") | {
            "draw": domain.channels <= 3
        }
    if isinstance(domain, Rgb) and examples:
        try:
            palette = find_palette(examples).colours
            return _brushes([*palette], palette[0], "classes")
        except NoPaletteError:
            pass
    return _brushes([*SWATCHES], WHITE, "colours")


def _brushes(colours: list[tuple[int, int, int]], background: tuple[int, int, int], kind: str) -> dict[str, Any]:
    return {"kind": kind, "colours": colours, "background": background, "draw": True}


def as_stored(domain: Domain, drawing: Array) -> Array:
    """A drawing in the colours of the domain's view, as a stored picture of the domain.

    Args:
        drawing: uint8 (H, W, 3), or with any channels where the domain reads 8-bit pictures anyway.

    Returns:
        (H, W, C). Depth beyond 8 bits is filled by repetition, a range of numbers from its low (black) to its high
        (white); channels of numbers beyond the third are low.
    """
    if isinstance(domain, Labels) and domain.palette is None:
        colours = Labels(palette=view_palette(domain))
        return colours.prepare(drawing, "the drawing").values
    if isinstance(domain, Rgb | Grey) and domain.bits == 16:
        return drawing.astype(np.uint16) * 257
    if isinstance(domain, Raw):
        levels = drawing[:, :, [0, 1] if domain.channels == 2 else slice(0, min(domain.channels, 3))]
        encoded = np.full((domain.channels, *drawing.shape[:2]), -1, np.float32)
        encoded[: levels.shape[2]] = levels.transpose(2, 0, 1) / np.float32(127.5) - 1
        return domain.decode(encoded)
    return drawing
