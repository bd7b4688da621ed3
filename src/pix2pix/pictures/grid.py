"""Draws pictures side by side, row by row, with the names of columns and rows: what people look at to judge a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pix2pix.pictures.lettering import SIZE, draw_text, readable, text_width

Picture = NDArray[np.uint8]

SMALLEST = 128  # pixels of a cell's shorter side, below which pictures are shown larger
LARGEST = 512  # pixels of a cell's longer side, above which they are shown smaller
GAP = 6
LINE = 20
PAPER = (255, 255, 255)
INK = (30, 30, 30)


def sample_grid(
    rows: Sequence[Sequence[Picture]],
    captions: Sequence[str],
    headers: Sequence[str] = ("source", "translated", "target"),
) -> Picture:
    """One picture of all: a header line, then for each row its caption and its pictures beside each other.

    Pictures may differ in size; each cell is as large as the largest. All are scaled by one whole factor, by repeating
    pixels or averaging them: cells have sides of at most 512 pixels and, as far as that allows, of at least 128.

    Args:
        rows: each as long as `headers`; pictures (H, W, 3), 0 to 255.
        captions: one a row; cut in the middle where longer than the row.
        headers: one a column.

    Returns:
        (H, W, 3), 0 to 255.
    """
    assert rows, "a grid needs a row"
    height = max(picture.shape[0] for row in rows for picture in row)
    width = max(picture.shape[1] for row in rows for picture in row)
    enlarge = max(1, min(-(-SMALLEST // min(height, width)), LARGEST // max(height, width)))
    reduce = max(1, -(-max(height, width) // LARGEST))
    cell_height, cell_width = (-(-side * enlarge // reduce) for side in (height, width))

    def fitting(text: str, room: int) -> str:
        text = readable(text)
        kept = len(text)
        shown = text
        while kept > 2 and text_width(shown) > room:
            kept -= 1
            shown = f"{text[: kept // 2]}…{text[len(text) - (kept - kept // 2) :]}"
        return shown

    total_width = GAP + len(headers) * (cell_width + GAP)
    row_height = LINE + cell_height + GAP
    sheet = Image.new("RGB", (total_width, LINE + len(rows) * row_height), PAPER)
    draw = ImageDraw.Draw(sheet)
    lefts = [GAP + column * (cell_width + GAP) for column in range(len(headers))]
    for left, header in zip(lefts, headers, strict=True):
        text = fitting(header, cell_width)
        draw_text(draw, left + (cell_width - text_width(text)) / 2, (LINE - SIZE) / 2, text, INK)
    for index, (row, caption) in enumerate(zip(rows, captions, strict=True)):
        top = LINE + index * row_height
        draw_text(draw, GAP, top + (LINE - SIZE) / 2, fitting(caption, total_width - 2 * GAP), INK)
        for left, picture in zip(lefts, row, strict=True):
            sheet.paste(_scaled(picture, enlarge, reduce), (left, top + LINE))
    return np.asarray(sheet)


def _scaled(picture: Picture, enlarge: int, reduce: int) -> Image.Image:
    image = Image.fromarray(picture)
    if enlarge > 1:
        return image.resize((image.width * enlarge, image.height * enlarge), Image.Resampling.NEAREST)
    return image.reduce(reduce)
