"""What pictures suggest about the settings: the domain of each side, the direction, a size that keeps their shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from pix2pix.data.domains import Domain, Grey, Labels, Raw, Rgb, measure_range
from pix2pix.hints import typed
from pix2pix.models.receptive_field import RECEPTIVE_FIELDS, smallest_side
from pix2pix.pictures.array import Array
from pix2pix.pictures.meaning import opaque, said_of
from pix2pix.settings.rules import too_short

FEW_COLOURS = 64  # a palette of more is no label map
MOST_DISTINCT = 4 * FEW_COLOURS  # values of a side that are remembered
FLAT = 0.5  # share of neighbours that differ, from which a picture is none of areas, and its numbers no classes
COPIED = 0.02  # mean difference of a picture and its JPEG copy, at most, as a share of the range of its values
MUCH_FLATTER = 0.7  # ratio of detail below which the flatter side is taken as the source (CMP facades: 0.6)
NODATA = (-9999.0, -99999.0, -32768.0, float(np.finfo(np.float32).min))  # what geographic and medical files write
KEPT_SIDE = (
    512  # pixels: pictures up to this side keep their size, larger ones are brought to a short side of ROUGH_SIDE
)
ROUGH_SIDE, SIZE_STEP = 256, 8
DRIVER_FILE = "driver.json"  # beside pairs that were made of a film
OF_A_FILM = {"data.mirror": False, "data.jitter": 1}  # the place of things in the picture is part of what is learned
PAPER_DEPTH, PAPER_FIELD = 8, 70  # of experiment=pairs


def suggest_domain(pictures: Sequence[Array], distinct: set[int] | None = None) -> Domain:
    """A domain for one side from some of its stored (H, W, C) pictures; of `raw`, the range is left to be measured.

    Channels that files do not call grey, colours or alpha are measurements, however many there are.

    Args:
        distinct: the values or colours of all its pictures, where they are few (see `distinct_values`); None: those of
            these pictures.
    """
    pictures = [opaque(picture) for picture in pictures]
    dtype = pictures[0].dtype
    channels = max(picture.shape[2] for picture in pictures)
    colour = channels == 1 or (channels == 3 and all(said_of(picture).colour for picture in pictures))
    found = [distinct_values(picture) for picture in pictures]
    if distinct is None and None not in found:
        distinct = {value for each in found for value in each or ()}
    if channels == 1 and dtype.kind in "bui" and (labels := _of_indices(pictures, distinct or set())) is not None:
        return labels
    if dtype == np.uint8 and colour:
        return _of_bytes(pictures, channels, distinct)
    highest, lowest = (
        float(
            limit([limit(picture[np.isfinite(picture)]) for picture in pictures if np.isfinite(picture).any()] or [0])
        )
        for limit in (np.max, np.min)
    )
    if dtype == np.uint16 and colour and min(highest, highest - lowest) >= 2**14:
        return Rgb(16) if channels >= 3 else Grey(16)
    kept = dtype.name if dtype.name in ("uint8", "uint16", "int16") else "float32"
    return Raw(channels, nodata=lowest if lowest in NODATA else None, dtype=kept)


def distinct_values(picture: Array) -> set[int] | None:
    """The whole numbers that a picture of one channel has, or the 24-bit colours of one of bytes; None if over 256."""
    if picture.shape[2] == 1 and picture.dtype.kind in "bui":
        values = np.unique(picture)
    elif picture.shape[2] in (3, 4) and picture.dtype == np.uint8:
        values = np.unique(_packed(picture))
    else:
        return None
    return set(values.tolist()) if len(values) <= MOST_DISTINCT else None


def resolve(domain: Domain, pictures: Sequence[Array]) -> Domain:
    """A raw domain whose range is to be measured, with the range of these pictures; any other as it is."""
    if isinstance(domain, Raw) and domain.range == "measured":
        return domain.resolved(measure_range(pictures, domain.nodata))
    return domain


def suggest_direction(a: Sequence[Array], b: Sequence[Array]) -> str:
    """From labels, edges, maps to photos: the side of much less detail is the source, in 8 bits; else a_to_b."""
    if any(picture.dtype != np.uint8 for picture in (*a, *b)):
        return "a_to_b"
    detail_a, detail_b = (float(np.median([_detail(picture) for picture in side])) for side in (a, b))
    return "b_to_a" if detail_b < MUCH_FLATTER * detail_a else "a_to_b"


def suggest_size(height: int, width: int) -> tuple[int, int] | None:
    """(height, width) in pixels for pictures that are not square; None where the default, a square, suits."""
    if height == width:
        return None
    if max(height, width) <= KEPT_SIDE:
        return height, width
    scale = ROUGH_SIDE / min(height, width)
    return round(height * scale / SIZE_STEP) * SIZE_STEP, round(width * scale / SIZE_STEP) * SIZE_STEP


def suggest_networks(height: int, width: int) -> dict[str, int]:
    """Settings for pictures that are too small for the networks of the paper; empty where they are not."""
    shortest = min(height, width)
    settings = {}
    if any(too_short(side, PAPER_DEPTH) for side in (height, width)):
        settings["generator.depth"] = max(shortest.bit_length() - 1, 2)
    if shortest < smallest_side(PAPER_FIELD):
        settings["discriminator.receptive_field"] = max(
            field for field in RECEPTIVE_FIELDS if smallest_side(field) <= shortest
        )
    return settings


def overrides(settings: dict[str, Any]) -> str:
    """Settings as words of a command line, quoted for the shell."""
    return " ".join(typed(key, value) for key, value in settings.items())


def domain_setting(domain: Domain) -> str | dict[str, Any]:
    """A domain as it is typed: its kind alone, or its kind with the fields that differ from their defaults."""
    values = domain.to_dict()
    defaults = {item.name: item.default for item in fields(domain)}  # type: ignore[arg-type]
    changed = {key: value for key, value in values.items() if key != "kind" and value != defaults[key]}
    return {"kind": domain.kind} | changed if changed else domain.kind


def is_flat(picture: Array) -> bool:
    """Whether it is of areas of one value, as labels, masks and palettes are, and photos are not."""
    return _changing(picture) <= FLAT


def is_same(a: Array, b: Array) -> bool:
    """Whether two pictures are one, or one and its copy that was compressed."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    values = a.astype(np.float32)
    return bool(np.abs(values - b).mean() <= COPIED * (values.max() - values.min()))


def _of_indices(pictures: Sequence[Array], distinct: set[int]) -> Domain | None:
    """Classes from 0 on, and perhaps one number beside them for none: below 0, or the largest that there is (255)."""
    classes = [value for value in distinct if 0 <= value < FEW_COLOURS]
    others = distinct - set(classes)
    dtype = pictures[0].dtype
    largest = (255, 1 if dtype.kind == "b" else int(np.iinfo(dtype).max))
    if len(classes) < 2 or len(others) > 1 or any(value >= 0 and value not in largest for value in others):
        return None
    if np.median([_changing(picture) for picture in pictures]) > FLAT:
        return None
    return Labels(classes=max(classes) + 1, nodata=next(iter(others), None))


def _of_bytes(pictures: Sequence[Array], channels: int, distinct: set[int] | None) -> Domain:
    grey = all(picture.shape[2] >= 3 and _is_grey(picture) for picture in pictures)
    # What is stored by a palette are classes, though all its colours be greys; two are a mask.
    indexed = distinct is not None and len(distinct) > 2 and all(said_of(picture).palette for picture in pictures)
    if channels <= 2 or (grey and not (indexed and all(map(is_flat, pictures)))):
        return Grey()
    if distinct is None or len(distinct) > FEW_COLOURS or any(picture.shape[2] < 3 for picture in pictures):
        return Rgb()
    return Labels(palette=tuple((key >> 16, key >> 8 & 255, key & 255) for key in sorted(distinct)))


def _changing(picture: Array) -> float:
    """Share of neighbours in a row that differ."""
    return float((picture[:, 1:] != picture[:, :-1]).any(axis=2).mean()) if picture.shape[1] > 1 else 0.0


def _is_grey(picture: Array) -> bool:
    return bool((picture[:, :, 0] == picture[:, :, 1]).all() and (picture[:, :, 1] == picture[:, :, 2]).all())


def _packed(picture: Array) -> Array:
    red, green, blue = (picture[:, :, channel].astype(np.int32) for channel in range(3))
    return red << 16 | green << 8 | blue


def _detail(picture: Array) -> float:
    """Share of steps between neighbours of a row that change a channel by more than 1 % of the picture's range."""
    values = picture[:, :, :3].astype(np.float32)
    steps = np.abs(np.diff(values, axis=1)).max(axis=2)  # (H, W - 1)
    return float((steps > 0.01 * (values.max() - values.min())).mean())
