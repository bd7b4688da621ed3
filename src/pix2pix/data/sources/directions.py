"""Which picture of a pair is the source and which the target: `a_to_b` and its like."""

from __future__ import annotations

import re
import string

ALIASES = {"AtoB": "a_to_b", "BtoA": "b_to_a"}


def parse_direction(direction: str, panels: int = 2) -> tuple[int, int]:
    """`b_to_a` becomes (1, 0): the places of source and target among `panels` pictures lettered a, b, c, ...

    Raises ValueError for anything else, and for a letter that there is no picture for.
    """
    letters = string.ascii_lowercase[:panels]
    match = re.fullmatch(r"([a-z])_to_([a-z])", ALIASES.get(direction, direction))
    if match is None or not set(match.groups()) <= set(letters):
        example = " or ".join(["a_to_b", "b_to_a", "c_to_a"][: max(panels, 2)]) if panels > 1 else "a_to_a"
        raise ValueError(
            f"data.direction is {direction!r}; with {panels} pictures, lettered {', '.join(letters)}, "
            f"it must be like {example}"
        )
    source, target = match.groups()
    return letters.index(source), letters.index(target)
