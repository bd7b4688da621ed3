"""The best, the median and the worst translations by one score, as a picture for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pix2pix.data.domains import view_translation
from pix2pix.evaluation.measure import translate_sample
from pix2pix.evaluation.scores import Better
from pix2pix.pictures.grid import Picture, sample_grid

if TYPE_CHECKING:
    from pix2pix.data.datamodule import PairedData
    from pix2pix.inference.translator import Translator


def places(count: int, rows: int) -> list[tuple[int, str]]:
    """Places in a ranking of `count` and what they are called: `rows` of each kind, fewer where they would overlap."""
    middle = (count - rows + 1) // 2
    called: dict[int, str] = {}
    for start, name in ((0, "best"), (count - rows, "worst"), (middle, "median")):
        for place in range(max(start, 0), min(start + rows, count)):
            called.setdefault(place, name)
    return sorted(called.items())


def ranked_grid(
    translator: Translator,
    data: PairedData,
    split: str,
    names: Sequence[str],
    values: Sequence[float],
    *,
    score: str,
    better: Better,
    rows: int,
    device: str,
) -> Picture:
    """Source, translation and target of the best, median and worst pictures, a row each, translated anew.

    Args:
        names, values: of all pictures that were scored; those without a value (NaN) are not shown.
        score: its name.
        rows: pictures of each kind.
    """
    known = [index for index, value in enumerate(values) if np.isfinite(value)] or list(range(len(values)))
    ranking = sorted(known, key=lambda index: values[index], reverse=better == "higher")
    index_of = {name: index for index, name in enumerate(data.readable(split).names)}
    pictures, captions = [], []
    for place, called in places(len(ranking), rows):
        index = ranking[place]
        sample = data.sample(split, index_of[names[index]])
        translated = translate_sample(translator, sample, device)
        shown = (each.cpu().numpy() for each in translated.shown)
        pictures.append(view_translation(data.source_domain, data.target_domain, *shown))
        captions.append(f"{called} · {score} {values[index]:.4g} · {names[index]}")
    return sample_grid(pictures, captions)
