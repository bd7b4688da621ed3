"""Finding pictures in folders: by stem, below sub-folders too, for one split or for a random split of a flat folder."""

from __future__ import annotations

import logging
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeVar

from pix2pix.data.pairs import Problem
from pix2pix.data.sources.patterns import NameOf, by_pattern, by_stem
from pix2pix.data.sources.splits import SPELLINGS, SPLITS, random_splits
from pix2pix.data.sources.unread import in_words, unread
from pix2pix.files.os_errors import reason
from pix2pix.pictures.codecs import READABLE

log = logging.getLogger(__name__)
T = TypeVar("T")
Files = tuple[Path, ...]  # the files of one pair, one for each folder


class Listing(NamedTuple):
    """Pairs by name, in natural order (2 before 10), and what was found wrong on the way.

    `held_out` names the splits whose pairs are drawn at random, since no folder says which they are.
    """

    files: dict[str, Files]
    problems: list[Problem]
    held_out: tuple[str, ...] = ()


class Holdout(NamedTuple):
    """How pairs are parted where the folders do not say."""

    val_fraction: float
    test_fraction: float
    seed: int


def list_split(
    root: Path, templates: Sequence[str], split: str, holdout: Holdout, patterns: Sequence[str] | None = None
) -> Listing:
    """The pairs of `split`, from one folder or several folders of equal stems, or of names that follow patterns.

    A template is a folder below `root`; `{split}` in it stands for train, val, test. Without it the pairs are parted at
    random. Where there is a train folder and none for val, `val_fraction` of train is held out. Patterns are one a
    folder (see `patterns`).

    Raises ValueError where a folder or the split is missing, naming what is there.
    """
    if split not in SPLITS:
        raise ValueError(f"no split is called {split!r}; known: {', '.join(SPLITS)}")
    if any("{split}" in template for template in templates):
        listing = _of_folders(root, templates, split, holdout, patterns)
    else:
        folders = [_existing(root / template) for template in templates]
        listing = _parted(match_names(folders, patterns), split, holdout, ("val", "test"))
    if not listing.files:
        raise ValueError(_nothing(root, templates, split, listing))
    return listing


def list_folder(root: Path, split: str, holdout: Holdout) -> Listing:
    """The pictures of `split` in root/{train,val,test}/, or of a flat root that is parted at random, a file each."""
    template = "{split}" if split_folders(root, ["{split}"]) else ""
    return list_split(root, [template], split, holdout)


def split_folders(root: Path, templates: Sequence[str]) -> dict[str, list[Path]]:
    """The folders of each split that has all of them, `validation` found as val."""
    found = {}
    for split in SPLITS:
        for spelling in (form for word in SPELLINGS[split] for form in (word, word.capitalize(), word.upper())):
            folders = [root / template.replace("{split}", spelling) for template in templates]
            if all(folder.is_dir() for folder in folders):
                found[split] = folders
                break
    return found


def match_names(folders: Sequence[Path], patterns: Sequence[str] | None = None) -> Listing:
    """Pair pictures of several folders by path without suffix, or by what stands for the `*` of their patterns.

    Names that differ in case, leading zeros or the encoding of letters alone are one, where no other could be meant.
    Missing partners and repeated names are problems.
    """
    by_folder, problems = [], []
    for place, folder in enumerate(folders):
        name_of: NameOf = by_stem
        if patterns is not None:
            rivals = [pattern for other, pattern in zip(folders, patterns, strict=True) if other == folder]
            name_of = by_pattern(patterns[place], rivals)
        pictures, repeated = list_pictures(folder, name_of)
        by_folder.append(pictures)
        problems += repeated
    by_folder = _spelled_as_first(by_folder)
    names = sorted(set().union(*by_folder), key=natural)
    files: dict[str, Files] = {}
    for name in names:
        places = [pictures.get(name) for pictures in by_folder]
        present = [place for place in places if place is not None]
        if len(present) == len(folders):
            files[name] = tuple(present)
        else:
            sought = [
                f"{name!r} (any suffix) in {folder}"
                if patterns is None
                else f"{patterns[index].replace('*', name, 1)!r} in {folder}"
                for index, folder in enumerate(folders)
                if places[index] is None
            ]
            problems.append(Problem(str(present[0]), f"no partner called {' or '.join(sought)}"))
    return Listing(files, problems)


def _spelled_as_first(by_folder: Sequence[dict[str, Path]]) -> list[dict[str, Path]]:
    """Names as the first folder has them, where others are spelled another way alone (see `spelled_loosely`)."""
    loosely = []
    for pictures in by_folder:
        names: dict[str, list[str]] = {}
        for name in pictures:
            names.setdefault(spelled_loosely(name), []).append(name)
        loosely.append({loose: found[0] for loose, found in names.items() if len(found) == 1})
    alike = []
    for pictures, own in zip(by_folder, loosely, strict=True):
        first = {name: loosely[0][loose] for loose, name in own.items() if loose in loosely[0]}
        alike.append({first.get(name, name): path for name, path in pictures.items()})
    return alike


def spelled_loosely(name: str) -> str:
    """A name without capitals, leading zeros, and how its letters are encoded: what Img1 and img001 have in common.

    Archives from macOS have ä as two characters, a and its dots, where all others have one.
    """
    return re.sub(r"(?<!\d)0+(?=\d)", "", unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()))


def spelled(folder: Path, name: str) -> Path:
    """The file `name` below a folder, if need be with its letters encoded the other way (see `spelled_loosely`)."""
    ways = (name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))
    return next((folder / way for way in ways if os.path.exists(folder / way)), folder / name)


def list_pictures(folder: Path, name_of: NameOf = by_stem) -> tuple[dict[str, Path], list[Problem]]:
    """Every readable picture at or below `folder` by its path without suffix; hidden files and folders are passed over.

    Of files that differ by suffix alone the first counts; the others are problems. With another `name_of`, pictures go
    by what it makes of their paths with suffix, and those that it has no name for are passed over.
    """
    pictures: dict[str, Path] = {}
    problems = []
    others: Counter[str] = Counter()
    for where, files in walk(folder, _refuse):
        for file in files:
            suffix = os.path.splitext(file)[1].lower()
            if suffix not in READABLE:
                others[suffix] += 1
                continue
            path = Path(where, file)
            name = name_of(path.relative_to(folder).as_posix())
            if name is None:
                continue
            if name in pictures:
                problems.append(Problem(str(path), f"the same name as {pictures[name].name}: which of them is meant?"))
            else:
                pictures[name] = path
    if pictures and (left_out := in_words(others)):
        _tell(f"{folder}: {left_out}")
    return pictures, problems


@cache
def _tell(message: str) -> None:
    """Once in a process: splits are listed one by one."""
    log.warning("%s", message)


def walk(
    folder: Path, refuse: Callable[[OSError], object], passed: Iterable[Path] = ()
) -> Iterator[tuple[Path, list[str]]]:
    """The folder and all below it, each once though links lead back, with the names of its files; none is hidden.

    Args:
        refuse: called with the error of a folder that cannot be listed.
        passed: resolved folders that are passed over, with what is below them.
    """
    seen = {folder.resolve(), *passed}
    for where, below, files in os.walk(folder, followlinks=True, onerror=refuse):
        below[:] = sorted(name for name in below if name[0] != "." and Path(where, name).resolve() not in seen)
        seen.update(Path(where, name).resolve() for name in below)
        yield Path(where), sorted(name for name in files if name[0] != ".")


def _refuse(error: OSError) -> NoReturn:
    raise ValueError(f"{error.filename}: cannot be read: {reason(error)}") from error


def natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """A sorting key under which frame2 comes before frame10; no two names have the same, so that an order is one."""
    parts = [(int(digits), "") if digits else (-1, text) for digits, text in re.findall(r"(\d+)|(\D+)", name)]
    return parts, name


def _of_folders(
    root: Path, templates: Sequence[str], split: str, holdout: Holdout, patterns: Sequence[str] | None
) -> Listing:
    folders = split_folders(_existing(root), templates)
    if split in folders:
        listing = match_names(folders[split], patterns)
        if split == "train" and "val" not in folders:
            return _parted(listing, "train", holdout._replace(test_fraction=0.0), ("val",))
        return listing
    if split == "val" and "train" in folders:
        return _parted(match_names(folders["train"], patterns), "val", holdout._replace(test_fraction=0.0), ("val",))
    wanted = " and ".join(str(root / template.replace("{split}", split)) for template in templates)
    raise ValueError(
        f"no folder for the split {split!r}: expected {wanted}; splits found: {', '.join(folders) or 'none'}"
    )


def _parted(listing: Listing, split: str, holdout: Holdout, held_out: tuple[str, ...]) -> Listing:
    return Listing(keep_split(listing.files, split, holdout, group=lambda name: name), listing.problems, held_out)


def keep_split(files: Mapping[str, T], split: str, holdout: Holdout, group: Callable[[str], str]) -> dict[str, T]:
    """Those of `split` under a random split that never parts a group."""
    splits = random_splits((group(name) for name in files), *holdout)
    return {name: value for name, value in files.items() if splits[group(name)] == split}


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise ValueError(f"data.root: no folder {folder} (looked from {Path.cwd()})")
    return folder


def _nothing(root: Path, templates: Sequence[str], split: str, listing: Listing) -> str:
    where = " and ".join(str(root / template.replace("{split}", split)) for template in templates)
    if listing.problems:
        file, why = listing.problems[0]
        left_over = f"{len(listing.problems)} files left over, the first {file}: {why}"
        return f"{where}: no pair for the split {split!r}; {left_over}"
    held_out = any("{split}" not in template for template in templates) or split not in split_folders(root, templates)
    if split != "train" and held_out:
        return f"{root}: nothing is left for the split {split!r}: raise data.{split}_fraction, or add pictures"
    left_out = f". There are {found}" if (found := unread(root)) else ""
    return f"{where}: no pictures for the split {split!r}; read are {' '.join(sorted(READABLE))}{left_out}"
