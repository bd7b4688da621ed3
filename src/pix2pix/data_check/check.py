"""Which layout a folder has, what it holds, what is wrong, and the settings that train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pix2pix.data.pairs import Problem
from pix2pix.data.reading import check_apart, checked, files_of, problem_of
from pix2pix.data.sources.manifest import SIDES, read_rows
from pix2pix.data.sources.splits import SPLITS
from pix2pix.data.sources.two_folders import TwoFolders
from pix2pix.data.sources.unread import unread
from pix2pix.data_check.advice import about_pictures
from pix2pix.data_check.layouts import LOOKED_FOR, Layout, Source, all_pictures
from pix2pix.data_check.others import passed_over, volumes
from pix2pix.data_check.repeats import Repeats
from pix2pix.data_check.shifted import shifted
from pix2pix.data_check.side import Side
from pix2pix.data_check.suggestions import overrides
from pix2pix.errors import BadPairError
from pix2pix.pictures.headers import orientation_in

KEPT = 16  # pairs of a data set that suggestions are made from
NAMED = 10  # problems and sizes that are listed
SHOWN = 3  # other readings whose lines are printed


@dataclass
class Findings:
    """All that a look through the pairs of every split finds; `a` and `b` as in the direction that it was looked in."""

    pairs: dict[str, int]
    read: int
    a: Side
    b: Side
    problems: list[Problem]
    parted: list[str]  # groups of a manifest that are in several splits
    repeats: list[str]  # lines about pictures that are there more than once
    unused: list[Path]  # pictures that are in no pair, and of which nothing else is said
    shifted: str  # what is to be said where the two sides are counted from different starts
    shared: str  # why no run can be made: a file is in two splits; "" where none is

    @property
    def trainable(self) -> bool:
        """Whether there are pairs to train and others to validate."""
        return {"train", "val"} <= self.pairs.keys() and not self.shared


def no_layout(root: Path) -> str:
    """The message for a folder without a layout: what is there, and what was looked for."""
    if not root.exists():
        return f"{root}: no such folder (looked from {Path.cwd()})"
    entries = sorted(f"{path.name}{'/' * path.is_dir()}" for path in root.iterdir())
    there = ", ".join(entries[:NAMED]) + (f", and {len(entries) - NAMED} more" if len(entries) > NAMED else "")
    left_out = f"\nThere are {found}." if (found := unread(root)) else ""
    looked_for = volumes(root) or f"Looked for:\n{LOOKED_FOR}"
    return f"{root}: no layout of pairs found. In it: {there or 'nothing'}.{left_out}\n{looked_for}"


def check(layout: Layout, direction: str | None = None, limit: int | None = None) -> Findings:
    """Read every pair of every split (at most `limit` a split, evenly spread), and list what is wrong."""
    if layout.name == "derived":
        layout = replace(layout, settings={})  # the photos as they are stored: whatever is derived, is from them
    sources = layout.open_all(direction or "a_to_b")
    a, b, repeats = Side(), Side(), Repeats()
    problems: dict[str, Problem] = {}
    read = 0
    for split, source in sources.items():
        problems |= {problem.file: problem for problem in source.problems}
        indices = _spread(len(source), limit)
        kept = set(indices[:: -(-len(indices) // KEPT)])
        for index in indices:
            read += 1
            try:
                pair = checked(source[index])
            except BadPairError as error:
                problem = problem_of(source, index, error)
                problems[problem.file] = problem
                continue
            a.add(pair.source, pair.name, keep=index in kept and len(a.pictures) < KEPT)
            b.add(pair.target, pair.name, keep=index in kept and len(b.pictures) < KEPT)
            repeats.add(split, pair)
            _count_turned(source, index, a, b)
    pairs = {split: len(source) for split, source in sources.items()}
    parted, repeated = _parted_groups(layout), list(repeats.in_words())
    unused: list[Path] = []
    from_others = ""
    if layout.name == "two_folders":
        unused = _unused(layout, sources, problems)
        by_pair = [source.files(index) for source in sources.values() for index in range(len(source))]
        from_others = shifted(by_pair, [*map(Path, problems), *unused])
    return Findings(pairs, read, a, b, list(problems.values()), parted, repeated, unused, from_others, _shared(sources))


def _count_turned(source: Source, index: int, a: Side, b: Side) -> None:
    """Of a pair of two files, which of them its file has turned."""
    files = source.files(index)
    if len(files) == 2:
        for side, place in ((a, source.source_side), (b, source.target_side)):  # type: ignore[union-attr]
            side.turned += orientation_in(files[place]) != 1


def _unused(layout: Layout, sources: Mapping[str, Source], problems: Mapping[str, Problem]) -> list[Path]:
    used = {file for source in sources.values() for file in files_of(source)}
    return [path for path in all_pictures(layout.root) if path not in used and str(path) not in problems]


def _shared(sources: Mapping[str, Source]) -> str:
    try:
        for split, source in sources.items():
            if split != "train" and "train" in sources:
                check_apart(sources["train"], source, split)
    except BadPairError as error:
        return str(error)
    return ""


def report(
    layout: Layout,
    findings: Findings,
    direction: str | None = None,
    others: Sequence[Layout] = (),
    limit: int | None = None,
) -> str:
    """The findings for a person; the last line is what to type.

    Args:
        others: readings of the folder that may be meant.
        limit: of their pairs, this many a split are read; None for all, as a class may be in one of them alone.
    """
    lines = [f"{layout.root}: {in_words(layout)}"]
    counts = ", ".join(f"{split} {findings.pairs[split]}" for split in SPLITS if split in findings.pairs)
    lines.append(f"pairs      {counts}")
    if "test" not in findings.pairs and "val" in findings.pairs:
        lines.append("           no test split; train and val are enough to train")
    if findings.read < sum(findings.pairs.values()):
        lines.append(f"           {findings.read} of them read (--limit)")
    if others_there := passed_over(layout.root):
        lines.append(f"passed     {others_there}")
    if findings.problems:
        lines.append(f"wrong      {len(findings.problems)} of the files:")
        lines += [f"           {problem.file}: {problem.why}" for problem in findings.problems[:NAMED]]
        if len(findings.problems) > NAMED:
            lines.append(f"           and {len(findings.problems) - NAMED} more")
    else:
        lines.append("wrong      nothing found")
    if findings.unused:
        total = len(findings.unused) + len(findings.problems) + 2 * sum(findings.pairs.values())
        named = ", ".join(path.relative_to(layout.root).as_posix() for path in findings.unused[:SHOWN])
        more = ", …" if len(findings.unused) > SHOWN else ""
        lines.append(f"unused     {len(findings.unused)} of {total} pictures are in none of these pairs: {named}{more}")
    if findings.shifted:
        lines.append(f"warning    {findings.shifted}")
    if findings.parted:
        lines.append(f"warning    groups in several splits, which makes scores too good: {', '.join(findings.parted)}")
    if left_out := unread(layout.root):
        lines.append(f"left out   {left_out}")
    lines += findings.repeats
    if not findings.a.pictures:
        return "\n".join(
            [*lines, *_other_readings(others, limit), "No pair can be used, so there is nothing to train on."]
        )
    about, settings = about_pictures(layout, findings, direction)
    lines += [*about, *_other_readings(others, limit)]
    if not findings.trainable:
        return "\n".join([*lines, _why_not(findings)])
    return "\n".join([*lines, "To train:", _line(settings)])


def _line(settings: dict[str, Any]) -> str:
    return f"pix2pix train experiment=pairs {overrides(settings)}"


def _why_not(findings: Findings) -> str:
    if findings.shared:
        return findings.shared
    if "train" not in findings.pairs:
        return f"There is no pair to train on: the only split found is {', '.join(findings.pairs)}."
    if findings.pairs["train"] > 1:
        return (
            "There is no pair to validate with: the folder of val has none. Move it away, and a tenth of train is held"
            " out\nfor it; or put the partners of its pictures beside them."
        )
    return (
        "One pair is too few: to validate needs one of its own. Cut large pictures into regions, some for train/ and\n"
        "others for val/ that do not lie side by side; or add pictures, and check again."
    )


def _other_readings(layouts: Sequence[Layout], limit: int | None) -> list[str]:
    """What else the folder may be, each with its count and its line."""
    lines = []
    for layout in layouts[:SHOWN]:
        try:
            findings = check(layout, limit=limit)
        except ValueError:  # one that its own source refuses, as side_by_side does two folders
            continue
        if not findings.a.pictures:
            continue
        count = sum(findings.pairs.values())
        lines.append(f"or         {count} pair{'s' * (count != 1)}: {in_words(layout)}")
        if findings.trainable:
            lines.append(f"           {_line(about_pictures(layout, findings, None)[1])}")
    if more := "; ".join(map(sides_of, layouts[SHOWN:])):
        lines.append(f"           and {len(layouts) - SHOWN} more: {more}")
    return lines


def _spread(count: int, limit: int | None) -> list[int]:
    if limit is None or count <= limit:
        return list(range(count))
    return [place * count // limit for place in range(limit)]


def _parted_groups(layout: Layout) -> list[str]:
    if layout.name != "manifest":
        return []
    rows, _ = read_rows(layout.root / layout.settings.get("file", "pairs.csv"), layout.settings.get("columns", SIDES))
    splits: dict[str, set[str | None]] = {}
    for row in rows.values():
        splits.setdefault(row.group, set()).add(row.split)
    return sorted(group for group, found in splits.items() if len(found) > 1)


def in_words(layout: Layout) -> str:
    """What the layout is, and what its sides are called."""
    if layout.name == "manifest":
        return f"a manifest, {layout.settings.get('file', 'pairs.csv')}"
    if layout.name == "derived":
        return "photos alone, one a file, of which the source can be made"
    if layout.name == "side_by_side":
        return f"files of {layout.settings.get('panels', 2)} pictures side by side"
    return f"two {'folders' if 'patterns' not in layout.settings else 'files a pair'}, {sides_of(layout)}"


def sides_of(layout: Layout) -> str:
    """What the two sides are called, of a layout of two folders; of another the layout."""
    if layout.name != "two_folders":
        return in_words(layout)
    source = next(iter(layout.open_all().values()))
    assert isinstance(source, TwoFolders)
    folders = [each.replace("{split}", "train") for each in source.templates]
    if source.patterns is None:
        return " and ".join(folders)
    alike = folders[0] == folders[1]
    return " and ".join(
        name if alike else f"{each}/{name}" for each, name in zip(folders, source.patterns, strict=True)
    )
