"""The page: the paper's tables beside ours, orderings, pictures, histograms and cost, in one HTML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from pix2pix.reproduction.orderings import MARGIN, WORDS
from pix2pix.reproduction.page_pictures import grid, histogram_plots
from pix2pix.reproduction.plots import number
from pix2pix.reproduction.tables import Table

TITLES = {
    "judged_pixel_accuracy": "pixels",
    "judged_class_accuracy": "classes",
    "judged_class_iou": "IoU",
    "pixel_accuracy": "pixels",
    "class_accuracy": "classes",
    "class_iou": "IoU",
    "lab_a_intersection": "a",
    "lab_b_intersection": "b",
    "ssim": "SSIM",
    "psnr": "PSNR, dB",
    "log_spectrum_distance": "spectrum, dB",
}
MEANINGS = {
    "labels2photo": (
        "Share of the pixels, mean share of a class's pixels, and mean intersection over union, that the judge, a"
        " segmentation network trained on real photos, gets right in the translated photos. Higher is better. Spectrum:"
        " distance of the log power spectra to the real photos'; lower is better."
    ),
    "photo2labels": "Pixels, classes and intersection over union of the translated labels. Higher is better.",
    "colour": (
        "Lightness to colours in Lab. Intersection of the histograms of a and b with the ground truth's; higher is"
        " better. The paper's figures are another thing: the share of trials in which people were fooled."
    ),
}
PAPERS_FIELDS = " The paper's fields are 1×1, 16×16, 70×70 and 286×286 at 256 × 256; ours go with the side."
TASK_WORDS = {"labels2photo": "labels → photo", "photo2labels": "photo → labels", "colour": "lightness → colour"}


@dataclass(frozen=True)
class About:
    """What the page says of the work itself.

    Attributes:
        judge: the content of `judge.json`; None where no table needs one.
        points: the facts of the finished points; `wanted`: of how many; `failed`: names and the ends of the logs.
        notes: sentences for the head.
    """

    title: str
    command: str
    settings: Mapping[str, str]
    seeds: int
    epochs: int
    wanted: int
    points: Sequence[Mapping[str, Any]]
    failed: Sequence[tuple[str, str]]
    judge: Mapping[str, Any] | None
    notes: Sequence[str] = ()


def page(results: Mapping[str, Any], shown: Sequence[Table], about: About, folder: Path) -> str:
    """The whole file.

    Args:
        results: tables and orderings (see `results.as_plain`).
        folder: where the points are, for pictures and histograms.
    """
    template = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
    sections = (_section(plain, table, about, folder) for plain, table in zip(results["tables"], shown, strict=True))
    return template.substitute(
        title=escape(about.title),
        summary="\n".join(_summary(about)),
        explained=_explained(about),
        orderings="\n".join(map(_ordering, results["orderings"])) or "<p>None of the tables shown has one.</p>",
        sections="\n".join(sections),
        cost=_cost(about, shown),
        made=_made(about),
    )


def markdown(results: Mapping[str, Any], about: About) -> str:
    """The tables and orderings without pictures."""
    parts = [f"# {about.title}", " ".join(_plain_summary(about))]
    parts.append(
        "\n".join(f"{each['number']}. {each['text']}: **{WORDS[each['verdict']]}**" for each in results["orderings"])
    )
    for table in results["tables"]:
        names = [*table["scores"], *table["more"]]
        own_paper = table["task"] == "colour"
        heads = ["", "fooled, paper"] if own_paper else ["", *(f"{TITLES[name]}, paper" for name in table["scores"])]
        rows = [[*heads, *(TITLES[name] for name in names)]]
        for row in _rows_with_real(table):
            paper = _paper_cells(row["paper"], table)
            rows.append([row["label"], *paper, *(_words(row["ours"].get(name)) for name in names)])
        head, *body = (f"| {' | '.join(cells)} |" for cells in rows)
        parts.append("\n".join([f"## {table['title']}\n", head, f"|---|{'---:|' * (len(rows[0]) - 1)}", *body]))
    return "\n\n".join(parts) + "\n"


def _plain_summary(about: About) -> Iterator[str]:
    yield (
        f"{len(about.points)} of {about.wanted} training points are finished: {about.seeds}"
        f" seed{'s' if about.seeds > 1 else ''}, {about.epochs} epoch{'s' if about.epochs > 1 else ''} each."
    )
    yield from about.notes
    if about.judge is not None and about.judge.get("refused"):
        yield f"There is no segmentation score: {about.judge['refused'].partition(chr(10))[0]}"


def _summary(about: About) -> Iterator[str]:
    for sentence in _plain_summary(about):
        yield f"<p>{escape(sentence)}</p>"
    for name, last_lines in about.failed:
        yield f'<p><span class="badge not">failed</span> {escape(name)}</p><pre>{escape(last_lines)}</pre>'


def _explained(about: About) -> str:
    over = "seeds and pictures" if about.seeds > 1 else "pictures alone, since there is one seed"
    return (
        f'<p class="soft">First minus second, mean over seeds, with the 95 % interval by bootstrap over {over}.'
        f" <b>{WORDS['intervals']}</b>: the interval lies above 0 (for ≥, above −{number(MARGIN)}, which is as far as"
        f" the paper's own pairs lie apart). <b>{WORDS['mean']}</b>: the mean alone does{_so_far(about)}."
        " An ordering is as good as the weakest of its relations. The last column has the sign of each seed.</p>"
    )


def _so_far(about: About) -> str:
    return ", or one seed alone is finished, and its interval is over pictures" if about.seeds > 1 else ""


def _ordering(plain: Mapping[str, Any]) -> str:
    rows = []
    for each in plain["relations"]:
        word = WORDS[each["verdict"]] + (": the other way round" if each["reversed"] else "")
        signs = " ".join({1: "+", 0: "0", -1: "−"}[sign] for sign in each["signs"])
        difference = "–" if each["value"] is None else _signed(each["value"])
        limits = "" if each["low"] is None else f"{_signed(each['low'])} to {_signed(each['high'])}"
        rows.append(
            f'<tr><td>{escape(each["text"])}</td><td class="left">{TITLES[each["score"]]}</td><td>{difference}</td>'
            f'<td>{limits}</td><td class="left"><span class="badge {each["verdict"]}">{word}</span></td>'
            f'<td class="left">{signs}</td></tr>'
        )
    return (
        f'<div class="ordering"><p><b>{plain["number"]}.</b> {escape(plain["text"])}'
        f' <span class="badge {plain["verdict"]}">{WORDS[plain["verdict"]]}</span></p><div class="scroll"><table>'
        '<tr><th></th><th class="left">score</th><th>difference</th><th>95 % interval</th><th></th>'
        f'<th class="left">seeds</th></tr>{"".join(rows)}</table></div></div>'
    )


def _section(plain: Mapping[str, Any], table: Table, about: About, folder: Path) -> str:
    parts = [
        f"<section><h2>{escape(_heading(plain))}</h2>",
        f'<p class="soft">{MEANINGS[plain["task"]]}{PAPERS_FIELDS if table.name == "fields" else ""}</p>',
        _table(plain),
        _seeds(plain),
        grid(table, about.seeds, folder),
        histogram_plots(table, about.seeds, folder),
        "</section>",
    ]
    return "\n".join(part for part in parts if part)


def _heading(plain: Mapping[str, Any]) -> str:
    title, words = str(plain["title"]), TASK_WORDS[plain["task"]]
    return title if title.lower() == words else f"{title}, {words}"


def _table(plain: Mapping[str, Any]) -> str:
    names = [*plain["scores"], *plain["more"]]
    papers = ["fooled"] if plain["task"] == "colour" else [TITLES[name] for name in plain["scores"]]
    heads = [*(f"<th>{each}</th>" for each in papers)]
    heads += [f"<th{_between(place)}>{TITLES[name]}</th>" for place, name in enumerate(names)]
    rows = []
    for row in _rows_with_real(plain):
        cells = [f"<td>{each}</td>" for each in _paper_cells(row["paper"], plain)]
        cells += [f"<td{_between(place)}>{_cell(row['ours'].get(name))}</td>" for place, name in enumerate(names)]
        rows.append(f"<tr{row.get('class', '')}><td>{escape(row['label'])}</td>{''.join(cells)}</tr>")
    return (
        f'<div class="scroll"><table><tr><th></th><th class="group" colspan="{len(papers)}">paper</th>'
        f'<th class="group between" colspan="{len(names)}">here, with 95 % intervals</th></tr>'
        f"<tr><th></th>{''.join(heads)}</tr>{''.join(rows)}</table></div>"
    )


def _rows_with_real(plain: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = list(plain["rows"])
    if plain["real"]["paper"] or plain["real"]["ours"]:
        rows.append({"label": "ground truth", "class": ' class="real"', **plain["real"]})
    return rows


def _paper_cells(figures: Sequence[float] | None, plain: Mapping[str, Any]) -> list[str]:
    if plain["task"] == "colour":
        return [f"{figures[0] * 100:.1f} %" if figures else "–"]
    return [number(each) for each in figures] if figures else ["–"] * len(plain["scores"])


def _seeds(plain: Mapping[str, Any]) -> str:
    """Every seed's value of the first score."""
    name = plain["scores"][0] if plain["task"] != "colour" else None
    names = [name] if name else plain["scores"]
    lines = []
    for row in plain["rows"]:
        for each in names:
            seeds = row["ours"].get(each, {}).get("seeds", {})
            if len(seeds) > 1:
                values = " ".join(f"<td>{number(value, 3)}</td>" for value in seeds.values())
                lines.append(f'<tr><td>{escape(row["label"])}</td><td class="left">{TITLES[each]}</td>{values}</tr>')
    if not lines:
        return ""
    return (
        f'<details open><summary>Each seed</summary><div class="scroll"><table>{"".join(lines)}</table></div></details>'
    )


def _cost(about: About, shown: Sequence[Table]) -> str:
    if not about.points:
        return "<p>No point is finished yet.</p>"
    labels = {
        column.method.key: f"{column.label}, {TASK_WORDS[table.task]}" for table in shown for column in table.columns
    }
    minutes: dict[str, list[float]] = {}
    for point in about.points:
        minutes.setdefault(point["method"], []).append(point["minutes"])
    rows = "".join(
        f"<tr><td>{escape(labels[key])}</td><td>{sum(each) / len(each):.1f}</td><td>{len(each)}</td></tr>"
        for key, each in minutes.items()
    )
    total = sum(map(sum, minutes.values()))
    images = about.points[0]["images"]
    return (
        f"<p>Minutes a point, on average; a point saw {images:,} images. All together"
        f" {total / 60:.1f} hours of training with its validations, start-up and scoring not counted.</p>"
        f'<div class="scroll"><table><tr><th></th><th>minutes</th><th>points</th></tr>{rows}</table></div>'
    )


def _made(about: About) -> str:
    rows: list[tuple[str, str]] = [(key, value) for key, value in about.settings.items()]
    if about.judge is not None and about.judge.get("standing"):
        standing = about.judge["standing"]
        for who, scores in {"judge on real photos": standing["judge"], **standing["blind"]}.items():
            shown = ", ".join(f"{TITLES[name]} {number(score['value'], 3)}" for name, score in scores.items())
            rows.append((who, shown))
    listed = "".join(f'<tr><td>{escape(key)}</td><td class="left">{escape(value)}</td></tr>' for key, value in rows)
    return f'<pre>{escape(about.command)}</pre><div class="scroll"><table>{listed}</table></div>'


def _between(place: int) -> str:
    return ' class="between"' if place == 0 else ""


def _cell(score: Mapping[str, Any] | None) -> str:
    if score is None or score["value"] is None:
        return "–"
    digits = 3 if abs(score["value"]) < 1 else 2
    limits = ""
    if score["low"] is not None:
        limits = f'<span class="limits">{number(score["low"], digits)} to {number(score["high"], digits)}</span>'
    return f"{number(score['value'], digits)}{limits}"


def _words(score: Mapping[str, Any] | None) -> str:
    if score is None or score["value"] is None:
        return "–"
    limits = "" if score["low"] is None else f" ({number(score['low'], 3)} to {number(score['high'], 3)})"
    return f"{number(score['value'], 3)}{limits}"


def _signed(value: float) -> str:
    return ("+" if round(value, 3) > 0 else "") + number(value, 3)
