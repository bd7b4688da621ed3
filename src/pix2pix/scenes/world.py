"""Draws from a seed what stands in a scene.

Each kind of thing has a random stream of its own and is laid out from the left edge, so a wider picture sees more of
the same street, and how many of one kind there are never changes another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.random import Generator

from pix2pix.scenes.things import Building, Car, Colour, Lamp, Person, Point, Sun, Tree, World, hsv, mix

_Option = TypeVar("_Option")


def random_stream(seed: int, split: int, index: int, kind: int) -> Generator:
    """The random numbers of one kind of thing in one scene, a function of these four alone."""
    return np.random.default_rng([seed, split, index, kind])


def make_world(seed: int, split: int, index: int, extent: float) -> World:
    """Draw the scene `index` of a split, which goes by a number, as far to the right as `extent`."""

    def stream(kind: int) -> Generator:
        return random_stream(seed, split, index, kind)

    rng = stream(0)
    sun = _sun(rng)
    base = _between(rng, 0.68, 0.74)
    kerb = base + _between(rng, 0.075, 0.1)
    season = _season(rng)
    return World(
        extent=extent,
        sun=sun,
        base=base,
        kerb=kerb,
        paving=hsv(_between(rng, 0.04, 0.14), _between(rng, 0.05, 0.25), _between(rng, 0.62, 0.82)),
        asphalt=hsv(_one_of(rng, (0.6, 0.08)), _between(rng, 0.04, 0.14), _between(rng, 0.3, 0.5)),
        phase=rng.random(),
        hills=_hills(stream(1), base, extent, sun),
        buildings=tuple(_buildings(stream(2), base, extent)),
        trees=tuple(_trees(stream(3), base, kerb, extent, season)),
        cars=(*_cars(stream(4), kerb, extent, -1), *_cars(stream(7), kerb, extent, 1)),
        people=tuple(_people(stream(5), base, kerb, extent)),
        lamps=tuple(_lamps(stream(6), kerb, extent)),
    )


def _between(rng: Generator, low: float, high: float) -> float:
    return low + (high - low) * rng.random()


def _chance(rng: Generator, probability: float) -> bool:
    return rng.random() < probability


def _one_of(rng: Generator, options: tuple[_Option, ...]) -> _Option:
    return options[int(rng.random() * len(options))]


def _sun(rng: Generator) -> Sun:
    side = _between(rng, 0.45, 1.1) * (1 if _chance(rng, 0.5) else -1)
    warmth = rng.random() ** 2  # most scenes at noon, some at a golden hour
    hue = _between(rng, 0.54, 0.61)
    return Sun(
        side=side,
        drop=_between(rng, 0.9, 1.4) - 0.4 * warmth,
        direct=(0.62 + 0.06 * warmth, 0.6 - 0.04 * warmth, 0.56 - 0.2 * warmth),
        ambient=(0.44 - 0.02 * warmth, 0.46 - 0.03 * warmth, 0.52),
        zenith=hsv(hue, _between(rng, 0.35, 0.65), _between(rng, 0.75, 0.95)),
        haze=mix(hsv(hue, 0.12, 0.97), (255.0, 214.0, 170.0), warmth),
        clouds=_between(rng, 0.0, 0.6),
    )


def _season(rng: Generator) -> Point:
    """Hue and saturation of all leaves of a scene: spring to autumn."""
    hue = _one_of(rng, (0.22, 0.27, 0.31, 0.36, 0.13, 0.07))
    return hue + _between(rng, -0.02, 0.02), _between(rng, 0.5, 0.75)


def _hills(rng: Generator, base: float, extent: float, sun: Sun) -> tuple[tuple[Colour, tuple[Point, ...]], ...]:
    hills = []
    for height, haze in ((_between(rng, 0.3, 0.46), 0.6), (_between(rng, 0.14, 0.26), 0.3)):
        waves = [(_between(rng, 2, 5), rng.random(), 0.16), (_between(rng, 7, 12), rng.random(), 0.06)]
        colour = mix(hsv(_between(rng, 0.25, 0.42), 0.4, 0.55), sun.haze, haze)
        outline = []
        for x in np.arange(0.0, extent + 1 / 32, 1 / 32).tolist():
            swell = sum(size * np.sin(turns * x + 6.283 * start) for turns, start, size in waves)
            outline.append((x, base - height * (1 + float(swell))))
        hills.append((colour, tuple(outline)))
    return tuple(hills)


# Hue, saturation and value of house fronts: brick, terracotta, ochre, cream, sage, teal, slate blue, rose, white, grey.
_FRONTS = (
    (0.02, 0.55, 0.66),
    (0.05, 0.6, 0.8),
    (0.11, 0.55, 0.88),
    (0.13, 0.25, 0.95),
    (0.27, 0.28, 0.74),
    (0.47, 0.35, 0.68),
    (0.6, 0.38, 0.72),
    (0.96, 0.3, 0.86),
    (0.1, 0.05, 0.96),
    (0.6, 0.06, 0.62),
)
_ROOFS = ((0.03, 0.6, 0.6), (0.05, 0.45, 0.45), (0.6, 0.2, 0.4), (0.08, 0.25, 0.35), (0.4, 0.25, 0.45))


def _near(rng: Generator, tone: tuple[float, float, float]) -> Colour:
    hue, saturation, value = tone
    return hsv(
        hue + _between(rng, -0.015, 0.015),
        saturation * _between(rng, 0.85, 1.15),
        value * _between(rng, 0.92, 1.05),
    )


def _buildings(rng: Generator, base: float, extent: float) -> Iterator[Building]:
    left = _between(rng, -0.3, 0.04)
    while left < extent + 0.02:
        columns = 2 + int(rng.random() * 3)
        width = columns * _between(rng, 0.1, 0.125) + 0.03
        floors = 2 + int(rng.random() * 2.4)
        eave = base - floors * _between(rng, 0.125, 0.15) - 0.015
        texture = _one_of(rng, ("plaster", "brick", "boards"))
        roof = _one_of(rng, ("flat", "gable", "hip"))
        white_trim = _chance(rng, 0.6)
        rows = tuple(_chance(rng, 0.4) for _ in range(4))
        lit = tuple(_chance(rng, 0.55) for _ in range(4))
        yield Building(
            left=left,
            right=left + width,
            eave=eave,
            floors=floors,
            columns=columns,
            roof=roof,
            roof_height=0.03 if roof == "flat" else _between(rng, 0.09, 0.15),
            wall=_near(rng, _one_of(rng, _FRONTS)),
            trim=hsv(0.12, 0.06, 0.97) if white_trim else hsv(0.08, 0.35, 0.36),
            tiles=_near(rng, _one_of(rng, _ROOFS)),
            accent=hsv(rng.random(), _between(rng, 0.5, 0.8), _between(rng, 0.4, 0.75)),
            texture=texture,
            period=_between(rng, 0.05, 0.066),
            phase=(rng.random(), rng.random()),
            arched=_chance(rng, 0.3),
            shutters=_chance(rng, 0.4),
            cross_bars=_chance(rng, 0.5),
            shop=_chance(rng, 0.4),
            door_column=int(rng.random() * columns),
            blinds=rows,
            lit=lit if any(lit[:floors]) else (False, True, False, False),
            lamplight=mix((255.0, 196.0, 96.0), (255.0, 240.0, 205.0), rng.random()),
        )
        left += width + (_between(rng, 0.05, 0.2) if _chance(rng, 0.55) else 0.0)


def _trees(rng: Generator, base: float, kerb: float, extent: float, season: Point) -> Iterator[Tree]:
    x = _between(rng, -0.05, 0.35)
    kind = _one_of(rng, ("round", "round", "poplar", "conifer"))  # a street is planted with one kind
    while x < extent + 0.2:
        height = _between(rng, 0.3, 0.46) * (1.15 if kind == "poplar" else 1.0)
        spread = height * {"round": 0.36, "poplar": 0.17, "conifer": 0.25}[kind] * _between(rng, 0.9, 1.1)
        angles = 6.283 * (np.arange(9) / 9 + rng.random())
        away = 0.35 + 0.25 * rng.random(9)
        radii = 0.34 + 0.14 * rng.random(9)
        hue = 0.38 if kind == "conifer" else season[0]
        yield Tree(
            x=x,
            foot=base + (kerb - base) * _between(rng, 0.25, 0.5),
            height=height,
            spread=spread,
            kind=kind,
            leaves=hsv(hue + _between(rng, -0.012, 0.012), season[1], _between(rng, 0.52, 0.66)),
            clumps=tuple(
                (float(r * np.cos(a)), float(r * np.sin(a)), float(size))
                for a, r, size in zip(angles, away, radii, strict=True)
            ),
        )
        x += _between(rng, 0.35, 0.8)


def _cars(rng: Generator, kerb: float, extent: float, forward: int) -> Iterator[Car]:
    """The cars of one lane: those that drive to the left are farther away."""
    size, lane = (1.1, 0.9) if forward > 0 else (0.9, 0.42)
    left = _between(rng, 0.0, 0.75) if forward > 0 else _between(rng, -0.25, 0.5)
    while left < extent:
        kind = _one_of(rng, ("saloon", "hatchback", "van"))
        length = size * _between(rng, 0.28, 0.33) * {"saloon": 1.05, "hatchback": 0.85, "van": 1.0}[kind]
        painted = _chance(rng, 0.75)
        body = hsv(rng.random(), _between(rng, 0.6, 0.9), _between(rng, 0.55, 0.95))
        grey = hsv(0.6, 0.04, _one_of(rng, (0.2, 0.65, 0.95)))
        yield Car(
            left=left,
            foot=kerb + (1 - kerb) * lane,
            length=length,
            height=size * (0.125 if kind == "van" else 0.1),
            body=body if painted else grey,
            forward=forward,
            kind=kind,
        )
        left += length + _between(rng, 0.2, 0.9)


def _people(rng: Generator, base: float, kerb: float, extent: float) -> Iterator[Person]:
    x = _between(rng, 0.02, 0.45)
    while x < extent + 0.05:
        yield Person(
            x=x,
            foot=base + (kerb - base) * _between(rng, 0.55, 0.8),
            height=_between(rng, 0.125, 0.155),
            shirt=hsv(rng.random(), _between(rng, 0.5, 0.9), _between(rng, 0.5, 0.95)),
            trousers=hsv(_one_of(rng, (0.6, 0.62, 0.1)), _between(rng, 0.2, 0.5), _between(rng, 0.2, 0.5)),
            skin=hsv(0.07, _between(rng, 0.3, 0.6), _between(rng, 0.4, 0.95)),
            hair=hsv(0.08, 0.5, _between(rng, 0.1, 0.6)),
            stride=_between(rng, 0.0, 0.1),
        )
        x += _between(rng, 0.05, 0.6)


def _lamps(rng: Generator, kerb: float, extent: float) -> Iterator[Lamp]:
    x = _between(rng, 0.1, 0.5)
    height = _between(rng, 0.36, 0.42)
    arm = 0.055 if _chance(rng, 0.5) else -0.055
    while x < extent + 0.1:
        yield Lamp(x=x, foot=kerb - 0.008, height=height, arm=arm)
        x += 0.62
