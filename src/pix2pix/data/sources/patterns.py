"""Names of files by pattern: what the two pictures of a pair have in common is a `*`, what tells them apart is not."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence

from pix2pix.pictures.codecs import READABLE

NameOf = Callable[[str], str | None]  # a file's path below its folder → the name of its pair; None: of no pair


def by_stem(path: str) -> str:
    """The path without suffix: what names a pair where no pattern is given."""
    return os.path.splitext(path)[0]


def by_pattern(pattern: str, rivals: Sequence[str] = ()) -> NameOf:
    """Names pairs by what stands for the `*` of `pattern`, as `*_c0` makes `img_001` of `img_001_c0.png`.

    A `*` stands for one letter or more, `/` among them; several are joined by `/`. The pattern is of the path without
    suffix, or with it where the pattern ends with that of a picture, as `*.jpg` does. A file that one of `rivals`
    matches too, which has more letters of its own, is left to that one: with `*_mask` beside it, `*` takes no mask.
    """
    own = _matching(pattern)
    others = [_matching(rival) for rival in rivals if _letters(rival) > _letters(pattern)]

    def name(path: str) -> str | None:
        found = own(path)
        if found is None or any(other(path) for other in others):
            return None
        return "/".join(found) or "pair"  # a pattern without a star is of one file

    return name


def _matching(pattern: str) -> Callable[[str], tuple[str, ...] | None]:
    expression = re.compile("(.+)".join(map(re.escape, pattern.split("*"))), re.DOTALL)
    whole = os.path.splitext(pattern)[1].lower() in READABLE

    def match(path: str) -> tuple[str, ...] | None:
        found = expression.fullmatch(path if whole else by_stem(path))
        return None if found is None else found.groups()

    return match


def _letters(pattern: str) -> int:
    return len(pattern) - pattern.count("*")
