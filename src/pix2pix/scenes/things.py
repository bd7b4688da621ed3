"""What stands in a scene, as plain numbers that know no pixels.

Lengths are in units of the picture's height: y runs from 0 (top) to 1 (bottom), x from 0 (left) to width / height, so
that a scene is the same at every size.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

Colour = tuple[float, float, float]  # red, green, blue in 0..255
Point = tuple[float, float]

BLACK: Colour = (0.0, 0.0, 0.0)
WHITE: Colour = (255.0, 255.0, 255.0)

# Ground lengths along the line of sight look this much shorter than the same lengths across the picture.
FORESHORTENING = 0.35


@dataclass(frozen=True)
class Sun:
    """The one light of a scene: where shadows fall, and the colours of light and sky."""

    side: float  # shadows move this far to the right, per length of way
    drop: float  # and this far down a wall
    direct: Colour  # what a fully lit surface receives, 1 is its own colour
    ambient: Colour
    zenith: Colour
    haze: Colour
    clouds: float  # share of the sky, about


@dataclass(frozen=True)
class Building:
    """A house front. All its parts share one style; rows of windows have blinds or light together."""

    left: float
    right: float
    eave: float
    floors: int
    columns: int
    roof: str  # flat, gable, hip
    roof_height: float
    wall: Colour
    trim: Colour
    tiles: Colour
    accent: Colour  # door, shutters, awning
    texture: str  # plaster, brick, boards
    period: float  # height of one course
    phase: Point
    arched: bool
    shutters: bool
    cross_bars: bool
    shop: bool
    door_column: int
    blinds: tuple[bool, ...]  # by floor, the ground floor first
    lit: tuple[bool, ...]
    lamplight: Colour  # of the lit windows at night


@dataclass(frozen=True)
class Tree:
    """A street tree: round, poplar or conifer; clumps are circles in units of the crown."""

    x: float
    foot: float
    height: float
    spread: float
    kind: str
    leaves: Colour
    clumps: tuple[tuple[float, float, float], ...]  # x in -1..1, y in -1..1, radius


@dataclass(frozen=True)
class Car:
    """A car seen from its side."""

    left: float
    foot: float
    length: float
    height: float
    body: Colour
    forward: int  # 1 drives to the right, -1 to the left
    kind: str  # saloon, hatchback, van


@dataclass(frozen=True)
class Person:
    """Somebody on the pavement."""

    x: float
    foot: float
    height: float
    shirt: Colour
    trousers: Colour
    skin: Colour
    hair: Colour
    stride: float


@dataclass(frozen=True)
class Lamp:
    """A street lamp; `arm` points to the side of its head."""

    x: float
    foot: float
    height: float
    arm: float


@dataclass(frozen=True)
class World:
    """One scene."""

    extent: float  # width / height of the picture
    sun: Sun
    base: float  # y where the fronts meet the pavement
    kerb: float  # y where the pavement meets the road
    hills: tuple[tuple[Colour, tuple[Point, ...]], ...]  # far to near, outlines from the left edge to the right
    buildings: tuple[Building, ...]
    trees: tuple[Tree, ...]
    cars: tuple[Car, ...]
    people: tuple[Person, ...]
    lamps: tuple[Lamp, ...]
    paving: Colour
    asphalt: Colour
    phase: float  # where dashes and joints begin


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """A colour from hue (in turns), saturation and value (0 to 1)."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))
    return (255 * red, 255 * green, 255 * blue)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of the second colour, the rest of the first."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return (red, green, blue)
