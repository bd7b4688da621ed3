"""A sheet of pairs as the network sees them, varied as in training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pix2pix.data.domains import Domain, domain_from_dict, view_pair
from pix2pix.data.reading import Readable
from pix2pix.data.transforms import PairTransform, make_sample, sample_rng
from pix2pix.data_check.advice import sides
from pix2pix.data_check.layouts import Layout
from pix2pix.data_check.side import Side
from pix2pix.data_check.suggestions import resolve, suggest_domain
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


def _domain(side: Side, stated: Mapping[str, Any] | None) -> Domain:
    if stated is not None:
        return domain_from_dict(stated)
    return resolve(suggest_domain(side.pictures), side.pictures)
