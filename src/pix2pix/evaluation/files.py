"""What an evaluation's folder holds, written so that whatever is found is whole, and read back.

metrics.json         scores with intervals, and the settings that they depend on; written last
pictures.csv         a row a picture: every score of it alone
pictures.png         the best, the median and the worst
contributions.npz    what each picture added to each score, from which other intervals and comparisons are made
"""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from pix2pix.evaluation.scores import Score
from pix2pix.files.atomic import whole_file, write_whole
from pix2pix.files.json_files import read_json

if TYPE_CHECKING:
    from pix2pix.evaluation.measure import Measured
    from pix2pix.pictures.grid import Picture

METRICS, PICTURES, GRID, CONTRIBUTIONS = "metrics.json", "pictures.csv", "pictures.png", "contributions.npz"
ALL = (METRICS, PICTURES, GRID, CONTRIBUTIONS)
FORMAT = 2
LARGEST = 1 << 30  # bytes of contributions: as many as 2,000 pictures of 256 classes make
KEPT, WHOLE = "contributions/", "whole/"  # before the names in the file of contributions


@dataclass(frozen=True)
class Stored:
    """An evaluation as it was found: its settings, and why some scores are not in it."""

    settings: Mapping[str, Any]
    left_out: Mapping[str, str]
    measured: Measured


def read(folder: Path) -> Stored | None:
    """The evaluation in a folder; None where there is none, or one unfinished, damaged or of another version."""
    if not (folder / METRICS).is_file() or not (folder / CONTRIBUTIONS).is_file():
        return None
    try:
        return _read(folder)
    except (ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, EOFError):
        return None


def _read(folder: Path) -> Stored | None:
    from pix2pix.evaluation.measure import Measured

    said = read_json(folder / METRICS)
    if said.get("format") != FORMAT or _unpacked(folder / CONTRIBUTIONS) > LARGEST:
        return None
    with np.load(folder / CONTRIBUTIONS, allow_pickle=False) as held:
        measured = Measured(
            [str(name) for name in held["names"]],
            said["settings"]["targets"],
            {name.removeprefix(KEPT): held[name] for name in held.files if name.startswith(KEPT)},
            {name.removeprefix(WHOLE): float(held[name]) for name in held.files if name.startswith(WHOLE)},
        )
    return Stored(dict(said["settings"]), dict(said["left_out"]), measured)


def _unpacked(path: Path) -> int:
    """Bytes that an archive says it becomes."""
    with zipfile.ZipFile(path) as archive:
        return sum(member.file_size for member in archive.infolist())


def write(
    folder: Path,
    run: str,
    split: str,
    scores: Mapping[str, Score],
    stored: Stored,
    of_pictures: Sequence[Mapping[str, float]],
    grid: Picture,
) -> None:
    """Write an evaluation in place of the one that is there.

    Args:
        run: its path as it was typed.
        of_pictures: scores of each picture alone.
    """
    measured = stored.measured
    folder.mkdir(parents=True, exist_ok=True)
    (folder / METRICS).unlink(missing_ok=True)  # it says that the rest is there and belongs together
    arrays = {f"{KEPT}{name}": values for name, values in measured.contributions.items()}
    arrays |= {f"{WHOLE}{name}": np.array(value) for name, value in measured.whole.items()}
    with whole_file(folder / CONTRIBUTIONS) as file:
        np.savez_compressed(file, names=np.array(measured.names), **arrays)  # type: ignore[arg-type]
    write_whole(folder / PICTURES, _table(measured.names, of_pictures))
    with whole_file(folder / GRID) as file:
        Image.fromarray(grid).save(file, "PNG")
    write_metrics(folder, run, split, scores, stored)


def write_metrics(folder: Path, run: str, split: str, scores: Mapping[str, Score], stored: Stored) -> None:
    """Write `metrics.json`."""
    said = {
        "format": FORMAT,
        "run": run,
        "split": split,
        "pictures": len(stored.measured.names),
        "scores": {name: score.to_dict() for name, score in scores.items()},
        "left_out": dict(stored.left_out),
        "settings": {**stored.settings, "measured": [*stored.measured.contributions, *stored.measured.whole]},
    }
    write_json(folder / METRICS, said)


def write_json(path: Path, content: Any) -> None:
    """Write plain values."""
    write_whole(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _table(names: Sequence[str], rows: Sequence[Mapping[str, float]]) -> str:
    """CSV with every digit; an empty field where a picture has no such score."""
    columns = list(rows[0])
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["name", *columns])
    for name, row in zip(names, rows, strict=True):
        table.writerow([name, *(repr(row[column]) if np.isfinite(row[column]) else "" for column in columns)])
    return text.getvalue()
