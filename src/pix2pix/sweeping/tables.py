"""The table of a sweep: a row for each point, what was swept, and its scores; means over seeds below it."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Sequence
from pathlib import Path

from pix2pix.files.atomic import write_whole
from pix2pix.sweeping.point import Result


def write_tables(folder: Path, results: Sequence[Result]) -> str:
    """Write `table.csv` and `table.md`, a row for each point; returns the second's text.

    How many pictures the scores are means over is told where points say it.
    Points that differ in their seed alone are also taken together there: the mean of each score, and its deviation.
    """
    settings = [dict(override.partition("=")[::2] for override in result.point.overrides) for result in results]
    keys = dict.fromkeys(key for one in settings for key in one)
    swept = [key for key in keys if len({one.get(key) for one in settings}) > 1]
    metrics = list(dict.fromkeys(name for result in results for name in result.scores))
    pictures = ["pictures"] * any(result.pictures is not None for result in results)
    rows = [["point", *swept, "status", "exit_status", *metrics, *pictures, "minutes", "folder"]]
    for result, chosen in zip(results, settings, strict=True):
        numbers = [*(result.scores.get(name) for name in metrics), *(result.pictures for _ in pictures), result.minutes]
        rows.append(
            [
                result.point.name,
                *(chosen.get(key, "") for key in swept),
                result.status,
                "" if result.exit_status is None else str(result.exit_status),
                *("" if number is None else f"{number:.6g}" for number in numbers),
                str(result.point.folder),
            ]
        )
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)

    table = _markdown(rows)
    if "seed" in swept and (means := _means(results, settings, [key for key in swept if key != "seed"], metrics)):
        table += f"\n\nMeans over seeds, and standard deviations:\n\n{_markdown(means)}"
    for result in results:
        if result.status == "failed":
            table += f"\n\n{result.point.name}: exit status {result.exit_status}\n\n```\n{result.last_lines}\n```"

    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "table.csv", text.getvalue())
    write_whole(folder / "table.md", f"{table}\n")
    return table


def _means(
    results: Sequence[Result], settings: Sequence[dict[str, str]], keys: Sequence[str], metrics: Sequence[str]
) -> list[list[str]]:
    """A header, then a row for each choice of what is swept beside the seed; nothing where no choice has two scores."""
    groups: dict[tuple[str, ...], list[dict[str, float]]] = {}
    for result, chosen in zip(results, settings, strict=True):
        if result.status == "finished":
            groups.setdefault(tuple(chosen.get(key, "") for key in keys), []).append(result.scores)
    if all(len(group) < 2 for group in groups.values()):
        return []
    rows = [[*keys, "seeds", *metrics]]
    for choice, group in groups.items():
        columns = [[scores[name] for scores in group if name in scores] for name in metrics]
        rows.append([*choice, str(len(group)), *map(_mean, columns)])
    return rows


def _mean(numbers: Sequence[float]) -> str:
    if len(numbers) < 2:
        return "".join(f"{number:.6g}" for number in numbers)
    return f"{statistics.fmean(numbers):.6g} ± {statistics.stdev(numbers):.2g}"


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table whose first row is its header."""
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    return "\n".join(f"| {line} |" for line in lines)
