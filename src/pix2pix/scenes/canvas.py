"""Shapes onto pixels: a picture of surface numbers and a picture of shadow, and the table of what each surface is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pix2pix.scenes.things import Colour, Point

SHADOW = 255  # where the sun does not reach


class Label(IntEnum):
    """The classes of a label map."""

    SKY = 0
    HILL = 1
    WALL = 2
    ROOF = 3
    WINDOW = 4
    DOOR = 5
    TREE = 6
    PAVEMENT = 7
    ROAD = 8
    CAR = 9
    PERSON = 10
    LAMP = 11


@dataclass(frozen=True)
class Courses:
    """A surface laid in rows: bricks, boards or tiles, within a box; lengths in units of the picture's height."""

    kind: str  # brick, boards, tiles
    left: float
    top: float
    right: float
    bottom: float
    period: float  # height of a row
    phase: Point  # in rows, in bricks


@dataclass
class Surfaces:
    """What each surface number of a canvas is; row i of every list belongs to surface i."""

    label: list[int] = field(default_factory=list)
    colour: list[Colour] = field(default_factory=list)
    speckle: list[float] = field(default_factory=list)  # how strongly noise shows, as a share of the colour
    shaded: list[float] = field(default_factory=list)  # 1 where cast shadows fall on it, 0 where they pass behind
    sunlit: list[float] = field(default_factory=list)  # share of the sun's light that it gets
    glow: list[Colour] = field(default_factory=list)  # light of its own at night, 0..255
    part: list[int] = field(default_factory=list)  # surfaces of one part have no edge between them
    courses: dict[int, Courses] = field(default_factory=dict)

    def add(
        self,
        label: Label,
        colour: Colour,
        *,
        speckle: float = 0.0,
        shaded: bool = False,
        sunlit: float = 1.0,
        glow: Colour = (0.0, 0.0, 0.0),
        part: int | None = None,
    ) -> int:
        """A new surface; returns its number. `part`: the surface whose part it is, itself by default."""
        number = len(self.label)
        self.label.append(int(label))
        self.colour.append(colour)
        self.speckle.append(speckle)
        self.shaded.append(float(shaded))
        self.sunlit.append(sunlit)
        self.glow.append(glow)
        self.part.append(number if part is None else self.part[part])
        return number


class Layer:
    """A picture of numbers that shapes are drawn into, later over earlier.

    Lengths are in units of the picture's height.
    """

    def __init__(self, mode: str, height: int, width: int) -> None:
        self._image = Image.new(mode, (width, height))
        self._draw = ImageDraw.Draw(self._image)
        self._scale = height

    def box(self, left: float, top: float, right: float, bottom: float, number: int) -> None:
        """An upright rectangle, at least one pixel wide and high."""
        scale = self._scale
        x, y = round(left * scale), round(top * scale)
        self._draw.rectangle(
            (x, y, max(round(right * scale) - 1, x), max(round(bottom * scale) - 1, y)),
            fill=number,
        )

    def polygon(self, points: Sequence[Point], number: int) -> None:
        """A filled polygon."""
        scale = self._scale
        self._draw.polygon([(x * scale - 0.5, y * scale - 0.5) for x, y in points], fill=number)

    def ellipse(self, x: float, y: float, across: float, down: float, number: int) -> None:
        """An ellipse by its centre and radii."""
        scale = self._scale
        self._draw.ellipse(
            (
                (x - across) * scale - 0.5,
                (y - down) * scale - 0.5,
                (x + across) * scale - 0.5,
                (y + down) * scale - 0.5,
            ),
            fill=number,
        )

    def pixels(self) -> NDArray[np.generic]:
        """A copy of the numbers so far, (height, width)."""
        return np.array(self._image)


class Canvas:
    """Where a scene is drawn: `surface` says what is seen at each pixel, `shadow` where the sun does not reach."""

    def __init__(self, height: int, width: int) -> None:
        self.surface = Layer("I", height, width)
        self.shadow = Layer("L", height, width)
        self.surfaces = Surfaces()
