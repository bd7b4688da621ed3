"""Pairs listed in a file: CSV or JSON lines with source, target, and if wanted split and group."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from pix2pix.data.pairs import Pair, Problem
from pix2pix.data.sources.directions import parse_direction
from pix2pix.data.sources.folders import Holdout, keep_split, spelled
from pix2pix.data.sources.splits import SPLITS, split_of
from pix2pix.pictures.codecs import READABLE, read_picture

COLUMNS = ("source", "target", "split", "group")
SIDES = COLUMNS[:2]
SHOWN = 100  # characters of what was found
END = "\0"  # a last row, which is within quotes where a quote was left open
UNCLOSED = (
    "Is a quote of this row not closed? One that belongs to a field is written twice, and the field within quotes"
)


class Row(NamedTuple):
    """One pair of the manifest. `split` is None where the manifest does not say."""

    files: tuple[Path, Path]
    split: str | None
    group: str


class Manifest:
    """A row a pair: source, target (paths relative to the file), split (train, val, test), group (a patient, a street).

    Without a column `split` the groups are parted at random, each as a whole; with one that has no val, `val_fraction`
    of train's groups is held out. Without `group` every row is its own, and rows that share a picture are never parted.
    The direction's a is the column source, b is target; `columns` gives them other names. Raises ValueError where the
    file, a column or the split is missing; absent pictures, rows that are there twice, and pictures of two splits are
    in `problems`.
    """

    def __init__(
        self,
        root: str | Path,
        split: str,
        direction: str = "a_to_b",
        file: str = "pairs.csv",
        val_fraction: float = 0.1,
        test_fraction: float = 0.0,
        seed: int = 0,
        columns: Sequence[str] | None = None,
    ) -> None:
        if split not in SPLITS:
            raise ValueError(f"no split is called {split!r}; known: {', '.join(SPLITS)}")
        self.source_side, self.target_side = parse_direction(direction)
        path = Path(root).expanduser() / file
        rows, self.problems = read_rows(path, SIDES if columns is None else columns)
        kept = _of_split(rows, split, Holdout(val_fraction, test_fraction, seed))
        if not kept:
            found = sorted({row.split or "none given" for row in rows.values()})
            raise ValueError(
                f"{path}: no pairs for the split {split!r}; {len(rows)} usable rows, "
                f"splits: {', '.join(found) or 'none'}{_first_of(self.problems)}"
            )
        given = {row.split for row in rows.values()}
        self.held_out = ("val", "test") if given == {None} else () if "val" in given else ("val",)
        self.names: Sequence[str] = list(kept)
        self._rows = list(kept.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Pair:
        """Both pictures as stored. Raises BadPairError where one cannot be read."""
        files = self._rows[index].files
        source = read_picture(files[self.source_side])
        target = source if self.target_side == self.source_side else read_picture(files[self.target_side])
        return Pair(source, target, self.names[index])

    def files(self, index: int) -> tuple[Path, ...]:
        """The files that pair `index` is read from."""
        return self._rows[index].files


_BACKSLASH = "; type / between folders, which all systems know, and not \\"


def read_rows(path: Path, sides: Sequence[str] = SIDES) -> tuple[dict[str, Row], list[Problem]]:
    """The usable rows by name (the source's path without suffix), and the rows that are not.

    Args:
        sides: the columns of the two pictures.

    Raises ValueError where the file is missing, is no CSV or JSON lines in UTF-8, lacks a column or has one twice, with
    the line that is meant.
    """
    if not path.is_file():
        raise ValueError(f"no manifest {path}: set data.root and data.file (CSV or JSON lines with source and target)")
    rows: dict[str, Row] = {}
    problems = []
    records_of = _jsonl_records if path.suffix.lower() in (".jsonl", ".ndjson") else _csv_records
    records = [(number, _with_usual_names(record, sides)) for number, record in records_of(path, sides)]
    with_splits = any(record.get("split") for _, record in records)
    pairs: dict[tuple[Path, ...], tuple[int, str | None]] = {}  # resolved; the row that has them first, and its split
    split_by_file: dict[Path, tuple[str | None, int]] = {}
    for number, record in records:
        where = f"{path}:{number}"
        if unusable := _unusable(record):
            problems.append(Problem(where, unusable))
            continue
        files = tuple(spelled(path.parent, record[side]) for side in ("source", "target"))
        wrong = [
            Problem(str(file), f"no such file (listed in {where}{_BACKSLASH * (chr(92) in str(file))})")
            if not os.path.isfile(file)  # which takes any name, also too long a one
            else Problem(
                str(file), f"no codec for its suffix (listed in {where}); read are {' '.join(sorted(READABLE))}"
            )
            for file in files
            if not os.path.isfile(file) or file.suffix.lower() not in READABLE
        ]
        if with_splits and not record.get("split"):
            wrong.append(Problem(where, "no split, where other rows have one"))
        if wrong:
            problems += wrong
            continue
        name = Path(str(record["source"])).with_suffix("").as_posix()
        while name in rows:
            name = f"{name}_row{number}"
        try:
            split = split_of(str(record["split"])) if with_splits else None
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error
        real = tuple(file.resolve() for file in files)
        before, other = pairs.setdefault(real, (number, split))
        if before != number:
            where_to = f", there in {other} and here in {split}" if other != split else ""
            problems.append(Problem(where, f"the same pair as in row {before}{where_to}"))
            continue
        parted = [(file, split_by_file.setdefault(file, (split, number))) for file in real]
        if found := [(file, first) for file, first in parted if first[0] != split]:
            file, (other, before) = found[0]
            problems.append(Problem(where, f"{file} is in {split} here and in {other} in row {before}"))
            continue
        group = record.get("group")
        rows[name] = Row((files[0], files[1]), split, name if group in (None, "") else str(group))
    return rows, problems


def _first_of(problems: Sequence[Problem]) -> str:
    return f"; unusable: {len(problems)}, the first {problems[0].file}: {problems[0].why}" if problems else ""


def _of_split(rows: Mapping[str, Row], split: str, holdout: Holdout) -> dict[str, Row]:
    given = {row.split for row in rows.values()}
    if given == {None}:
        return keep_split(rows, split, holdout, group=_together(rows).__getitem__)
    if split in given and not (split == "train" and "val" not in given):
        return {name: row for name, row in rows.items() if row.split == split}
    if split == "test":
        return {}
    training = {name: row for name, row in rows.items() if row.split == "train"}
    return keep_split(training, split, holdout._replace(test_fraction=0.0), group=_together(training).__getitem__)


def _together(rows: Mapping[str, Row]) -> dict[str, str]:
    """The group of each row, where groups that share a picture are one, called as the first of them."""
    first_with: dict[Path, str] = {}
    same: dict[str, str] = {}  # a group → one before it in the alphabet that it shares a picture with

    def called(group: str) -> str:
        while group in same:
            group = same[group]
        return group

    for row in rows.values():
        for file in row.files:
            groups = {called(row.group), called(first_with.setdefault(file.resolve(), row.group))}
            if len(groups) == 2:
                same[max(groups)] = min(groups)
    return {name: called(row.group) for name, row in rows.items()}


def _with_usual_names(record: Mapping[str, Any], sides: Sequence[str]) -> dict[str, Any]:
    """The columns that are looked at, those of the two pictures as source and target."""
    rest = {name: value for name, value in record.items() if name not in SIDES}
    return rest | {usual: record.get(name) for usual, name in zip(SIDES, sides, strict=True)}


def _csv_records(path: Path, sides: Sequence[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with _opened(path) as file:
        header = file.readline()
        file.seek(0)
        delimiter = max(",;\t", key=header.count)
        rows = _csv_rows(path, csv.reader(chain(_lines(path, file), [END]), delimiter=delimiter, skipinitialspace=True))
        wanted = (*sides, *COLUMNS)
        called = {name.lower(): name for name in wanted}
        columns = [called.get(name.strip().lower(), name) for name in next(rows, (1, []))[1]]
        if not set(sides) <= set(columns):
            found = ", ".join(columns)[:SHOWN] or "none"
            raise ValueError(
                f"{path}: needs the columns {' and '.join(sides)}; found {found}. Others: data.columns=[NAME,NAME]"
            )
        if twice := [name for name in wanted if columns.count(name) > 1]:
            raise ValueError(f"{path}:1: has the column {twice[0]} twice: which of them is meant? Rename the other")
        for number, row in rows:
            yield number, {name: value.strip() for name, value in zip(columns, row, strict=False) if name in wanted}


def _csv_rows(path: Path, reader: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with the line in which it begins."""
    begun, behind, row = 1, 1, []
    try:
        for row in reader:
            begun, behind = behind, reader.line_num + 1  # type: ignore[attr-defined]
            if row and row != [END]:
                yield begun, row
    except csv.Error as error:
        raise ValueError(f"{path}:{behind}: {error}. {UNCLOSED}") from error
    if row != [END]:
        raise ValueError(f"{path}:{begun}: the file ends within quotes. {UNCLOSED}")


def _jsonl_records(path: Path, sides: Sequence[str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with _opened(path) as file:
        for number, line in enumerate(_lines(path, file), 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(
                    f"{path}:{number}: is no line of JSON: {error.msg}, at character {error.pos + 1}"
                ) from error
            except RecursionError as error:
                raise ValueError(f"{path}:{number}: is nested too deeply: expected source and target, texts") from error
            except ValueError as error:  # a whole number of more digits than Python reads
                raise ValueError(f"{path}:{number}: holds a number that is too long: write it as a text") from error
            if not isinstance(record, dict) or not set(sides) <= record.keys():
                found = line.strip()[:SHOWN]
                raise ValueError(f"{path}:{number}: needs an object with {' and '.join(sides)}; found {found}")
            yield number, record


def _opened(path: Path) -> TextIO:
    return path.open(newline="", encoding="utf-8-sig", errors="surrogateescape")  # bytes that are none: see `_lines`


def _lines(path: Path, file: Iterable[str]) -> Iterator[str]:
    """The lines of a text. Raises ValueError where one is none."""
    for number, line in enumerate(file, 1):
        if "\0" in line:
            raise ValueError(f"{path}:{number}: holds a zero byte, as texts in UTF-16 do: save it in UTF-8")
        try:
            line.encode()
        except UnicodeEncodeError as error:
            byte = ord(line[error.start]) - 0xDC00
            raise ValueError(
                f"{path}:{number}: is not in UTF-8 (byte 0x{byte:02x}): save it as such, in Excel as CSV UTF-8"
            ) from error
        yield line


def _unusable(record: Mapping[str, Any]) -> str:
    """What is wrong with the values of a row; "" where nothing is."""
    if not record.get("source") or not record.get("target"):
        return f"source or target is empty; found {dict(record)!a:.{SHOWN}}"
    for name in COLUMNS:
        value = record.get(name)
        if isinstance(value, int | float) and name == "group":  # the number of a patient
            continue
        if not isinstance(value, str | None):
            return f"{name} is {value!a:.{SHOWN}}; expected a text"
        try:
            named = os.fsencode(value or "")
        except UnicodeEncodeError:
            return f"{name} is {value!a:.{SHOWN}}, with half a character in it: write the whole one"
        if b"\0" in named:
            return f"{name} is {value!a:.{SHOWN}}, with a zero byte in it, which no name has"
    return ""
