"""Two sides whose files are numbered from different starts: by name they pair up, each with its neighbour's partner."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

NUMBER = re.compile(r"(\d+)\D*$")


def shifted(pairs: Iterable[tuple[Path, ...]], alone: Iterable[Path]) -> str:
    """What to say where the two sides seem to be counted from different starts; "" where they do not.

    That is where as many files of either side have no partner, those of one side before all pairs and those of the
    other behind them.

    Args:
        pairs: the files of each pair, of the first and the second side.
        alone: the pictures that have no partner.
    """
    paired = [(_number(first), _number(second)) for first, *_, second in pairs]
    folders = [{files[side].parent for files in pairs} for side in (0, -1)]
    if not paired or any(None in each for each in paired) or folders[0] & folders[1]:
        return ""
    rest = [[_number(path) for path in alone if path.parent in folder] for folder in folders]
    numbers = [number for number, _ in paired if number is not None]
    before, behind = sorted(rest, key=lambda each: min((number for number in each if number is not None), default=0))
    if not before or len(before) != len(behind) or None in (*before, *behind):
        return ""
    if max(before) >= min(numbers) or min(behind) <= max(numbers):  # type: ignore[type-var,operator]
        return ""
    spans = [sorted([*numbers, *(number for number in each if number is not None)]) for each in rest]
    first, second = (f"{span[0]} to {span[-1]}" for span in spans)
    return (
        f"files of the first side are numbered {first}, those of the second {second}: if both are of the same scenes,"
        f" {spans[0][0]} goes with {spans[1][0]}, and no pair is right as it is. Rename those of one side"
    )


def _number(path: Path) -> int | None:
    found = NUMBER.search(path.stem)
    return int(found[1]) if found else None
