"""Lists of pairs whose columns are called otherwise than source and target: image and label, input and mask."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path
from typing import Any

from pix2pix.data.sources.folders import spelled
from pix2pix.pictures.codecs import READABLE

LARGEST = 64 << 20  # bytes of a list that is looked at
ROWS = 20  # whose files are looked for


def find_lists(root: Path) -> list[dict[str, Any]]:
    """The settings of `data=manifest` for each CSV in a folder of which two columns hold pictures that are there."""
    found = []
    for path in sorted(root.glob("*.csv")):
        if (columns := _columns_of_pictures(path)) is not None:
            usual = [each.lower() for each in columns] == ["source", "target"]
            found.append({"file": path.name} | ({} if usual else {"columns": list(columns)}))
    return found


def _columns_of_pictures(path: Path) -> tuple[str, str] | None:
    """The first two columns of which every row looked at names a picture that is there."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return None
        with path.open(newline="", encoding="utf-8-sig") as file:
            delimiter = max(",;\t", key=file.readline().count)
            file.seek(0)
            header, *rows = islice(csv.reader(file, delimiter=delimiter, skipinitialspace=True), ROWS + 1)
    except (OSError, ValueError, csv.Error):  # no text, or empty
        return None
    full = [row for row in rows if row]
    names = [name.strip() for name in header]
    places = [
        place for place in range(len(names)) if full and all(_is_picture(path.parent, row, place) for row in full)
    ]
    if len(places) < 2 or len(set(names)) < len(names):
        return None
    return names[places[0]], names[places[1]]


def _is_picture(root: Path, row: list[str], place: int) -> bool:
    if place >= len(row) or "\0" in row[place]:
        return False
    file = spelled(root, row[place].strip())
    return file.suffix.lower() in READABLE and file.is_file()
