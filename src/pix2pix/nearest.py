"""What somebody who mistyped a name may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like the given one, or None where none is like it."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def nearest_key(key: str, known: Iterable[str]) -> str | None:
    """The known dotted key most like the given one: of the same section if there is one, else by its last part."""
    known = sorted(known, key=lambda other: (other.count("."), other))  # of equal ends the least deep comes first
    head, _, rest = key.partition(".")
    siblings = {other.partition(".")[2]: other for other in known if rest and other.startswith(f"{head}.")}
    if near := nearest(rest, siblings):
        return siblings[near]
    last = key.rpartition(".")[2]
    ends = {other.rpartition(".")[2]: other for other in reversed(known)}
    near = last if last in ends else nearest(last, ends)
    return ends[near] if near else nearest(key, known)
