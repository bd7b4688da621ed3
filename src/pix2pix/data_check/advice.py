"""What a look through a data set's pictures says to a person, and what to train with: lines, and settings to type."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from pix2pix.data.domains import Domain, Grey, Raw
from pix2pix.data_check.alignment import aligned
from pix2pix.data_check.layouts import Layout
from pix2pix.data_check.side import Side
from pix2pix.data_check.suggestions import (
    DRIVER_FILE,
    OF_A_FILM,
    domain_setting,
    is_flat,
    overrides,
    suggest_direction,
    suggest_networks,
    suggest_size,
)
from pix2pix.pictures.array import Array
from pix2pix.pictures.seams import has_seam

if TYPE_CHECKING:
    from pix2pix.data_check.check import Findings

MOSTLY = 0.8  # share of neighbours that are alike in a map of instances
FEWEST = 4  # pairs from which it is told that they do not look like pairs
KINDS = 10  # sizes and kinds of pictures that are listed
MIXED = 0.25  # share of photos of another kind, from which these may be the other side of pairs
DERIVES = {  # data.derive, and what is learned from it
    "edges": "lines to photo",
    "grey": "lightness to colour",
    "holes": "a photo with parts missing to a whole one",
    "downscale": "a photo of few pixels to a sharp one",
}


def train_settings(layout: Layout, direction: str, source: Domain, target: Domain) -> dict[str, Any]:
    """What `pix2pix train` has to be told about this data, beyond its defaults."""
    settings: dict[str, Any] = {"data": layout.name, "data.root": str(layout.root), "data.direction": direction}
    settings |= {f"data.{key}": value for key, value in layout.settings.items()}
    for side, domain in (("source", source), ("target", target)):
        if domain_setting(domain) != "rgb":
            settings[f"data.{side}"] = domain_setting(domain)
    return settings


def derived_settings(layout: Layout, photo: Domain) -> dict[str, Any]:
    """The same for photos alone: edges, where nothing else was asked for."""
    derive = layout.settings.get("derive", "edges")
    settings: dict[str, Any] = {"data": layout.name, "data.root": str(layout.root), "data.derive": derive}
    if domain_setting(photo) != "rgb" and derive != "grey":
        sides = ("target",) if derive == "edges" else ("source", "target")
        settings |= {f"data.{side}": domain_setting(photo) for side in sides}
    return settings


def sides(a: Side, b: Side, direction: str | None) -> tuple[str, Side, Side]:
    """The direction, and source and target in it; `a` and `b` were read in the direction given, or a_to_b."""
    if direction is not None:
        return direction, a, b
    suggested = suggest_direction(a.pictures, b.pictures)
    return (suggested, b, a) if suggested == "b_to_a" else (suggested, a, b)


def about_pictures(layout: Layout, findings: Findings, given: str | None) -> tuple[list[str], dict[str, Any]]:
    """Lines about the pictures, and what to train with."""
    lines, settings, seen = (
        _about_photos(layout, findings) if layout.name == "derived" else _about_pairs(layout, findings, given)
    )
    height, width, _ = seen.pictures[0].shape
    size = suggest_size(height, width)
    if size is not None and len(seen.sizes) == 1:
        lines.append(f"size       not square, so data.size={list(size)} (height, width) keeps the shape")
        settings["data.size"] = list(size)
        settings |= suggest_networks(*size)
    if (layout.root / DRIVER_FILE).is_file():
        lines.append(
            f"{DRIVER_FILE}: drawings of a film's frames, in which the place of things counts: no mirroring, no jitter"
        )
        settings |= OF_A_FILM
    if findings.problems or settings.get("data.on_bad"):
        lines.append("With data.on_bad=skip the files above are left out; mend them, and it is not needed.")
        settings |= {"data.on_bad": settings.pop("data.on_bad", "skip")}
    return lines, settings


def _about_pairs(layout: Layout, findings: Findings, given: str | None) -> tuple[list[str], dict[str, Any], Side]:
    direction, source, target = sides(findings.a, findings.b, given)
    domains = source.domain, target.domain
    settings = train_settings(layout, direction, *domains)
    lines = []
    for name, side, domain in zip(("source", "target"), (source, target), domains, strict=True):
        lines.append(f"{name}     {_counted(side.sizes)} (width×height); {_counted(side.kinds)}")
        lines.append(f"           values: {side.in_words}")
        lines.append(f"           suggested domain: {overrides({f'data.{name}': domain_setting(domain)})}")
        if unread := side.unreadable(domain):
            lines += [f"wrong      {each}" for each in unread]
            settings["data.on_bad"] = "skip"
        if classes := _of_classes(side, domain):
            lines.append(f"           its values are few, and in areas; if they are numbers of classes: {classes}")
        elif _of_instances(side, domain):
            lines.append(
                "           its values are whole numbers in areas; if these are numbers of instances, of cells or"
                " things, a network cannot learn which is which: write classes in their place, 0 outside and 1 inside"
            )
        if side.twins:
            lines.append(
                f"note       {side.twins} of these pictures have a palette with one colour for two of its numbers,"
                " which so become one class: if they are two, store the numbers themselves, as grey"
            )
    if given is None:
        why = (
            "b is the flatter side, as labels and edges are" if direction == "b_to_a" else "a is the source by default"
        )
        lines.append(f"direction  {direction}: {why}; turn it round if you want the other way")
    turned = {name: side.turned for name, side in (("source", source), ("target", target)) if side.turned}
    if len(turned) == 1:
        ((name, count),) = turned.items()
        lines.append(
            f"note       {count} pictures of the {name} say that they lie on their side or upside down (EXIF), and are"
            " turned upright; none of the other side does. If those are as the camera held them, the two do not match"
        )
    looked_at = list(zip(source.pictures, target.pictures, strict=True))
    by_name = layout.settings.keys() & {"folders", "patterns"}  # no folders that are called as sides are
    if by_name and len(looked_at) >= FEWEST and not any(aligned(*pair) for pair in looked_at):
        lines.append(
            f"note       the names pair up, but in none of {len(looked_at)} pairs do contours lie on each other; if"
            " each file is a photo of its own: --layout derived"
        )
    if layout.name == "side_by_side" and layout.settings.get("panels", 2) == 2:
        whole = [
            np.concatenate(halves, axis=1) for halves in zip(findings.a.pictures, findings.b.pictures, strict=True)
        ]
        if given is None and not has_seam(whole):
            lines.append(
                "note       no seam is seen in the middle of the files; if each is one photo: --layout derived"
            )
    return lines, settings, source


def _of_classes(side: Side, domain: Domain) -> str:
    """The domain for numbers of classes, too many to be sure of, as it is typed; "" where they are none."""
    values = side.distinct
    if not isinstance(domain, Grey) or values is None or side.pictures[0].shape[2] != 1:
        return ""
    highest = max(values)
    if min(values) < 0 or highest >= 255 or len(values) < 3 or not all(map(is_flat, side.pictures)):
        return ""
    return f"'{{kind:labels,classes:{highest + 1}}}'"


def _of_instances(side: Side, domain: Domain) -> bool:
    """Whether a side of one channel holds whole numbers in areas, as maps do in which each thing has its own."""
    first = side.pictures[0]
    whole = first.shape[2] == 1 and first.dtype.kind in "ui" and first.dtype.itemsize > 1
    return whole and isinstance(domain, Raw | Grey) and all(is_flat(each) and _in_areas(each) for each in side.pictures)


def _in_areas(picture: Array) -> bool:
    """Whether next to every pixel has a neighbour with its own number: measurements of 16 bits hardly have."""
    same = (picture[:, 1:] == picture[:, :-1]).all(axis=2)
    return bool(same.mean() > MOSTLY) and len(np.unique(picture)) > 2


def _about_photos(layout: Layout, findings: Findings) -> tuple[list[str], dict[str, Any], Side]:
    photos = findings.b
    domain = photos.domain
    lines = [
        f"photos     {_counted(photos.sizes)} (width×height); {_counted(photos.kinds)}",
        f"           values: {photos.in_words}",
        f"           suggested domain: {overrides({'data.target': domain_setting(domain)})}",
        "derive     " + "\n           ".join(f"{f'data.derive={name}':<22} {what}" for name, what in DERIVES.items()),
    ]
    if "derive" not in layout.settings:
        lines.append("note       if each file holds two pictures side by side: --layout side_by_side")
    if len(photos.kinds) > 1 and photos.kinds.most_common(2)[1][1] >= MIXED * sum(photos.kinds.values()):
        lines.append(
            "note       there are pictures of several kinds; if these are the two sides of pairs, whose names do not"
            " say which go together: list them in a pairs.csv with the columns source and target"
        )
    return lines, derived_settings(layout, domain), photos


def _counted(counts: Counter[str]) -> str:
    if len(counts) == 1:
        return next(iter(counts))
    common = ", ".join(f"{count} of {what}" for what, count in counts.most_common(KINDS))
    return f"{common}, and {len(counts) - KINDS} other kinds" if len(counts) > KINDS else common
