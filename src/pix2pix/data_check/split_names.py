"""Which folders name a split, on their own (`train/A`) or as a part of a name (`trainA`, `A_train`, `trainannot`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from pix2pix.data.sources.splits import SPELLINGS

SPLIT = "{split}"


class File(NamedTuple):
    """A picture's path below the root, `{split}` in it where a folder names one, and which that is, as spelled."""

    path: str
    split: str


def with_splits(paths: Sequence[str]) -> list[File]:
    """The paths with `{split}` for the first folder that names one, where there is such a folder for train."""
    parted = [_split_of(path, set()) for path in paths]
    bare = {file.path.partition(SPLIT)[0] for file in parted if f"{SPLIT}/" in file.path}
    parted = [_split_of(path, bare) for path in paths]  # now trainannot too, beside train
    train = {_stub(file.path) for file in parted if file.split.lower() in SPELLINGS["train"]}
    return [file if _stub(file.path) in train else File(path, "") for path, file in zip(paths, parted, strict=True)]


def _stub(path: str) -> str:
    """Up to the folder with `{split}`, if there is one."""
    before, split, behind = path.partition(SPLIT)
    return f"{before}{split}{behind.partition('/')[0]}" if split else ""


_FORMS = {form for words in SPELLINGS.values() for word in words for form in (word, word.capitalize(), word.upper())}
_SPLITS = sorted(_FORMS, key=len, reverse=True)  # training before train


def _split_of(path: str, bare: set[str]) -> File:
    folder, slash, name = path.rpartition("/")
    put, split = _split_in(folder, frozenset(bare)) if folder else ("", "")
    return File(f"{put}{slash}{name}", split)


@lru_cache(maxsize=1 << 16)
def _split_in(path: str, bare: frozenset[str]) -> tuple[str, str]:
    """A folder with `{split}` for its first part that names one, and that part; `bare`: above folders that are one."""
    folders = path.split("/")
    for place, folder in enumerate(folders):
        for word in _SPLITS:
            found = re.search(rf"(?<![^\W\d_]){word}(?![a-z])", folder)
            if found is None and folder.startswith(word) and "/".join([*folders[:place], ""]) in bare:
                found = re.match(word, folder)
            if found is not None:
                put = folder[: found.start()] + SPLIT + folder[found.end() :]
                return "/".join([*folders[:place], put, *folders[place + 1 :]]), word
    return path, ""
