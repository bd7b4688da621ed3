"""How what stands in the street is drawn: the ground, trees, people, lamps and cars."""

from __future__ import annotations

from collections.abc import Callable

from pix2pix.scenes.canvas import SHADOW, Canvas, Label
from pix2pix.scenes.things import BLACK, FORESHORTENING, WHITE, Car, Lamp, Person, Tree, World, mix


def draw_ground(canvas: Canvas, world: World) -> None:
    """Pavement, kerb and road; ends the shadows on the fronts where the ground begins."""
    surface, surfaces, extent = canvas.surface, canvas.surfaces, world.extent
    pavement = surfaces.add(Label.PAVEMENT, world.paving, speckle=0.1, shaded=True)
    joint = surfaces.add(Label.PAVEMENT, mix(world.paving, BLACK, 0.2), shaded=True, part=pavement)
    kerb = surfaces.add(Label.PAVEMENT, mix(world.paving, WHITE, 0.4), shaded=True)
    road = surfaces.add(Label.ROAD, world.asphalt, speckle=0.2, shaded=True)
    line = surfaces.add(Label.ROAD, (226.0, 222.0, 206.0), speckle=0.1, shaded=True)
    canvas.shadow.box(0.0, world.base, extent, 1.0, 0)
    surface.box(0.0, world.base, extent, 1.0, pavement)
    surface.box(0.0, (world.base + world.kerb) / 2, extent, (world.base + world.kerb) / 2 + 0.003, joint)
    x = 0.12 * world.phase
    while x < extent + 0.1:
        slant = 0.3 * (x - extent / 2)
        ends = [(x, world.base), (x + 0.004, world.base)]
        ends += [(x + 0.004 + slant * 0.1, world.kerb), (x + slant * 0.1, world.kerb)]
        surface.polygon(ends, joint)
        x += 0.09
    surface.box(0.0, world.kerb - 0.012, extent, 1.0, kerb)
    surface.box(0.0, world.kerb, extent, 1.0, road)
    middle = world.kerb + (1 - world.kerb) * 0.5
    x = -0.2 * world.phase
    while x < extent:
        surface.polygon([(x, middle + 0.012), (x + 0.01, middle), (x + 0.11, middle), (x + 0.1, middle + 0.012)], line)
        x += 0.2


def shade_ground(canvas: Canvas, world: World, x: float, foot: float, width: float, height: float) -> None:
    """The shadow of an upright rectangle from its foot back to where its top lands, or to the house fronts."""
    way = min(height / world.sun.drop, (foot - world.base) / FORESHORTENING)
    shift, back = way * world.sun.side, foot - way * FORESHORTENING
    half = width / 2
    canvas.shadow.polygon(
        [(x - half, foot), (x + half, foot), (x + half + shift, back), (x - half + shift, back)], SHADOW
    )


def _crown(tree: Tree, blob: Callable[[float, float, float, float], None]) -> None:
    """The outline of a crown as ellipses, each given to `blob` as centre and radii."""
    middle, across = tree.foot - tree.height * 0.64, tree.spread
    down = tree.height * (0.42 if tree.kind == "poplar" else 0.34)
    blob(tree.x, middle, across * 0.72, down * 0.8)
    for x, y, radius in tree.clumps:
        blob(tree.x + x * across, middle + y * down, radius * across, radius * down)


def _conifer(tree: Tree, shift: float, down: float, share: float) -> list[list[tuple[float, float]]]:
    """Three tiers of a conifer, moved by (shift, down); `share` of their width, from the left edge if below 1."""
    tiers = []
    for top, bottom, width in ((0.34, 0.86, 1.0), (0.17, 0.6, 0.78), (0.0, 0.36, 0.52)):
        y0, y1 = (tree.foot - tree.height * (1 - part) + down for part in (top, bottom))
        half = tree.spread * width
        x = tree.x + shift
        tiers.append([(x, y0), (x + half * share, y1), (x - half, y1)])
    return tiers


def shade_front_with_tree(canvas: Canvas, tree: Tree, world: World) -> None:
    """The shadow of trunk and crown on what stands behind the tree."""
    way = (tree.foot - world.base) / FORESHORTENING
    shift, down = way * world.sun.side, way * world.sun.drop - (tree.foot - world.base)
    x = tree.x + shift
    canvas.shadow.box(x - 0.009, tree.foot + down - tree.height * 0.5, x + 0.009, world.base, SHADOW)
    if tree.kind == "conifer":
        for tier in _conifer(tree, shift, down, 1.0):
            canvas.shadow.polygon(tier, SHADOW)
    else:
        _crown(tree, lambda x, y, across, up: canvas.shadow.ellipse(x + shift, y + down, across, up, SHADOW))


def draw_tree(canvas: Canvas, tree: Tree, world: World) -> None:
    """Trunk and crown, three tones from shade to light, the light on the side of the sun."""
    surfaces, surface = canvas.surfaces, canvas.surface
    trunk = surfaces.add(Label.TREE, (104.0, 80.0, 62.0), speckle=0.25)
    dark = surfaces.add(Label.TREE, mix(tree.leaves, (10.0, 30.0, 40.0), 0.45), speckle=0.7, sunlit=0.8)
    mid = surfaces.add(Label.TREE, tree.leaves, speckle=0.7, part=dark)
    light = surfaces.add(Label.TREE, mix(tree.leaves, (255.0, 246.0, 150.0), 0.32), speckle=0.6, part=dark)
    surface.box(tree.x - 0.011, tree.foot - tree.height * 0.5, tree.x + 0.011, tree.foot, trunk)
    toward = -1.0 if world.sun.side > 0 else 1.0  # shadows go right, so the light comes from the left
    if tree.kind == "conifer":
        for tier in _conifer(tree, 0.0, 0.0, 1.0):
            surface.polygon(tier, dark)
            (x, y), _, (left, foot) = tier
            surface.polygon(
                [(x, y), (x + toward * (x - left) * 0.9, foot), (x + toward * 0.15 * (left - x), foot)], mid
            )
        return
    _crown(tree, lambda x, y, across, up: surface.ellipse(x, y, across, up, dark))
    for number, (size, move) in ((mid, (0.74, 0.2)), (light, (0.4, 0.45))):

        def blob(
            x: float, y: float, across: float, up: float, n: int = number, s: float = size, m: float = move
        ) -> None:
            surface.ellipse(x + toward * across * m, y - up * m, across * s, up * s, n)

        _crown(tree, blob)


def draw_person(canvas: Canvas, person: Person) -> None:
    """Legs, shirt, arms, head."""
    surface, surfaces = canvas.surface, canvas.surfaces
    shirt = surfaces.add(Label.PERSON, person.shirt, speckle=0.05)
    trousers = surfaces.add(Label.PERSON, person.trousers)
    skin = surfaces.add(Label.PERSON, person.skin)
    hair = surfaces.add(Label.PERSON, person.hair, part=skin)
    x, foot, tall = person.x, person.foot, person.height
    hip, neck, stride = foot - tall * 0.46, foot - tall * 0.82, person.stride * tall
    for side in (-1, 1):
        near, far = x + side * 0.015 * tall, x + side * (0.1 * tall + stride)
        surface.polygon(
            [(near, hip), (x + side * 0.13 * tall, hip), (far, foot), (far - side * 0.09 * tall, foot)], trousers
        )
    surface.ellipse(x, neck + 0.06 * tall, 0.15 * tall, 0.07 * tall, shirt)
    surface.box(x - 0.15 * tall, neck + 0.06 * tall, x + 0.15 * tall, hip + 0.02 * tall, shirt)
    for side in (-1, 1):
        surface.box(
            x + side * 0.18 * tall - 0.035 * tall, neck + 0.06 * tall, x + side * 0.18 * tall + 0.035 * tall, hip, shirt
        )
    surface.ellipse(x, neck - 0.07 * tall, 0.085 * tall, 0.1 * tall, skin)
    surface.ellipse(x, neck - 0.11 * tall, 0.09 * tall, 0.07 * tall, hair)


def draw_lamp(canvas: Canvas, lamp: Lamp) -> None:
    """Pole, arm and bulb."""
    pole = canvas.surfaces.add(Label.LAMP, (58.0, 66.0, 74.0))
    bulb = canvas.surfaces.add(Label.LAMP, (236.0, 232.0, 214.0), glow=(255.0, 236.0, 190.0))
    top, end = lamp.foot - lamp.height, lamp.x + lamp.arm
    canvas.surface.box(lamp.x - 0.0085, top, lamp.x + 0.0085, lamp.foot, pole)
    canvas.surface.box(lamp.x - 0.012, lamp.foot - 0.05, lamp.x + 0.012, lamp.foot, pole)
    canvas.surface.box(min(lamp.x, end), top, max(lamp.x, end), top + 0.016, pole)
    canvas.surface.box(end - 0.02, top, end + 0.02, top + 0.016, pole)
    canvas.surface.box(end - 0.017, top + 0.016, end + 0.017, top + 0.03, bulb)


# Outlines of bodies and side windows: x from the back (0) to the front (1), y from the roof (0) to the sills (1).
_BODIES = {
    "saloon": ((0.0, 0.5), (0.16, 0.44), (0.3, 0.03), (0.62, 0.03), (0.78, 0.42), (0.98, 0.52), (1.0, 1.0), (0.0, 1.0)),
    "hatchback": ((0.0, 0.45), (0.1, 0.03), (0.6, 0.03), (0.78, 0.4), (0.98, 0.52), (1.0, 1.0), (0.0, 1.0)),
    "van": ((0.0, 0.04), (0.72, 0.0), (0.88, 0.4), (0.99, 0.52), (1.0, 1.0), (0.0, 1.0)),
}
_CAR_WINDOWS = {
    "saloon": (
        ((0.2, 0.42), (0.31, 0.12), (0.45, 0.12), (0.45, 0.42)),
        ((0.48, 0.42), (0.48, 0.12), (0.6, 0.12), (0.73, 0.42)),
    ),
    "hatchback": (
        ((0.08, 0.42), (0.14, 0.12), (0.36, 0.12), (0.36, 0.42)),
        ((0.4, 0.42), (0.4, 0.12), (0.58, 0.12), (0.72, 0.42)),
    ),
    "van": (((0.5, 0.42), (0.5, 0.12), (0.7, 0.12), (0.82, 0.42)),),
}


def draw_car(canvas: Canvas, car: Car) -> None:
    """A car from its side, front and back by the way it drives."""
    surface, surfaces = canvas.surface, canvas.surfaces
    body = surfaces.add(Label.CAR, car.body)
    belly = surfaces.add(Label.CAR, mix(car.body, BLACK, 0.35), part=body)
    shine = surfaces.add(Label.CAR, mix(car.body, WHITE, 0.4), part=body)
    glass = surfaces.add(Label.CAR, (52.0, 66.0, 84.0))
    tyre = surfaces.add(Label.CAR, (28.0, 28.0, 32.0))
    hub = surfaces.add(Label.CAR, (190.0, 194.0, 200.0))
    head = surfaces.add(Label.CAR, (250.0, 246.0, 222.0), glow=(255.0, 246.0, 214.0))
    tail = surfaces.add(Label.CAR, (190.0, 30.0, 28.0), glow=(255.0, 40.0, 30.0))
    wheel = car.height * 0.2
    tall = car.height - wheel
    top = car.foot - car.height

    def place(x: float, y: float) -> tuple[float, float]:
        along = x if car.forward > 0 else 1 - x
        return car.left + along * car.length, top + y * tall

    def strip(x0: float, y0: float, x1: float, y1: float, number: int) -> None:
        surface.polygon([place(x0, y0), place(x1, y0), place(x1, y1), place(x0, y1)], number)

    surface.polygon([place(x, y) for x, y in _BODIES[car.kind]], body)
    strip(0.0, 0.78, 1.0, 1.03, belly)
    strip(0.02, 0.52, 0.96, 0.58, shine)
    for pane in _CAR_WINDOWS[car.kind]:
        surface.polygon([place(x, y) for x, y in pane], glass)
    strip(0.93, 0.58, 1.0, 0.7, head)
    strip(0.0, 0.56, 0.05, 0.7, tail)
    for x in (0.2, 0.8):
        centre = place(x, 0.0)[0]
        surface.ellipse(centre, car.foot - wheel, wheel, wheel, tyre)
        surface.ellipse(centre, car.foot - wheel, wheel * 0.5, wheel * 0.5, hub)
