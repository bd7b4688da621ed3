"""What happens with pairs that cannot be used: an error that names them, or a replacement that is counted."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar

from pix2pix.data.pairs import Pair, PairSource, Problem
from pix2pix.errors import BadPairError
from pix2pix.files.atomic import identity

T = TypeVar("T")
OnBad = Literal["error", "skip"]
NAMED = 10  # problems that one message names
log = logging.getLogger(__name__)


class Readable:
    """A pair source of which every index gives a usable pair.

    `on_bad="error"`: what is found wrong while listing raises BadPairError at once, a pair that cannot be read when it
    is read. `on_bad="skip"`: listing leaves bad files out, and a pair that cannot be used is replaced by the next that
    can (cyclic), so an index gives the same pair in every process. `use` says what was passed over: a worker sends
    it along with its sample, and the process that trains tells `note`, which logs each file once.
    """

    def __init__(self, source: PairSource, on_bad: OnBad = "error") -> None:
        self.source = source
        self.on_bad = on_bad
        self._problems: dict[str, Problem] = {}
        listed: Sequence[Problem] = getattr(source, "problems", ())
        if listed and on_bad == "error":
            raise BadPairError(describe(listed))
        self.note(listed)

    @property
    def names(self) -> Sequence[str]:
        """The name that belongs to each index, whether or not its pair turns out to be usable."""
        return self.source.names

    @property
    def problems(self) -> list[Problem]:
        """Each bad file once: those of the listing and those noted since."""
        return list(self._problems.values())

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> Pair:
        """The pair, or its replacement. Raises BadPairError under `on_bad="error"`, and where no pair is usable."""
        pair, skipped = self.use(index, lambda pair: pair)
        self.note(skipped)
        return pair

    def use(self, index: int, make: Callable[[Pair], T]) -> tuple[T, tuple[Problem, ...]]:
        """`make(pair)` and the pairs passed over. What `make` raises as BadPairError counts as a bad pair too."""
        skipped: list[Problem] = []
        for step in range(len(self)):
            candidate = (index + step) % len(self)
            try:
                return make(checked(self.source[candidate])), tuple(skipped)
            except BadPairError as error:
                problem = problem_of(self.source, candidate, error)
            if self.on_bad == "error":
                raise BadPairError(describe([problem]))
            skipped.append(problem)
        raise BadPairError(f"none of the {len(self)} pairs can be used:\n{describe(skipped, self.on_bad)}")

    def note(self, problems: Sequence[Problem]) -> None:
        """Remember problems, and log each file the first time."""
        for problem in problems:
            if problem.file not in self._problems:
                self._problems[problem.file] = problem
                log.warning("left out (data.on_bad=skip): %s: %s", *problem)


def checked(pair: Pair) -> Pair:
    """The pair, if its two pictures have one height and width; else BadPairError."""
    if pair.source.shape[:2] != pair.target.shape[:2]:
        source, target = (f"{side.shape[1]}×{side.shape[0]}" for side in (pair.source, pair.target))
        raise BadPairError(
            f"{pair.name}: the source is {source} pixels (width×height) and the target {target}; "
            "the two must show the same scene at the same size"
        )
    return pair


def problem_of(source: PairSource, index: int, error: BadPairError) -> Problem:
    """What `error` says about pair `index`, with the file that it names, or else the files of the pair."""
    message = str(error)
    files = [str(file) for file in source.files(index)] if hasattr(source, "files") else []
    named = next((file for file in files if message.startswith(f"{file}: ")), None)
    name = source.names[index]
    return Problem(named or " and ".join(files) or name, message.removeprefix(f"{named}: ").removeprefix(f"{name}: "))


def check_apart(training: PairSource, pairs: PairSource, split: str) -> None:
    """Raises BadPairError where two splits have one file, whatever it is called in each: scores would be too good."""
    known = _identities(training)
    shared = [(file, known[identity]) for identity, file in _identities(pairs).items() if identity in known]
    if shared:
        named = "\n".join(f"  {file}" + f" is {other}" * (file != other) for file, other in shared[:NAMED])
        more = f"\n  and {len(shared) - NAMED} more" * (len(shared) > NAMED)
        raise BadPairError(
            f"{len(shared)} files of {split} are those of train, so its scores would be too good:\n{named}{more}\n"
            f"Take them out of one of the two. Without a folder or a column for val, a part of train is held out."
        )


def _identities(pairs: PairSource) -> dict[tuple[int, int], Path]:
    """Device and inode of each file, which links and other paths to it have too."""
    found = {}
    for file in files_of(pairs):
        with suppress(OSError):  # told when it is read
            stat = os.stat(file)
            found[stat.st_dev, stat.st_ino] = file
    return found


def files_of(pairs: PairSource) -> Iterator[Path]:
    """The files that pairs are read from, as far as their source names them."""
    if hasattr(pairs, "files"):
        yield from (file for index in range(len(pairs)) for file in pairs.files(index))


def check_not_read(places: Iterable[Path], sources: Iterable[PairSource]) -> None:
    """Raises ValueError where something is to be written over a file that pairs are read from, whatever it is called.

    Args:
        sources: the pairs of every split; files in which they have found something wrong count as theirs.
    """
    there = {identity(place): place for place in places if os.path.lexists(place)}
    for pairs in sources if there else ():
        wrong: Sequence[Problem] = getattr(pairs, "problems", ())
        for file in (*files_of(pairs), *(Path(problem.file) for problem in wrong)):
            if (place := there.get(identity(file))) is not None:
                raise ValueError(f"{place}: is a file of the data, and would be replaced: name another place with -o")


def describe(problems: Sequence[Problem], on_bad: OnBad = "error") -> str:
    """One message for several problems: up to ten files, how many more, and what to type where it is not typed yet."""
    lines = [f"  {problem.file}: {problem.why}" for problem in problems[:NAMED]]
    if len(problems) > NAMED:
        lines.append(f"  and {len(problems) - NAMED} more")
    noun = "file" if len(problems) == 1 else "files"
    return "\n".join(
        [
            f"{len(problems)} {noun} of pairs cannot be used:",
            *lines,
            "Mend them, or type data.on_bad=skip to leave them out." if on_bad == "error" else "Mend them.",
        ]
    )
