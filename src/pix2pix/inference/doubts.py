"""Inputs that a run was not trained for, told by its record: garbage in would be garbage out, without a word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from pix2pix.data.derive.downscale import Downscale
from pix2pix.data.derive.edges import Edges
from pix2pix.data.derive.holes import Holes
from pix2pix.data.domains import Domain, Labels, Raw
from pix2pix.data.seen import detail
from pix2pix.data.sources.patterns import by_pattern
from pix2pix.data.sources.splits import SPELLINGS
from pix2pix.data.sources.two_folders import FOLDER_PAIRS
from pix2pix.inference.holes import has_hole
from pix2pix.inference.trained import Trained
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import picture_size, read_picture
from pix2pix.pictures.rows import open_rows
from pix2pix.pictures.seams import has_seam

if TYPE_CHECKING:
    from pix2pix.inference.translator import Translator

Doubt = Literal["pairs", "targets", "empty", "range", "colours", "scale", "lines", "sharp", "whole"]

OUTSIDE = 0.5  # share of the values or pixels that the training knew nothing of, from which on it is told
FAR = 24  # of 255: how far from every colour of a palette a pixel is, at most, that JPEG has made of one
LOOKED_AT = 5  # pictures of one command
HELD = 16_000_000  # pixels, beyond which a picture's middle rows stand for it
LARGER = 2.0  # times the scale of the training, from which on it is told
MUCH_LARGER = 3.0  # times the sides of the training, where the scale is judged by the detail
SMOOTHER = 0.5  # of the least detail that the training saw
SHARPER = 0.75  # of a picture's detail, below which it loses much by being shrunk as the training's sources were
PAPER = 0.5  # share of a drawing that is nearly white, at least


def doubt_of(translator: Translator, stored: Array, *, size: Sequence[int] | None, derive: bool) -> Doubt | None:
    """What speaks against a picture (H, W, C) as stored being like the sources of the training.

    Args:
        size: what it is resized to before it is translated, if it is.
        derive: the source is made of it as in the training.
    """
    if _is_pair(translator.trained, stored):
        return "pairs"
    if derive:
        return None
    if unlike := _unlike(translator.source, stored):
        return unlike
    source = translator.encode(stored, "", size)
    encoded = source.numpy()
    match translator.derivation:
        case Edges() if float((encoded > 0.6).mean()) < PAPER:  # nine tenths of the training's drawings are white
            return "lines"
        case Downscale(factor):
            shrunk = Downscale(factor)(encoded.transpose(1, 2, 0), "").source.transpose(2, 0, 1)
            if detail(shrunk) < SHARPER * detail(encoded):
                return "sharp"
        case Holes() if not has_hole(source[None], translator.source):
            return "whole"
    larger = size is None and _factor(translator.trained, stored.shape, detail(encoded)) >= LARGER
    return "scale" if larger else None


def advice(translator: Translator, doubt: Doubt) -> str:
    """What is doubted, and what to do, as a part of a sentence with the pictures as its subject."""
    trained = translator.trained
    match doubt:
        case "pairs":
            return (
                f"look like the files of the training, {trained.panels} pictures side by side, and would be translated"
                " as one picture each: of such files the sources are taken by --split val --data-root FOLDER"
            )
        case "targets":
            return (
                "lie beside the others where the training had its targets, and would be translated too: name the"
                " sources alone, or take those of such a set by --split val --data-root FOLDER"
            )
        case "empty":
            return "hold no value at all: all is NaN or nodata"
        case "range":
            return (
                "hold values that lie for the most part outside of the range of the training"
                f"{range_in_words(translator.source)} and are clipped: give them in the unit that its sources had"
            )
        case "colours":
            return (
                "are no labels: most of their pixels have no colour of the palette of the training's sources, and take"
                " the nearest; are photos and labels the wrong way round?"
            )
        case "scale":
            side = min(_network_sides(trained) or (256,))
            return (
                "show things far larger than the network saw them in its training, on pictures of"
                f" {side} pixels: to shrink them first, type --size {side}"
            )
        case "lines":
            return (
                "are no drawings of dark lines on white, as the sources of the training are: of photos, which they are"
                " made of, type --derive"
            )
        case "sharp":
            return (
                "have finer detail than the sources of the training, which were shrunk: type --derive to shrink photos"
                " likewise, or --size N to enlarge small pictures first"
            )
        case "whole":
            return (
                "have no hole to be filled (middle grey, or transparent): to have holes cut as in the training, type"
                " --derive"
            )


def doubts(
    translator: Translator, files: Sequence[Path], *, size: Sequence[int] | None, derive: bool
) -> Iterator[tuple[int, int, str]]:
    """What most of the files looked at are doubted for: how many, of how many, and the advice. At most one.

    That targets are among them is seen by the names of all.
    """
    if targets := _targets(translator.trained, files):
        yield targets, len(files), advice(translator, "targets")
        return
    found: Counter[Doubt] = Counter()
    count = 0
    for file in files[:: max(len(files) // LOOKED_AT, 1)][:LOOKED_AT]:
        try:
            doubt = doubt_of(translator, _looked_at(file), size=size, derive=derive)
        except Exception:  # told when it is translated
            continue
        count += 1
        if doubt is not None:
            found[doubt] += 1
    for doubt, times in found.most_common(1):
        if 2 * times > count:
            yield times, count, advice(translator, doubt)


def range_in_words(domain: Domain) -> str:
    """The range of all channels, in brackets behind a space; nothing where there is none, or one a channel."""
    if not isinstance(domain, Raw) or isinstance(domain.range, str):
        return ""
    (low, high), *others = np.reshape(domain.range, (-1, 2)).tolist()
    if any(other != [low, high] for other in others):
        return ""
    return f" ({low:g} to {high:g}{f' {domain.unit}' if domain.unit else ''})"


# ----------------------------------------------------------------------------------------------------------------------


def _unlike(domain: Domain, stored: Array) -> Doubt | None:
    """Whether a picture's numbers are others than those of the training, so that next to nothing of them is kept."""
    prepared = domain.prepare(stored, "")
    if prepared.valid is not None and not prepared.valid.any():
        return "empty"
    if prepared.changed <= OUTSIDE:
        return None
    if not isinstance(domain, Labels):
        return "range"
    if domain.palette is None or stored.shape[2] < 3:
        return None
    pixels = np.asarray(stored)[..., :3].reshape(-1, 1, 3).astype(int)
    apart = np.abs(pixels[:: max(len(pixels) // 4096, 1)] - np.array(domain.palette)).max(axis=2).min(axis=1)
    return "colours" if (apart > FAR).mean() > OUTSIDE else None


def _looked_at(file: Path) -> Array:
    height, width, _ = picture_size(file)
    if height * width <= HELD:
        return read_picture(file)
    with open_rows(file) as rows:
        some = min(height, max(HELD // (4 * width), 1))
        return rows.read((height - some) // 2, (height + some) // 2)


def _is_pair(trained: Trained, stored: Array) -> bool:
    """Whether a picture is a whole file of pairs: as wide as several sources, with a seam where they meet."""
    if trained.layout != "side_by_side" or trained.panels < 2:
        return False
    height, width = stored.shape[:2]
    if trained.seen is not None:
        (low, high), (narrow, wide) = trained.seen["height"], trained.seen["width"]
        of_their_size = low <= height <= high and trained.panels * narrow <= width <= trained.panels * wide
        if of_their_size and wide < trained.panels * narrow:  # else a single source may be as wide
            return True
    sides = _network_sides(trained)
    if sides is None or trained.panels != 2:
        return False
    as_wide = abs(width / height / (2 * sides[1] / sides[0]) - 1) < 0.02
    return as_wide and has_seam([stored])


def _targets(trained: Trained, files: Sequence[Path]) -> int:
    """How many files lie where a training of two files a pair had its targets, if others lie where its sources were."""
    if trained.layout != "two_folders":
        return 0
    if trained.patterns is not None:
        patterns = [f"*{each.removeprefix('*')}" for each in trained.patterns]  # wherever the files are now
        sides = [by_pattern(each, patterns) for each in patterns]
        found = [tuple(side(file.as_posix()) is not None for side in sides) for file in files]
        return found.count((False, True)) if (True, False) in found else 0
    source, target = trained.sides
    usual = [(names[source], names[target]) for names in FOLDER_PAIRS]
    places = [file.parent.as_posix() for file in files]
    for names in usual if trained.folders is None else [trained.folders]:
        counts = [sum(_below(name).search(place) is not None for place in places) for name in names]
        if all(counts):
            return counts[1]
    return 0


def _below(name: str) -> re.Pattern[str]:
    """A folder of one side, whatever its split is: train/A, A/train, trainA, A."""
    spelt = "|".join(each for spellings in SPELLINGS.values() for each in spellings)
    escaped = re.escape(name).replace(re.escape("{split}"), f"({spelt})")
    return re.compile(f"(^|/)({spelt})?_?{escaped}(/({spelt}))?$")


def _network_sides(trained: Trained) -> tuple[int, int] | None:
    """Height and width of what the network saw, of the smallest where they differ."""
    if trained.size is not None:
        return trained.size
    return None if trained.seen is None else (int(trained.seen["height"][0]), int(trained.seen["width"][0]))


def _factor(trained: Trained, shape: Sequence[int], found: float) -> float:
    """How many times larger than in the training things are in a picture; 1 where nothing speaks for it.

    The training shrank its pictures, and this one is as large as those were before. Or it is much larger than what the
    network saw, and smoother: with a larger view at the scale of the training it would have as much detail.
    """
    sides = _network_sides(trained)
    if sides is None or trained.seen is None:
        return 1.0
    side = min(shape[:2])
    stored = [min(trained.seen["height"][place], trained.seen["width"][place]) for place in (0, 1)]
    if side >= stored[0] / 1.5 and side <= 1.5 * stored[1]:
        return float(stored[0] / min(sides))
    larger = side / min(sides)
    smoother = 0 < found < SMOOTHER * trained.seen["detail"][0]
    return larger if larger >= MUCH_LARGER and smoother else 1.0
