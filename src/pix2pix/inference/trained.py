"""What is known of the training of whatever translates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pix2pix.data.seen import Look
from pix2pix.data.sources.directions import parse_direction


@dataclass(frozen=True)
class Trained:
    """What a record says of the sources of its training.

    Attributes:
        layout: of the data, `data.name`; None: not known.
        panels: pictures in one file.
        size: (height, width) that the network saw; None: the pictures' own.
        sides: the places of the source and the target among the pictures of a pair.
        folders, patterns: of two files a pair, the names of the source's side and the target's, where they are known.
        axis: that the pictures are slices of a volume along, where it was said.
        seen: see `data.seen`; None: not recorded.
    """

    layout: str | None = None
    panels: int = 1
    size: tuple[int, int] | None = None
    sides: tuple[int, int] = (0, 1)
    folders: tuple[str, str] | None = None
    patterns: tuple[str, str] | None = None
    axis: str | int | None = None
    seen: Mapping[str, Any] | None = None

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Trained:
        """From a checkpoint's record, or the description of an exported file."""
        data = record["settings"]["data"]
        size = data.get("size")
        sides = parse_direction(str(data["direction"])) if data.get("name") == "two_folders" else (0, 1)
        return cls(
            data.get("name"),
            data.get("panels") or 1,
            None if size is None else (int(size[0]), int(size[1])),
            sides,
            _of_sides(sides, data.get("folders") or (data.get("source_folder"), data.get("target_folder"))),
            _of_sides(sides, data.get("patterns")),
            data.get("axis"),
            _ranges(record.get("seen")),
        )


def _of_sides(sides: tuple[int, int], names: Any) -> tuple[str, str] | None:
    """Two names, of the first and the second side, as those of the source and the target."""
    return (str(names[sides[0]]), str(names[sides[1]])) if names and all(names) else None


def _ranges(seen: Any) -> Mapping[str, Any] | None:
    """What was seen, if it is what `data.seen` writes: a file may say anything."""
    if not isinstance(seen, Mapping):
        return None
    ranges = {name: seen.get(name) for name in Look._fields}
    for name, found in ranges.items():
        kinds = (int, float) if name == "detail" else (int,)
        if not isinstance(found, list | tuple) or len(found) != 2 or not all(type(each) in kinds for each in found):
            return None
        if not (0 <= found[0] <= found[1] < math.inf) or (name != "detail" and found[0] < 1):
            return None
    return ranges
