"""A scene as pictures: photo, night, heat, label map, edges, map and a photo with a hole, all of one size.

The scene is drawn once into surface numbers at a few times the resolution (`Painted`); each picture is a different
look-up of those numbers. Pictures for the eye are averaged down; labels and edges are sampled, so their values stay
exact.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pix2pix.scenes.canvas import Canvas, Label, Surfaces
from pix2pix.scenes.drawing import draw_moving, draw_still
from pix2pix.scenes.texture import texture
from pix2pix.scenes.things import Colour, World

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Numbers = NDArray[np.intp]

# The colours of a label map, one a class in the order of `Label`.
PALETTE: tuple[tuple[int, int, int], ...] = (
    (112, 178, 232),
    (126, 150, 112),
    (208, 150, 106),
    (158, 58, 48),
    (40, 68, 148),
    (236, 196, 52),
    (38, 124, 58),
    (196, 188, 200),
    (84, 84, 96),
    (214, 44, 128),
    (250, 110, 30),
    (18, 18, 20),
)

# The colours of a map: windows and doors are not on it; what moves was never there.
_MAP_COLOURS = {
    Label.SKY: (220, 235, 245),
    Label.HILL: (203, 223, 184),
    Label.WALL: (226, 205, 184),
    Label.WINDOW: (226, 205, 184),
    Label.DOOR: (226, 205, 184),
    Label.ROOF: (205, 156, 134),
    Label.TREE: (150, 194, 130),
    Label.PAVEMENT: (238, 236, 230),
    Label.ROAD: (252, 214, 120),
}
_MAP_LINE = (120, 112, 108)

# How bright each class is to a camera that sees heat, 0 to 255, in the shade; and how much brighter in the sun.
_HEAT = {
    Label.SKY: 16,
    Label.HILL: 66,
    Label.WALL: 104,
    Label.ROOF: 112,
    Label.WINDOW: 84,
    Label.DOOR: 116,
    Label.TREE: 78,
    Label.PAVEMENT: 110,
    Label.ROAD: 122,
    Label.CAR: 150,
    Label.PERSON: 226,
    Label.LAMP: 128,
}
_SUN_HEAT = 26
_SAME_STUFF = 7  # levels by which surfaces of one class differ

_SKY = 0  # the surface that is drawn first
_MOONLIGHT = (0.17, 0.21, 0.35)
_LAMPLIGHT = (1.1, 0.84, 0.48)


class Painted(NamedTuple):
    """A scene drawn at `factor` times the size of its pictures."""

    world: World
    surfaces: Surfaces
    seen: Numbers  # (factor H, factor W), the surface at each pixel
    still: Numbers  # the same before people, lamps and cars were drawn
    shadow: Bytes  # 255 where the sun does not reach
    grain: Floats  # of the materials, a factor around 1
    clouds: Floats  # 0 to 0.85, on a coarse grid
    factor: int


def paint(world: World, size: tuple[int, int], rng: Generator) -> Painted:
    """Draw a scene for pictures of `size` (height, width); `rng` gives the noise of materials and clouds."""
    factor = 3 if min(size) < 160 else 2
    canvas = Canvas(size[0] * factor, size[1] * factor)
    draw_still(canvas, world)
    still = canvas.surface.pixels().astype(np.intp)
    draw_moving(canvas, world)
    seen = canvas.surface.pixels().astype(np.intp)
    shadow = canvas.shadow.pixels().astype(np.uint8)
    grain = texture(canvas.surfaces, seen, rng)
    return Painted(world, canvas.surfaces, seen, still, shadow, grain, _clouds(world, rng), factor)


def photo(painted: Painted) -> Bytes:
    """The scene by day, (H, W, 3)."""
    sun, seen = painted.world.sun, painted.seen
    colour, sunlit, shaded = (
        np.asarray(column, np.float32)
        for column in (painted.surfaces.colour, painted.surfaces.sunlit, painted.surfaces.shaded)
    )
    # colour × (ambient + direct × share of the sun × not in shadow) × grain
    light = painted.grain * (1 - shaded[seen] * painted.shadow / np.float32(255))
    ambient = colour * np.asarray(sun.ambient, np.float32)
    direct = colour * np.asarray(sun.direct, np.float32) * sunlit[:, None]
    planes = [ambient[:, c][seen] * painted.grain + direct[:, c][seen] * light for c in range(3)]
    return _developed(painted, planes, _sky(painted, sun.zenith, sun.haze))


def night(painted: Painted) -> Bytes:
    """The same scene at night: lit windows, street lamps, head lights, (H, W, 3)."""
    surfaces, seen = painted.surfaces, painted.seen
    near = np.asarray(surfaces.label) != Label.HILL
    lamps = _lamplight(painted)
    warmth = lamps * painted.grain
    air = 70 * lamps * lamps * (seen != _SKY)  # what the air between scatters
    colour, glow = np.asarray(surfaces.colour, np.float32), np.asarray(surfaces.glow, np.float32)
    planes = []
    for channel, (moon, warm) in enumerate(zip(_MOONLIGHT, _LAMPLIGHT, strict=True)):
        plane = (colour[:, channel] * moon)[seen] * painted.grain + (colour[:, channel] * warm * near)[seen] * warmth
        shining = glow[:, channel][seen]
        planes.append(plane + shining + _halo(shining) + air * warm)
    return _developed(painted, planes, _sky(painted, (8.0, 12.0, 36.0), (44.0, 50.0, 92.0)))


def heat(painted: Painted) -> Bytes:
    """The scene to a camera that sees heat and no colour, (H, W, 1): people and cars are bright, the sky is dark."""
    surfaces, seen = painted.surfaces, painted.seen
    of_label = np.zeros(len(Label), np.float32)
    for label, warmth in _HEAT.items():
        of_label[label] = warmth
    kind = np.asarray(surfaces.label)
    # golden steps: neighbouring surfaces of one class differ, and nothing about their colour can be read from it
    differ = _SAME_STUFF * (np.arange(len(kind)) * np.float32(0.618034) % 1 - np.float32(0.5))
    sunlit = np.asarray(surfaces.sunlit, np.float32) * (kind != Label.SKY)
    lit = sunlit[seen] * (1 - np.asarray(surfaces.shaded, np.float32)[seen] * painted.shadow / np.float32(255))
    plane = ((of_label[kind] + differ)[seen] + _SUN_HEAT * lit) * painted.grain
    blurred = Image.fromarray(_averaged(np.clip(plane, 0, 255).astype(np.uint8), painted.factor))
    return np.asarray(blurred.filter(ImageFilter.GaussianBlur(blurred.height / 200)))[..., None]


def labels(painted: Painted) -> Bytes:
    """The class of each pixel as its palette colour, (H, W, 3); never a colour outside the palette."""
    classes = np.asarray(painted.surfaces.label)[_sampled(painted.seen, painted.factor)]
    colours: Bytes = np.asarray(PALETTE, np.uint8)[classes]
    return colours


def edges(painted: Painted) -> Bytes:
    """Black lines on white where one part ends and the next begins, (H, W, 1)."""
    parts = np.asarray(painted.surfaces.part)[_sampled(painted.seen, painted.factor)]
    return np.where(_borders(parts), 0, 255).astype(np.uint8)[..., None]


def cartography(painted: Painted) -> Bytes:
    """A flat map-like drawing in a few colours with outlines, without what moves, (H, W, 3)."""
    colour_of_label = np.zeros((len(Label), 3), np.uint8)
    for label, colour in _MAP_COLOURS.items():
        colour_of_label[label] = colour
    kind = np.asarray(painted.surfaces.label)
    drawn = _averaged(colour_of_label[kind][painted.still], painted.factor).copy()
    # windows and doors belong to the wall around them
    kind = np.where((kind == Label.WINDOW) | (kind == Label.DOOR), Label.WALL, kind)
    drawn[_borders(kind[_sampled(painted.still, painted.factor)])] = _MAP_LINE
    return drawn


def with_hole(picture: Bytes, rng: Generator) -> Bytes:
    """The picture with a grey rectangle or ellipse of 8 to 25 % of its area in place of what was there."""
    height, width = picture.shape[:2]
    area, tall = 0.08 + 0.17 * rng.random(), 0.75 + 0.5 * rng.random()
    rectangle = rng.random() < 0.5
    down, across = math.sqrt(area) * tall / 2, math.sqrt(area) / tall / 2  # half sizes, as shares of the sides
    if not rectangle:
        down, across = down * 2 / math.sqrt(math.pi), across * 2 / math.sqrt(math.pi)
    middle_y, middle_x = down + (1 - 2 * down) * rng.random(), across + (1 - 2 * across) * rng.random()
    y = np.abs((np.arange(height)[:, None] + 0.5) / height - middle_y) / down
    x = np.abs((np.arange(width)[None, :] + 0.5) / width - middle_x) / across
    holed = picture.copy()
    holed[np.maximum(y, x) < 1 if rectangle else y * y + x * x < 1] = 128
    return holed


def _sampled(numbers: Numbers, factor: int) -> Numbers:
    return numbers[factor // 2 :: factor, factor // 2 :: factor]


def _borders(parts: NDArray[np.int_]) -> NDArray[np.bool_]:
    """True where the pixel to the right or below is of another part."""
    found = np.zeros(parts.shape, np.bool_)
    found[:, :-1] = parts[:, :-1] != parts[:, 1:]
    found[:-1] |= parts[:-1] != parts[1:]
    return found


def _developed(painted: Painted, planes: list[Floats], sky: Bytes) -> Bytes:
    """Three colour planes, 0 where the sky is seen, averaged down to the size of the pictures, with the sky behind."""
    picture = np.stack(
        [_averaged(np.clip(plane, 0, 255).astype(np.uint8), painted.factor) for plane in planes], axis=-1
    )
    open_sky = _averaged(np.where(painted.seen == _SKY, 255, 0).astype(np.uint8), painted.factor)
    behind = sky * (open_sky[..., None] / np.float32(255))
    return np.minimum(picture + behind, 255).astype(np.uint8)


def _averaged(picture: Bytes, factor: int) -> Bytes:
    return np.asarray(Image.fromarray(picture).reduce(factor))


def _grid(world: World) -> tuple[Floats, Floats]:
    """x and y, in units of the height, of a grid of 64 rows: enough for what changes slowly."""
    columns = max(round(64 * world.extent), 1)
    y = np.linspace(0.5 / 64, 63.5 / 64, 64, dtype=np.float32)[:, None]
    x = np.linspace(0.5 / 64, (columns - 0.5) / 64, columns, dtype=np.float32)[None, :]
    return x, y


def _clouds(world: World, rng: Generator) -> Floats:
    """How much cloud covers the sky, (64, columns): two octaves of noise, longer than high."""
    columns = max(round(64 * world.extent), 1)
    drift = np.zeros((64, columns), np.float32)
    for cells, weight in ((5, 0.65), (16, 0.35)):
        noise = np.tile(rng.random((2 * cells, cells), np.float32), (1, math.ceil(world.extent)))
        box = (0, 0, cells * world.extent, 2 * cells)
        drift += weight * np.asarray(Image.fromarray(noise).resize((columns, 64), Image.Resampling.BICUBIC, box=box))
    cover: Floats = np.clip((drift - 0.85 + 0.7 * world.sun.clouds) * 5, 0, 0.85)
    return cover


def _sky(painted: Painted, zenith: Colour, haze: Colour) -> Bytes:
    """From the zenith's colour at the top to the haze's at the ground, with clouds, (rows, columns, 3)."""
    _, y = _grid(painted.world)
    fall = np.clip(y / painted.world.base, 0, 1)[..., None]
    top, low = np.asarray(zenith, np.float32), np.asarray(haze, np.float32)
    clear = top + (low - top) * fall
    sky = clear + (np.minimum(low * 1.05 + 8, 255) - clear) * painted.clouds[..., None]
    rows, columns = (length // painted.factor for length in painted.seen.shape)
    return np.asarray(Image.fromarray(sky.astype(np.uint8)).resize((columns, rows), Image.Resampling.BILINEAR))


def _lamplight(painted: Painted) -> Floats:
    """How much of the street lamps' light falls on each pixel, 0 to about 1."""
    x, y = _grid(painted.world)
    light = np.zeros((y.shape[0], x.shape[1]), np.float32)
    for lamp in painted.world.lamps:
        down = y - (lamp.foot - lamp.height)
        # a cone below the head, and less above it
        away = (x - lamp.x - lamp.arm) ** 2 + (down * np.where(down > 0, 0.5, 2.0)) ** 2
        light += 0.016 / (0.016 + away)
    rows, columns = painted.seen.shape
    return np.asarray(Image.fromarray(light).resize((columns, rows), Image.Resampling.BILINEAR))


def _halo(shining: Floats) -> Floats:
    """Light spread over the surroundings of what shines."""
    rows, columns = shining.shape
    cells = (max(columns * 20 // rows, 1), 20)
    small = Image.fromarray(shining).resize(cells, Image.Resampling.BOX)
    return np.asarray(small.resize((columns, rows), Image.Resampling.BICUBIC)) * np.float32(0.3)
