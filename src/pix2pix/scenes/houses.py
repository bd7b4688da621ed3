"""How a house is drawn: front, roof, rows of windows, door, awning, and the shadows within its front."""

from __future__ import annotations

from pix2pix.scenes.canvas import SHADOW, Canvas, Courses, Label
from pix2pix.scenes.things import BLACK, WHITE, Building, World, mix

_OVERHANG = 0.02  # of eaves before the wall
_RECESS = 0.012  # of windows behind the wall


def draw_building(canvas: Canvas, house: Building, world: World) -> None:
    """A whole house: its front from bottom to top in one style."""
    surface, surfaces, sun = canvas.surface, canvas.surfaces, world.sun
    left, right, base = house.left, house.right, world.base
    wall = surfaces.add(Label.WALL, house.wall, speckle=0.14, shaded=True, sunlit=0.9)
    house_trim = surfaces.add(Label.WALL, house.trim, speckle=0.04, shaded=True, part=wall)
    plinth = surfaces.add(Label.WALL, mix(house.wall, BLACK, 0.35), speckle=0.1, shaded=True, part=wall)
    roof = surfaces.add(Label.ROOF, house.tiles, speckle=0.2, sunlit=1.0 if house.roof != "flat" else 0.85)

    if house.texture != "plaster":
        surfaces.courses[wall] = Courses(house.texture, left, house.eave, right, base, house.period, house.phase)
    roof_box = (left - 0.02, house.eave - house.roof_height - 0.03, right + 0.02, house.eave + 0.02)
    surfaces.courses[roof] = Courses("tiles", *roof_box, house.period * 0.9, house.phase)
    surface.box(left, house.eave, right, base, wall)
    surface.box(left, base - 0.018, right, base, plinth)
    # corner stones bind a house together at its two ends
    surface.box(left, house.eave, left + 0.012, base, house_trim)
    surface.box(right - 0.012, house.eave, right, base, house_trim)
    _draw_roof(canvas, house, roof)
    drip = _OVERHANG * sun.drop
    canvas.shadow.box(left, house.eave, right, house.eave + drip, SHADOW)
    surface.box(left, house.eave, right, house.eave + 0.01, house_trim)

    floor_height = (base - house.eave - 0.015) / house.floors
    for floor in range(house.floors):
        foot = base - floor * floor_height
        if floor == 1:
            surface.box(left, foot - 0.004, right, foot + 0.004, house_trim)
        _draw_floor(canvas, house, world, wall, floor, foot, floor_height)


def _draw_roof(canvas: Canvas, house: Building, roof: int) -> None:
    left, right, eave = house.left - 0.012, house.right + 0.012, house.eave + 0.004
    top = eave - house.roof_height
    if house.roof == "flat":
        canvas.surface.box(left, top, right, eave, roof)
        return
    if house.roof == "gable":
        canvas.surface.polygon([(left, eave), ((left + right) / 2, top - 0.02), (right, eave)], roof)
    else:
        inset = min(0.35 * (right - left), 0.1)
        canvas.surface.polygon([(left, eave), (left + inset, top), (right - inset, top), (right, eave)], roof)
    chimney = canvas.surfaces.add(Label.ROOF, mix(house.wall, BLACK, 0.25), speckle=0.1)
    x = left + (0.3 if house.phase[0] < 0.5 else 0.64) * (right - left)
    canvas.surface.box(x, top - 0.025, x + 0.028, top + 0.05, chimney)


def _draw_floor(
    canvas: Canvas, house: Building, world: World, wall: int, floor: int, foot: float, floor_height: float
) -> None:
    """One row of windows, alike in blinds and in light; on the ground floor a door, and perhaps a shop."""
    surfaces = canvas.surfaces
    glow = house.lamplight if house.lit[floor] else BLACK
    dusk = mix(glow, BLACK, 0.55)
    sky = mix(world.sun.zenith, world.sun.haze, 0.3)
    glass = surfaces.add(Label.WINDOW, mix(sky, (24.0, 34.0, 52.0), 0.72), shaded=True, glow=glow)
    gleam = surfaces.add(Label.WINDOW, mix(sky, (40.0, 52.0, 72.0), 0.35), shaded=True, glow=glow, part=glass)
    frame = surfaces.add(Label.WINDOW, house.trim, shaded=True, glow=mix(glow, BLACK, 0.9), part=glass)
    blind = surfaces.add(Label.WINDOW, mix(house.accent, WHITE, 0.62), shaded=True, glow=dusk, part=glass)
    leaf = surfaces.add(Label.WALL, house.accent, speckle=0.05, shaded=True, part=wall)
    surfaces_of_window = (glass, gleam, frame, blind)

    pitch = (house.right - house.left - 0.03) / house.columns
    for column in range(house.columns):
        middle = house.left + 0.015 + (column + 0.5) * pitch
        if floor == 0 and column == house.door_column:
            _draw_door(canvas, house, world, middle, foot, floor_height)
            continue
        half = 0.032 if house.shutters else 0.036
        top, bottom = foot - floor_height * (0.7 if house.arched else 0.82), foot - floor_height * 0.24
        if floor == 0 and house.shop:
            half, top, bottom = pitch * 0.44, foot - floor_height * 0.62, foot - floor_height * 0.16
        elif house.shutters:
            canvas.surface.box(middle - half - 0.02, top, middle - half, bottom, leaf)
            canvas.surface.box(middle + half, top, middle + half + 0.02, bottom, leaf)
        _draw_window(canvas, house, world, surfaces_of_window, (middle, half, top, bottom), house.blinds[floor])
    if floor == 0 and house.shop:
        _draw_awning(canvas, house, world, wall, foot - floor_height * 0.86)


def _draw_window(
    canvas: Canvas,
    house: Building,
    world: World,
    surfaces_of_window: tuple[int, int, int, int],
    opening: tuple[float, float, float, float],
    has_blind: bool,
) -> None:
    surface, sun = canvas.surface, world.sun
    glass, gleam, frame, blind = surfaces_of_window
    middle, half, top, bottom = opening
    rim = 0.007
    if house.arched:
        surface.ellipse(middle, top, half, half * 0.5, frame)
        surface.ellipse(middle, top, half - rim, half * 0.5 - rim, glass)
    surface.box(middle - half, top, middle + half, bottom, frame)
    left, right = middle - half + rim, middle + half - rim
    inner_top = top if house.arched else top + rim
    surface.box(left, inner_top, right, bottom - rim, glass)
    # the sky in the pane leans towards the sun
    lean = half * (0.8 if sun.side > 0 else -0.8)
    centre = (left + right) / 2
    surface.polygon(
        [
            (max(left, min(centre + lean - half * 0.5, right)), inner_top + 0.002),
            (max(left, min(centre + lean + half * 0.1, right)), inner_top + 0.002),
            (max(left, min(centre - lean + half * 0.5, right)), bottom - rim - 0.002),
            (max(left, min(centre - lean - half * 0.1, right)), bottom - rim - 0.002),
        ],
        gleam,
    )
    if has_blind:
        surface.box(left, inner_top, right, inner_top + (bottom - inner_top) * 0.5, blind)
    surface.box(middle - 0.003, inner_top, middle + 0.003, bottom, frame)
    if house.cross_bars:
        height = inner_top + (bottom - inner_top) * 0.5
        surface.box(left, height - 0.003, right, height + 0.003, frame)
    surface.box(middle - half - 0.008, bottom, middle + half + 0.008, bottom + 0.01, frame)
    shift, down = _RECESS * sun.side, _RECESS * sun.drop
    canvas.shadow.box(left, inner_top, right, inner_top + down, SHADOW)
    if shift > 0:
        canvas.shadow.box(left, inner_top, left + shift, bottom - rim, SHADOW)
    else:
        canvas.shadow.box(right + shift, inner_top, right, bottom - rim, SHADOW)
    canvas.shadow.box(middle - half + shift, bottom + 0.01, middle + half + shift, bottom + 0.01 + down, SHADOW)


def _draw_door(canvas: Canvas, house: Building, world: World, middle: float, foot: float, floor_height: float) -> None:
    surface, surfaces = canvas.surface, canvas.surfaces
    leaf = surfaces.add(Label.DOOR, house.accent, speckle=0.05, shaded=True)
    frame = surfaces.add(Label.DOOR, house.trim, shaded=True)
    panel = surfaces.add(Label.DOOR, mix(house.accent, BLACK, 0.3), shaded=True, part=leaf)
    light = surfaces.add(Label.DOOR, (90.0, 110.0, 130.0), shaded=True, glow=house.lamplight, part=frame)
    half, top = 0.035, foot - floor_height * 0.84
    surface.box(middle - half, top, middle + half, foot, frame)
    surface.box(middle - half + 0.007, top + 0.028, middle + half - 0.007, foot, leaf)
    surface.box(middle - half + 0.007, top + 0.007, middle + half - 0.007, top + 0.024, light)
    for side in (-1, 1):
        x = middle + side * 0.0135
        surface.box(x - 0.0085, top + 0.036, x + 0.0085, top + 0.058, panel)
        surface.box(x - 0.0085, top + 0.066, x + 0.0085, foot - 0.012, panel)
    canvas.shadow.box(middle - half, top + 0.007, middle + half, top + 0.007 + _RECESS * world.sun.drop, SHADOW)


def _draw_awning(canvas: Canvas, house: Building, world: World, wall: int, top: float) -> None:
    stripe = canvas.surfaces.add(Label.WALL, house.accent, speckle=0.04, sunlit=1.1)
    pale = canvas.surfaces.add(Label.WALL, mix(house.accent, WHITE, 0.8), speckle=0.04, sunlit=1.1, part=stripe)
    left, right, bottom = house.left + 0.01, house.right - 0.01, top + 0.036
    stripes = max(round((right - left) / 0.03), 3)
    width = (right - left) / stripes
    down, shift = 0.05 * world.sun.drop, 0.05 * world.sun.side
    canvas.shadow.polygon(
        [(left, top), (right, top), (right + shift, bottom + down), (left + shift, bottom + down)],
        SHADOW,
    )
    for number in range(stripes):
        x = left + number * width
        canvas.surface.box(x, top, x + width, bottom, stripe if number % 2 else pale)
