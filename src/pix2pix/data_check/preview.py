"""`pix2pix data preview ROOT -o sheet.png`: a sheet of pairs as the network sees them, varied as in training."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pix2pix.data.domains import Domain, domain_from_dict, view_pair
from pix2pix.data.reading import Readable, check_not_read
from pix2pix.data.transforms import PairTransform, make_sample, sample_rng
from pix2pix.data_check.advice import sides
from pix2pix.data_check.check import layouts_of, no_layout
from pix2pix.data_check.layouts import Layout
from pix2pix.data_check.side import Side
from pix2pix.data_check.suggestions import resolve, suggest_domain
from pix2pix.files.atomic import only_written, whole_file
from pix2pix.pictures.lettering import draw_text

Picture = NDArray[np.uint8]  # (H, W, 3)
GAP, CAPTION = 8, 18  # pixels
PAPER, INK = (255, 255, 255), (40, 40, 40)
PAIRS_A_ROW = 3
SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


def preview(
    layout: Layout,
    transform: PairTransform,
    *,
    split: str = "train",
    direction: str | None = None,
    count: int = 12,
    seed: int = 0,
) -> tuple[list[tuple[Picture, Picture, str]], str]:
    """`count` pairs drawn at random, each (source, target, name) after variation, encoding and back; and a legend.

    Domains are those that the pair source states, else those that the pictures suggest, and so is the direction where
    it is not given. Raises ValueError where the layout or the split is not there, BadPairError where no pair can be
    used.
    """
    if layout.name == "derived":
        sized = {"derive": "edges", "size": transform.size, "jitter": transform.jitter}
        layout, direction = replace(layout, settings=sized | layout.settings), direction or "a_to_b"
    opened = layout.open(split, direction or "a_to_b")
    readable = Readable(opened, on_bad="skip")
    count = min(count, len(readable))
    indices = np.random.default_rng(seed).choice(len(readable), count, replace=False).tolist()
    pairs = [readable[index] for index in indices]
    direction, source, target = sides(
        Side(pictures=[pair.source for pair in pairs]), Side(pictures=[pair.target for pair in pairs]), direction
    )
    stated = getattr(opened, "domains", (None, None))
    source_domain, target_domain = (
        _domain(side, domain) for side, domain in zip((source, target), stated, strict=True)
    )
    shown = []
    for index, values, wanted, pair in zip(indices, source.pictures, target.pictures, pairs, strict=True):
        oriented = pair._replace(source=values, target=wanted)
        sample = make_sample(oriented, source_domain, target_domain, transform, sample_rng(seed, 0, index))
        views = view_pair(source_domain, target_domain, sample.source.numpy(), sample.target.numpy())
        shown.append((*views, pair.name))
    legend = f"{direction}: {source_domain.kind} to {target_domain.kind}, {len(readable)} pairs in {split}"
    return shown, legend


def sheet(shown: list[tuple[Picture, Picture, str]]) -> Image.Image:
    """Pairs in rows, source left of target, the name below."""
    height = max(max(source.shape[0], target.shape[0]) for source, target, _ in shown)
    width = max(source.shape[1] + target.shape[1] for source, target, _ in shown)
    columns = min(PAIRS_A_ROW, len(shown))
    rows = -(-len(shown) // columns)
    cell_width, cell_height = width + 2 * GAP, height + CAPTION + GAP
    page = Image.new("RGB", (columns * cell_width + GAP, rows * cell_height + GAP), PAPER)
    draw = ImageDraw.Draw(page)
    for place, (source, target, name) in enumerate(shown):
        left, top = GAP + place % columns * cell_width, GAP + place // columns * cell_height
        page.paste(Image.fromarray(source), (left, top))
        page.paste(Image.fromarray(target), (left + source.shape[1], top))
        draw_text(draw, left, top + height + 1, name, INK)
    return page


def run(arguments: argparse.Namespace) -> int:
    """The command; 1 where there is no layout or the sheet exists already."""
    if arguments.output.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{arguments.output}: a sheet is written as {' or '.join(SUFFIXES)}")
    if not arguments.output.parent.is_dir():
        raise ValueError(f"{arguments.output}: there is no folder {arguments.output.parent}; make it, or name another")
    if arguments.output.exists() and not arguments.force:
        print(f"{arguments.output}: exists; another name, or --force to replace it")
        return 1
    layouts = layouts_of(arguments)
    if not layouts:
        print(no_layout(arguments.root.expanduser().resolve()))
        return 1
    check_not_read([arguments.output], layouts[0].open_all().values())
    size = arguments.size or [256]
    if len(size) > 2:
        raise ValueError(f"--size takes a side, or height and width; found {' '.join(map(str, size))}")
    transform = PairTransform((size[0], size[-1]), jitter=arguments.jitter)
    shown, legend = preview(
        layouts[0],
        transform,
        split=arguments.split,
        direction=arguments.direction,
        count=arguments.count,
        seed=arguments.seed,
    )
    with whole_file(arguments.output) as file:
        sheet(shown).save(only_written(file), SUFFIXES[arguments.output.suffix.lower()])
    print(f"{arguments.output}: {legend}")
    return 0


def _domain(side: Side, stated: Mapping[str, Any] | None) -> Domain:
    if stated is not None:
        return domain_from_dict(stated)
    return resolve(suggest_domain(side.pictures), side.pictures)
