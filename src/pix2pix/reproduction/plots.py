"""Histograms of colours as SVG, drawn here: a few lines of text need no library."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 460, 260  # of the whole picture
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 26, 34
REACH = 110  # of a and b
DECADES = 6  # shown below a share of 1


def log_histogram(title: str, curves: Sequence[tuple[str, NDArray[np.float64]]], bin_width: float = 2.0) -> str:
    """Shares of pixels by a or b, logarithmic: one line a curve; the first is the ground truth's.

    Args:
        curves: labels and counts (bins,), the middle bin of which lies at 0.
    """
    lines = [
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">',
        f'<text x="{LEFT}" y="16" class="plot-title">{escape(title)}</text>',
    ]
    for decade in range(DECADES + 1):
        y = _y(-decade)
        lines.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="rule"/>')
        label = "1" if decade == 0 else f'10<tspan dy="-4" font-size="8">−{decade}</tspan>'
        lines.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for value in (-100, -50, 0, 50, 100):
        x = _x(value)
        lines.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" class="rule"/>')
        shown = str(value).replace("-", "−")
        lines.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{shown}</text>')
    for place, (_, counts) in enumerate(curves):
        lines.append(f'<polyline class="curve curve{place}" points="{_points(counts, bin_width)}"/>')
    lines.append("</svg>")
    return "\n".join(lines)


def legend(labels: Sequence[str]) -> str:
    """What the lines are, as HTML."""
    items = (
        f'<span class="key"><svg viewBox="0 0 26 8"><line x1="1" x2="25" y1="4" y2="4" class="curve curve{place}"/>'
        f"</svg> {escape(label)}</span>"
        for place, label in enumerate(labels)
    )
    return f'<p class="legend">{" ".join(items)}</p>'


def _points(counts: NDArray[np.float64], bin_width: float) -> str:
    shares = counts / max(counts.sum(), 1)
    heights = np.log10(np.maximum(shares, 10.0**-DECADES))
    places = (np.arange(len(counts)) - len(counts) // 2) * bin_width
    shown = np.abs(places) <= REACH
    return " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in zip(places[shown], heights[shown], strict=True))


def _x(value: float) -> float:
    return LEFT + (value + REACH) / (2 * REACH) * (WIDTH - LEFT - RIGHT)


def _y(exponent: float) -> float:
    return TOP - exponent / DECADES * (HEIGHT - TOP - BOTTOM)


def number(value: float, digits: int = 2) -> str:
    """A number as the paper writes it: .66."""
    shown = f"{value:.{digits}f}"
    if float(shown) == 0:
        shown = shown.removeprefix("-")
    return shown.replace("-", "−").replace("0.", ".", 1) if abs(value) < 1 else shown.replace("-", "−")
