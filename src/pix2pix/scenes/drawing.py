"""The order in which a scene is drawn, and where its shadows fall.

A thing standing `way` in front of the house fronts throws its shadow back along the ground and, from where the ground
ends, up the fronts: the same outline moved `way * sun.side` sideways and `way * sun.drop` down.
"""

from __future__ import annotations

from pix2pix.scenes.canvas import SHADOW, Canvas, Label
from pix2pix.scenes.houses import draw_building
from pix2pix.scenes.street import (
    draw_car,
    draw_ground,
    draw_lamp,
    draw_person,
    draw_tree,
    shade_front_with_tree,
    shade_ground,
)
from pix2pix.scenes.things import BLACK, FORESHORTENING, World


def draw_still(canvas: Canvas, world: World) -> None:
    """Everything that stays where it is and that a map shows: sky, hills, houses, ground, trees."""
    surfaces = canvas.surfaces
    surfaces.add(Label.SKY, BLACK)  # a canvas starts as its surface 0; the sky's colours come with the light
    for colour, outline in world.hills:
        hill = surfaces.add(Label.HILL, colour, speckle=0.12, sunlit=0.7)
        canvas.surface.polygon([(0.0, 1.0), *outline, (world.extent, 1.0)], hill)
    for building in world.buildings:
        draw_building(canvas, building, world)
    for tree in world.trees:
        shade_front_with_tree(canvas, tree, world)
    for person in world.people:
        way = (person.foot - world.base) / FORESHORTENING
        x, y = person.x + way * world.sun.side, world.base - person.height * 0.5 + way * world.sun.drop
        canvas.shadow.ellipse(x, y, person.height * 0.16, person.height * 0.5, SHADOW)
    draw_ground(canvas, world)
    for tree in world.trees:
        shade_ground(canvas, world, tree.x, tree.foot, 0.018, tree.height)
    for person in world.people:
        shade_ground(canvas, world, person.x, person.foot, person.height * 0.24, person.height)
    for lamp in world.lamps:
        shade_ground(canvas, world, lamp.x, lamp.foot, 0.012, lamp.height)
    for car in world.cars:
        shade_ground(canvas, world, car.left + car.length / 2, car.foot - 0.012, car.length * 0.92, car.height)
        canvas.shadow.ellipse(car.left + car.length / 2, car.foot - 0.006, car.length * 0.5, 0.012, SHADOW)
    for tree in world.trees:
        draw_tree(canvas, tree, world)


def draw_moving(canvas: Canvas, world: World) -> None:
    """What a map leaves out: people, lamps and cars, from back to front."""
    for person in world.people:
        draw_person(canvas, person)
    for lamp in world.lamps:
        draw_lamp(canvas, lamp)
    for car in world.cars:
        draw_car(canvas, car)
