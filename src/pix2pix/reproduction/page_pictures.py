"""What the page shows of translations: example grids in the manner of the paper's figures, and Lab histograms."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pix2pix.reproduction.methods import Method
from pix2pix.reproduction.plots import legend, log_histogram, number
from pix2pix.reproduction.points import EXAMPLES, FINISHED_BY, point_folder
from pix2pix.reproduction.results import histograms
from pix2pix.reproduction.tables import Table


def grid(table: Table, seeds: int, folder: Path) -> str:
    """Rows are inputs; columns the input, the ground truth, and each method's translation by its first seed."""
    held = [(column.label, _examples(folder, column.method, seeds)) for column in table.columns]
    found = [(label, examples) for label, examples in held if examples is not None]
    if not found:
        return ""
    _, first = found[0]
    heads = "".join(f"<th>{escape(head)}</th>" for head in ("input", "ground truth", *(label for label, _ in found)))
    rows = []
    for place, name in enumerate(first["names"]):
        pictures = [first[f"source_{place}"], first[f"target_{place}"]]
        pictures += [examples[f"translation_{place}"] for _, examples in found]
        cells = "".join(f'<td><img src="{embedded(picture)}" alt=""></td>' for picture in pictures)
        rows.append(f'<tr title="{escape(str(name))}">{cells}</tr>')
    return (
        "<h3>Examples</h3><p class='soft'>The first pictures of the validation split, not chosen; each method's first"
        f' seed.</p><div class="scroll"><table class="grid"><tr>{heads}</tr>{"".join(rows)}</table></div>'
    )


def _examples(folder: Path, method: Method, seeds: int) -> dict[str, NDArray[Any]] | None:
    for seed in range(seeds):
        path = point_folder(folder, method, seed) / EXAMPLES
        if path.exists():
            with np.load(path, allow_pickle=False) as held:
                return {name: held[name] for name in held.files}
    return None


def histogram_plots(table: Table, seeds: int, folder: Path) -> str:
    """Log-histograms of a and b, of the methods that the paper's figure shows beside the ground truth."""
    if table.name not in ("colour", "losses"):
        return ""
    labels = [column.label for column in table.columns if table.name == "colour" or "GAN" not in column.label]
    labels += ["cGAN", "L1+cGAN"] if table.name == "losses" else []
    curves, truth = [], None
    for label in labels:
        method = table.method(label)
        finished = [seed for seed in range(seeds) if (point_folder(folder, method, seed) / FINISHED_BY).exists()]
        counts = histograms(folder, method, finished)
        if counts is not None:
            truth = counts[1]
            curves.append((label, counts[0]))
    if truth is None:
        return ""
    plots = (
        log_histogram(
            f"{name}: share of the pixels",
            [("ground truth", truth[place]), *((label, counts[place]) for label, counts in curves)],
        )
        for place, name in enumerate("ab")
    )
    shown = []
    for label, counts in curves:
        a, b = (_intersection(counts[place], truth[place]) for place in (0, 1))
        shown.append(f"{label} ({number(a)}, {number(b)})")
    return (
        "<h3>Colours in Lab</h3>"
        + legend(["ground truth", *shown])
        + f'<figure class="plots" style="margin:0">{"".join(plots)}</figure>'
        + '<p class="soft">In brackets the intersection with the ground truth, of a and of b, all seeds together.</p>'
    )


def _intersection(counts: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    return float(np.minimum(counts / counts.sum(), truth / truth.sum()).sum())


def embedded(picture: NDArray[np.uint8]) -> str:
    """A picture (H, W, 3) as the address of an `img`, PNG within."""
    held = io.BytesIO()
    Image.fromarray(picture).save(held, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(held.getvalue()).decode()}"
