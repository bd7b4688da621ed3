"""`pix2pix data check ROOT`: which layout a folder has, what it holds, what is wrong, the line that trains."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from pix2pix.arguments import count, path
from pix2pix.data.derive import DERIVATIONS
from pix2pix.data.domains import Domain
from pix2pix.data.pairs import Array, BadPairError, Problem
from pix2pix.data.reading import checked, problem_of
from pix2pix.data.sources.manifest import read_rows
from pix2pix.data.sources.splits import SPLITS
from pix2pix.data.tools.layouts import LOOKED_FOR, SOURCES, Layout, find_layout
from pix2pix.data.tools.seams import has_seam
from pix2pix.data.tools.suggestions import (
    DRIVER_FILE,
    OF_A_FILM,
    domain_setting,
    overrides,
    suggest_direction,
    suggest_domain,
    suggest_networks,
    suggest_size,
)

KEPT = 16  # pairs of a data set that suggestions are made from
NAMED = 10  # problems and sizes that are listed
DERIVES = {  # data.derive, and what is learned from it
    "edges": "lines to photo",
    "grey": "lightness to colour",
    "holes": "a photo with parts missing to a whole one",
    "downscale": "a photo of few pixels to a sharp one",
}


@dataclass
class Side:
    """What the pictures of one side are: how many of each size and of each dtype, their values, and a few of them."""

    sizes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    low: float = np.inf
    high: float = -np.inf
    missing: int = 0  # values that are NaN or infinite
    values: int = 0
    pictures: list[Array] = field(default_factory=list)

    def add(self, picture: Array, *, keep: bool) -> None:
        """Count a picture, and keep it where it is one of the few."""
        height, width, channels = picture.shape
        self.sizes[f"{width}×{height}"] += 1
        self.kinds[f"{channels} channel{'s' * (channels > 1)} of {picture.dtype}"] += 1
        finite = picture[np.isfinite(picture)] if picture.dtype.kind == "f" else picture
        self.values += picture.size
        self.missing += picture.size - finite.size
        if finite.size:
            self.low, self.high = min(self.low, float(finite.min())), max(self.high, float(finite.max()))
        if keep:
            self.pictures.append(picture)

    @property
    def in_words(self) -> str:
        """The values that there are, and how many are none."""
        if self.low > self.high:
            return "no value at all: every one is NaN"
        missing = f"; {100 * self.missing / self.values:.2g} % are NaN" if self.missing else ""
        return f"{self.low:g} to {self.high:g}{missing}"


@dataclass
class Findings:
    """All that a look through the pairs of every split finds."""

    pairs: dict[str, int]
    read: int
    a: Side
    b: Side
    problems: list[Problem]
    parted: list[str]  # groups of a manifest that are in several splits


def add_layout_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags that say how pairs are stored, for every tool that opens a folder of them."""
    parser.add_argument("root", type=path, metavar="ROOT", help="the folder of pairs or photos, or a manifest file")
    parser.add_argument("--layout", choices=sorted(SOURCES), help="default: found by looking")
    parser.add_argument("--direction", help="a_to_b, b_to_a, or other letters; default: as the pictures suggest")
    parser.add_argument("--panels", type=count, help="pictures side by side in one file")
    parser.add_argument("--source-folder", help="below ROOT; {split} stands for train, val, test")
    parser.add_argument("--target-folder", help="below ROOT; {split} stands for train, val, test")
    parser.add_argument("--file", help="a manifest's name below ROOT")
    parser.add_argument("--derive", choices=tuple(DERIVATIONS), help="of photos alone: what is made from them")


def layout_of(arguments: argparse.Namespace) -> Layout | None:
    """The layout that flags and folder give, or None."""
    settings: dict[str, Any] = {
        key: getattr(arguments, key) for key in ("panels", "source_folder", "target_folder", "file", "derive")
    }
    return find_layout(arguments.root.expanduser().resolve(), arguments.layout, **settings)


def no_layout(root: Path) -> str:
    """The message for a folder without a layout: what is there, and what was looked for."""
    if not root.exists():
        return f"{root}: no such folder (looked from {Path.cwd()})"
    entries = sorted(f"{path.name}{'/' * path.is_dir()}" for path in root.iterdir())
    there = ", ".join(entries[:NAMED]) + (f", and {len(entries) - NAMED} more" if len(entries) > NAMED else "")
    return f"{root}: no layout of pairs found. In it: {there or 'nothing'}.\nLooked for:\n{LOOKED_FOR}"


def check(layout: Layout, direction: str | None = None, limit: int | None = None) -> Findings:
    """Read every pair of every split (at most `limit` a split, evenly spread), and list what is wrong."""
    if layout.name == "derived":
        layout = replace(layout, settings={})  # the photos as they are stored: whatever is derived, is from them
    sources = layout.open_all(direction or "a_to_b")
    a, b = Side(), Side()
    problems: dict[str, Problem] = {}
    read = 0
    for source in sources.values():
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
            a.add(pair.source, keep=index in kept and len(a.pictures) < KEPT)
            b.add(pair.target, keep=index in kept and len(b.pictures) < KEPT)
    pairs = {split: len(source) for split, source in sources.items()}
    return Findings(pairs, read, a, b, list(problems.values()), _parted_groups(layout))


def report(layout: Layout, findings: Findings, direction: str | None = None) -> str:
    """The findings for a person; the last line is what to type."""
    lines = [f"{layout.root}: {_words(layout)}"]
    counts = ", ".join(f"{split} {findings.pairs[split]}" for split in SPLITS if split in findings.pairs)
    lines.append(f"pairs      {counts}")
    if "test" not in findings.pairs:
        lines.append("           no test split; train and val are enough to train")
    if findings.read < sum(findings.pairs.values()):
        lines.append(f"           {findings.read} of them read (--limit)")
    if findings.problems:
        lines.append(f"wrong      {len(findings.problems)} of the files:")
        lines += [f"           {problem.file}: {problem.why}" for problem in findings.problems[:NAMED]]
        if len(findings.problems) > NAMED:
            lines.append(f"           and {len(findings.problems) - NAMED} more")
    else:
        lines.append("wrong      nothing found")
    if findings.parted:
        lines.append(f"warning    groups in several splits, which makes scores too good: {', '.join(findings.parted)}")
    if not findings.a.pictures:
        lines.append("No pair can be used, so there is nothing to train on.")
        return "\n".join(lines)
    return "\n".join([*lines, *_about_pictures(layout, findings, direction)])


def run(arguments: argparse.Namespace) -> int:
    """The command; 1 where there is no layout, or no pair that can be used."""
    layout = layout_of(arguments)
    if layout is None:
        print(no_layout(arguments.root.expanduser().resolve()))
        return 1
    findings = check(layout, arguments.direction, arguments.limit)
    print(report(layout, findings, arguments.direction))
    return 0 if findings.a.pictures else 1


def train_settings(layout: Layout, direction: str, source: Domain, target: Domain) -> dict[str, Any]:
    """What `pix2pix train` has to be told about this data, beyond its defaults."""
    settings: dict[str, Any] = {"data": layout.name, "data.root": str(layout.root), "data.direction": direction}
    settings |= {f"data.{key}": value for key, value in layout.settings.items()}
    for side, domain in (("source", source), ("target", target)):
        if domain_setting(domain) != "rgb":
            settings[f"data.{side}"] = domain_setting(domain)
    return settings


def derived_settings(layout: Layout, photo: Domain) -> dict[str, Any]:
    """The same for photos alone: edges, where nothing else was asked for."""
    derive = layout.settings.get("derive", "edges")
    settings: dict[str, Any] = {"data": layout.name, "data.root": str(layout.root), "data.derive": derive}
    if domain_setting(photo) != "rgb" and derive != "grey":
        sides = ("target",) if derive == "edges" else ("source", "target")
        settings |= {f"data.{side}": domain_setting(photo) for side in sides}
    return settings


def sides(a: Side, b: Side, direction: str | None) -> tuple[str, Side, Side]:
    """The direction, and source and target in it; `a` and `b` were read in the direction given, or a_to_b."""
    if direction is not None:
        return direction, a, b
    suggested = suggest_direction(a.pictures, b.pictures)
    return (suggested, b, a) if suggested == "b_to_a" else (suggested, a, b)


def _about_pictures(layout: Layout, findings: Findings, given: str | None) -> list[str]:
    lines, settings, seen = (
        _about_photos(layout, findings) if layout.name == "derived" else _about_pairs(layout, findings, given)
    )
    height, width, _ = seen.pictures[0].shape
    size = suggest_size(height, width)
    if size is not None and len(seen.sizes) == 1:
        lines.append(f"size       not square, so data.size={list(size)} (height, width) keeps the shape")
        settings["data.size"] = list(size)
        settings |= suggest_networks(*size)
    if (layout.root / DRIVER_FILE).is_file():
        lines.append(
            f"{DRIVER_FILE}: drawings of a film's frames, in which the place of things counts: no mirroring, no jitter"
        )
        settings |= OF_A_FILM
    if findings.problems:
        lines.append("With data.on_bad=skip the files above are left out; mend them, and it is not needed.")
        settings["data.on_bad"] = "skip"
    return [*lines, "To train:", f"pix2pix train experiment=pairs {overrides(settings)}"]


def _about_pairs(layout: Layout, findings: Findings, given: str | None) -> tuple[list[str], dict[str, Any], Side]:
    direction, source, target = sides(findings.a, findings.b, given)
    domains = suggest_domain(source.pictures), suggest_domain(target.pictures)
    lines = []
    for name, side, domain in zip(("source", "target"), (source, target), domains, strict=True):
        lines.append(f"{name}     {_counted(side.sizes)} (width×height); {_counted(side.kinds)}")
        lines.append(f"           values: {side.in_words}")
        lines.append(f"           suggested domain: {overrides({f'data.{name}': domain_setting(domain)})}")
    if given is None:
        why = (
            "b is the flatter side, as labels and edges are" if direction == "b_to_a" else "a is the source by default"
        )
        lines.append(f"direction  {direction}: {why}; turn it round if you want the other way")
    if layout.name == "side_by_side" and layout.settings.get("panels", 2) == 2:
        whole = [
            np.concatenate(halves, axis=1) for halves in zip(findings.a.pictures, findings.b.pictures, strict=True)
        ]
        if given is None and not has_seam(whole):
            lines.append(
                "note       no seam is seen in the middle of the files; if each is one photo: --layout derived"
            )
    return lines, train_settings(layout, direction, *domains), source


def _about_photos(layout: Layout, findings: Findings) -> tuple[list[str], dict[str, Any], Side]:
    photos = findings.b
    domain = suggest_domain(photos.pictures)
    lines = [
        f"photos     {_counted(photos.sizes)} (width×height); {_counted(photos.kinds)}",
        f"           values: {photos.in_words}",
        f"           suggested domain: {overrides({'data.target': domain_setting(domain)})}",
        "derive     " + "\n           ".join(f"{f'data.derive={name}':<22} {what}" for name, what in DERIVES.items()),
    ]
    if "derive" not in layout.settings:
        lines.append("note       if each file holds two pictures side by side: --layout side_by_side")
    return lines, derived_settings(layout, domain), photos


def _spread(count: int, limit: int | None) -> list[int]:
    if limit is None or count <= limit:
        return list(range(count))
    return [place * count // limit for place in range(limit)]


def _parted_groups(layout: Layout) -> list[str]:
    if layout.name != "manifest":
        return []
    rows, _ = read_rows(layout.root / layout.settings.get("file", "pairs.csv"))
    splits: dict[str, set[str | None]] = {}
    for row in rows.values():
        splits.setdefault(row.group, set()).add(row.split)
    return sorted(group for group, found in splits.items() if len(found) > 1)


def _words(layout: Layout) -> str:
    if layout.name == "manifest":
        return f"a manifest, {layout.settings.get('file', 'pairs.csv')}"
    if layout.name == "derived":
        return "photos alone, one a file, of which the source can be made"
    if layout.name == "side_by_side":
        return f"files of {layout.settings.get('panels', 2)} pictures side by side"
    source = layout.open_all()
    first, second = next(iter(source.values())).templates  # type: ignore[union-attr]
    return f"two folders, {first} and {second}".replace("{split}", "train")


def _counted(counts: Counter[str]) -> str:
    if len(counts) == 1:
        return next(iter(counts))
    common = ", ".join(f"{count} of {what}" for what, count in counts.most_common(NAMED))
    return f"{common}, and {len(counts) - NAMED} other kinds" if len(counts) > NAMED else common
