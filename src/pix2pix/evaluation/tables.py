"""Scores as tables: aligned for a terminal, or in Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from pix2pix.evaluation.scores import Score
from pix2pix.metrics.bootstrap import interval

ARROWS = {"higher": "↑", "lower": "↓"}


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equally many cells, the first of them headers; the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        first, *others = (
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("   ".join([first, *others]).rstrip())
    return "\n".join(lines)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """The same in Markdown."""
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, f"|---|{'---:|' * (len(rows[0]) - 1)}", *body])


def one_run(scores: Mapping[str, Score]) -> list[list[str]]:
    """A row a score: what it is, which values are better, value, interval."""
    return [["", "", "value", "95 % interval"]] + [
        [titled(name, score), ARROWS[score.better], number(score.value), limits(score)]
        for name, score in scores.items()
    ]


def columns(runs: Mapping[str, Mapping[str, Score]], *, with_limits: bool = True) -> list[list[str]]:
    """A row a score, a column a run."""
    names = {name: score for scores in runs.values() for name, score in scores.items()}
    rows = [["", "", *runs]]
    for name, score in names.items():
        cells = [_cell(scores.get(name), with_limits) for scores in runs.values()]
        rows.append([titled(name, score), ARROWS[score.better], *cells])
    return rows


def titled(name: str, score: Score) -> str:
    """A score's name and its unit."""
    return f"{name} ({score.unit})" if score.unit else name


def number(value: float, *, signed: bool = False) -> str:
    """Four digits that count, of which none lies further behind the point than the sixth."""
    if not np.isfinite(value):
        return "–"
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    decimals = min(max(3 - magnitude, 0), 6)
    return f"{value:{'+' if signed else ''}.{decimals}f}".replace("-", "−")


def limits(score: Score, *, signed: bool = False) -> str:
    """The interval; a dash where there is none."""
    low, high = interval(score.resampled)
    return f"{number(low, signed=signed)} to {number(high, signed=signed)}" if np.isfinite(low) else "–"


def _cell(score: Score | None, with_limits: bool) -> str:
    if score is None:
        return "–"
    return f"{number(score.value)} ({limits(score)})" if with_limits else number(score.value)
