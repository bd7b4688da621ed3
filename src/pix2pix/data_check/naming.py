"""Which files of a folder pair up by their names: what tells two sides apart is looked for, and scored by the pairs.

Two files may be a pair where their paths are equal but for a part of the folders, a part of the name, or both: the
*tags* of their sides. Tags that come together again and again, with the same rest, are sides; each proposal is then
counted over all files, as `data=two_folders` would read them.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from pix2pix.data.sources.folders import natural, spelled_loosely
from pix2pix.data.sources.patterns import by_pattern, by_stem
from pix2pix.data_check.split_names import SPLIT, File, with_splits

LOOKED_AT = 600  # files from which tags are taken
MOST_NUMBERS = 3  # sides that are told apart by numbers; of more, what they show decides
MOST_SIDES = 16  # tags with one rest; of more, they are numbers of pictures
LONGEST = 8  # words of a tag
PROPOSALS = 60  # that are counted
FEWEST = 20  # files looked at of a folder, rather than some of every folder
SHARE = 0.5  # of the smaller side's files that must have a partner, and of the best reading's pairs that another has
COVERED = 0.25  # of all files that must be in a pair
SOURCES = {"before", "input", "source", "in", "noisy", "blur", "low", "lq", "lr", "rain", "hazy"}
TARGETS = {"after", "output", "target", "out", "clean", "sharp", "high", "hq", "hr", "norain", "clear", "gt", "gtr"}
NUMBERED = {"c", "ch", "w", "chan", "channel", "band", "modality", "side"}  # words whose numbers tell sides apart
# How surely tags are of sides: words are; numbers may be those of pictures, and are in one place without any word.
WORDS, NUMBERS, DOUBT, NONE = 2, 1, 0, -1
Words = tuple[str, ...]


class Tag(NamedTuple):
    """What stands in the place that tells sides apart: of the folders, of the name (None: no such place); a suffix."""

    folders: Words | None
    words: Words | None
    suffix: str


class Rest(NamedTuple):
    """The path around a tag: before that of the folders, between both, and behind that of the name."""

    before: Words
    between: Words
    behind: Words


@dataclass(frozen=True)
class Sides:
    """A reading of a folder as pairs.

    Attributes:
        folders: two folders below the root, with `{split}` where train, val or test stands.
        patterns: of the names in them; None where both have one name.
        pairs: how many there are.
        alone: files of these sides without a partner.
        surety: WORDS, NUMBERS, or DOUBT where the names are not enough to say that these are sides.
        files: of each pair.
    """

    folders: tuple[str, str]
    patterns: tuple[str, str] | None
    pairs: int
    alone: int
    surety: int
    files: frozenset[tuple[str, str]]


def find_sides(paths: Sequence[str]) -> list[Sides]:
    """Every reading as pairs of these paths of pictures (relative, with suffix), the likeliest first."""
    files = with_splits(paths)
    sample = _sample(files, LOOKED_AT)
    found = _likely(_counted(sample, *proposal) for proposal in _proposals(sample))
    if len(sample) < len(files):
        found = _likely(_counted(files, each.folders, each.patterns, each.surety) for each in found[:MOST_SIDES])
    covered = {file for each in found for pair in each.files for file in pair}
    return found if len(covered) >= COVERED * len(files) else []


def _likely(readings: Iterable[Sides | None]) -> list[Sides]:
    """The likeliest readings, the best first: as sure and nearly as many pairs as it has, or of the same sides."""
    distinct: dict[frozenset[tuple[str, str]], Sides] = {}
    for each in readings:
        if each is not None and (each.files not in distinct or each.surety > distinct[each.files].surety):
            distinct[each.files] = each
    found = sorted(
        distinct.values(), key=lambda each: (-each.surety, -each.pairs, -_spoken(each), each.alone, _place(each))
    )
    if not found or found[0].surety == NONE:
        return []
    kept: list[Sides] = []
    files: set[str] = set()
    for each in found:
        best, own = found[0], {file for pair in each.files for file in pair}
        if each.pairs < SHARE * best.pairs:
            continue
        as_good = each.surety == best.surety and (each.pairs == best.pairs or not own <= files)
        if as_good or _sides(each) <= {side for other in kept for side in _sides(other)}:
            kept.append(each)
            files |= own
    return kept


def _sides(reading: Sides) -> set[frozenset[str]]:
    return {frozenset(side) for side in zip(*reading.files, strict=True)}


def _spoken(reading: Sides) -> int:
    """How many of its sides are called what they are: the source a source, the target a target."""
    one, other = (
        {word.lower() for word in _words(f"{folder}/{name}")}
        for folder, name in zip(reading.folders, reading.patterns or ("", ""), strict=True)
    )
    return bool(one & SOURCES) + bool(other & TARGETS)


def _place(reading: Sides) -> list[object]:
    return [natural(each) for each in (*reading.folders, *(reading.patterns or ()))]


def _sample(files: Sequence[File], count: int) -> list[File]:
    """Some files, an equal share of each folder and each of theirs, from the start: so that partners come together."""
    if len(files) <= count:
        return list(files)
    below: dict[str, list[File]] = {}
    for file in sorted(files, key=lambda each: natural(each.path)):
        below.setdefault(file.path.partition("/")[0] if "/" in file.path else "", []).append(file)
    if len(below) == 1:
        ((folder, inside),) = below.items()
        if not folder:
            return inside[:count]
        return [
            File(f"{folder}/{path}", split)
            for path, split in _sample([File(path[len(folder) + 1 :], split) for path, split in inside], count)
        ]
    some = list(below.values())[: max(count // FEWEST, min(count, MOST_SIDES))]
    return [file for inside in some for file in _sample(inside, count // len(some))]


# --- tags -----------------------------------------------------------------------------------------------------------


def _proposals(files: Sequence[File]) -> Iterator[tuple[tuple[str, str], tuple[str, str] | None, int]]:
    """Folders, patterns and surety of every two tags that come together with one rest."""
    together: dict[tuple[str, ...], dict[Tag, Rest]] = {}
    for file in files:
        for tag, rest in _tagged(PurePosixPath(file.path)):
            # In which places the tags are is part of it: of the folders, of the name.
            where = f"{tag.folders is None}{tag.words is None}{file.split}"
            key = (where, *("\0".join(map(spelled_loosely, part)) for part in rest))
            together.setdefault(key, {}).setdefault(tag, rest)
    found: dict[tuple[Tag, Tag, Words], list[tuple[Rest, Rest]]] = {}
    numbers: Counter[tuple[Tag, Tag, Words]] = Counter()  # how many tags there are with one rest
    for tags in together.values():
        if 2 <= len(tags) <= MOST_SIDES:
            for first, second in itertools.combinations(sorted(tags, key=_order), 2):
                if _apart(first, second):
                    around = _around(first, tags[first]) if _numbers_alone(first, second) else ()
                    found.setdefault((first, second, around), []).append((tags[first], tags[second]))
                    numbers[first, second, around] = max(numbers[first, second, around], len(tags))
    often = sorted(found.items(), key=lambda each: -len(each[1]))[:PROPOSALS]
    for (first, second, around), rests in often:
        surety = _surety(first, second, list(dict.fromkeys(rests)), numbers[first, second, around])
        paths = tuple(_pattern(tag, [each[side] for each in rests]) for side, tag in enumerate((first, second)))
        folders, names = zip(*map(_folder_and_name, paths), strict=True)
        above = min(folders, key=len)
        start = len(above) + (above != "")
        if folders[0] != folders[1] and max(folders, key=len)[:start] == f"{above}/" * (above != ""):
            # One folder is below the other, which would hold its files too.
            folders, names = (above, above), tuple(path[start:] for path in paths)
        yield folders, None if set(names) == {"*"} else names, surety


def _tagged(path: PurePosixPath) -> Iterator[tuple[Tag, Rest]]:
    """Every way to take a path apart into a tag and its rest."""
    folders, words, suffix = path.parts[:-1], _words(path.stem), path.suffix
    whole = tuple(word for folder in folders for word in (*_words(folder), "/"))
    yield Tag(None, None, suffix), Rest(whole, (), words)
    for start, end in _spans(len(words)):
        yield Tag(None, words[start:end], suffix), Rest((*whole, *words[:start]), (), words[end:])
    for first in range(len(folders) + 1):
        for last in range(first, min(first + 2, len(folders)) + 1):
            before, behind = (
                tuple(word for folder in part for word in (*_words(folder), "/"))
                for part in (folders[:first], folders[last:])
            )
            if last > first or not folders[first:]:
                yield Tag(folders[first:last], None, suffix), Rest(before, (*behind, *words), ())
            for start, end in _spans(len(words)):
                if start == 0 or end == len(words):  # with a tag of the folders, that of the name begins or ends it
                    between = (*behind, *words[:start])
                    yield Tag(folders[first:last], words[start:end], suffix), Rest(before, between, words[end:])


def _spans(count: int) -> Iterator[tuple[int, int]]:
    return ((start, end) for start in range(count + 1) for end in range(start, min(start + LONGEST, count) + 1))


def _words(text: str) -> Words:
    """Runs of digits, runs of letters, and every other character by itself."""
    return tuple(re.findall(r"\d+|[^\W\d_]+|.", text, re.DOTALL))


def _apart(first: Tag, second: Tag) -> bool:
    """Whether these differ, in each place, and in no more than they must."""
    if first.folders is None and first.words is None:
        return first.suffix.lower() != second.suffix.lower()
    pairs = [(first.folders, second.folders), (first.words, second.words)]
    return all(one != other and not _share_an_end(one, other) for one, other in pairs if one is not None is not other)


def _share_an_end(one: Words | None, other: Words | None) -> bool:
    return bool(one and other and (one[0] == other[0] or one[-1] == other[-1]))


def _order(tag: Tag) -> tuple[object, ...]:
    words = {word.lower() for folder in tag.folders or () for word in _words(folder)}
    words |= {word.lower() for word in tag.words or ()}
    text = "/".join((*(tag.folders or ()), "".join(tag.words or ()), tag.suffix))
    return bool(words & TARGETS) - bool(words & SOURCES), natural(text.casefold()), text


def _numbers_alone(first: Tag, second: Tag) -> bool:
    """Whether two tags differ in numbers alone."""
    one, other = (
        [re.sub(r"\d+", "0", text) for text in (*(tag.folders or ()), "".join(tag.words or ()))]
        for tag in (first, second)
    )
    return one == other and (first.folders, first.words) != (None, None)


def _around(tag: Tag, rest: Rest) -> Words:
    """The words next to a tag, whatever number they are: numbers count what the word before them says."""
    ahead = rest.before[-1:] if tag.words is None or tag.folders is None else (*rest.before[-1:], *rest.between[-1:])
    behind = rest.behind[:1] if tag.words is not None else ()
    return tuple("0" if word.isdigit() else word.lower() for word in (*ahead, *behind))


def _surety(first: Tag, second: Tag, rests: Sequence[tuple[Rest, Rest]], tags: int) -> int:
    """How surely these tell sides apart, of so many `tags`: by words; by numbers that are part of a word, and few."""
    if not _numbers_alone(first, second):
        return WORDS if len(rests) > 1 else DOUBT
    one, other = (_said(rests[0][side], tag) for side, tag in enumerate((first, second)))
    places = [place for place, (left, right) in enumerate(zip(one, other, strict=True)) if left != right]
    before = [word.lower() for word in one[max(places[0] - 2, 0) : places[0]]]
    if len(places) > 1 or not before:
        return DOUBT if len(rests) > 1 else NONE
    if before[-1] in NUMBERED or (before[-1] in "-_ " and before[0] in NUMBERED):
        return WORDS if len(rests) > 1 else DOUBT
    if len(rests) < 2:
        return NONE
    return NUMBERS if before[-1].isalpha() and tags <= MOST_NUMBERS and 2 * tags <= len(rests) else DOUBT


def _said(rest: Rest, tag: Tag) -> Words:
    """The words of a path up to the end of its tag."""
    folders = tuple(word for folder in tag.folders or () for word in (*_words(folder), "/"))
    return rest.before + folders + (() if tag.words is None else rest.between + tag.words)


# --- patterns -------------------------------------------------------------------------------------------------------


def _pattern(tag: Tag, rests: Sequence[Rest]) -> str:
    """The path of a side: folders as they are where all files share them, and `*` for what is not of the tag.

    Next to a tag of the name stays what all share there, up to the next number, which may be another in other files.
    """
    befores, betweens, behinds = ([rest[part] for rest in rests] for part in range(3))
    folders = "".join(f"{folder}/" for folder in tag.folders or ())
    if tag.words is None:
        start = _folders_and_end(befores)[0] if tag.folders is None else "".join(_folders_and_end(befores))
        pattern = start + folders + _folders_and_end(betweens)[0] + "*"
        return pattern if tag.folders is not None else f"{pattern}{tag.suffix}"
    begin = "".join(_folders_and_end(befores)) + folders + "".join(_folders_and_end(betweens))
    shared = _shared(behinds)
    kept = "".join(itertools.takewhile(lambda word: not word.isdigit(), shared))
    more = any("".join(part) != kept for part in behinds)
    return re.sub(r"\*+", "*", begin + "".join(tag.words) + kept + "*" * more)


def _folders_and_end(parts: Sequence[Words]) -> tuple[str, str]:
    """Of what comes before a tag: the folders that all share, and the shared end, behind a `*` if there is more."""
    ahead = _shared(parts)
    folders = ahead[: len(ahead) - ahead[::-1].index("/")] if "/" in ahead else ()
    rest = [part[len(folders) :] for part in parts]
    shared = "".join(_shared([part[::-1] for part in rest])[::-1])
    kept = re.split(r"\d+", shared)[-1]
    return "".join(folders), "*" * any("".join(part) != kept for part in rest) + kept


def _shared(parts: Sequence[Words]) -> Words:
    """The words that all begin with."""
    shortest = min(map(len, parts))
    count = next((place for place in range(shortest) if len({part[place] for part in parts}) > 1), shortest)
    return parts[0][:count]


# --- counting -------------------------------------------------------------------------------------------------------


def _counted(
    files: Sequence[File], folders: tuple[str, str], patterns: tuple[str, str] | None, surety: int
) -> Sides | None:
    """The reading as `data=two_folders` has it, if it makes pairs of enough of its files."""
    (one, other), names = folders, patterns or ("*", "*")
    if (SPLIT in one) != (SPLIT in other) or SPLIT in "".join(names) or (patterns is None and one == other):
        return None
    sides: list[dict[tuple[str, str], str]] = []
    for folder, name in zip(folders, names, strict=True):
        rivals = names if one == other else ()
        name_of = by_stem if patterns is None else by_pattern(name, rivals)
        start = f"{folder}/" if folder else ""
        named = ((file, name_of(file.path[len(start) :])) for file in files if file.path.startswith(start))
        sides.append({(file.split, spelled_loosely(name)): _stored(file) for file, name in named if name is not None})
    both = sides[0].keys() & sides[1].keys()
    pairs = frozenset((sides[0][name], sides[1][name]) for name in both if sides[0][name] != sides[1][name])
    if not pairs or len(pairs) < SHARE * min(map(len, sides)):
        return None
    return Sides(folders, patterns, len(pairs), sum(map(len, sides)) - 2 * len(both), surety, pairs)


def _stored(file: File) -> str:
    return file.path.replace(SPLIT, file.split)


def _folder_and_name(pattern: str) -> tuple[str, str]:
    """The folders of a pattern before the first `*`, and what follows."""
    folder = pattern.partition("*")[0].rpartition("/")[0]
    return folder, pattern[len(folder) + (folder != "") :]
