"""The page and the Markdown: whole, self-contained, and true to what is finished."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from tests.reproduction.invented import finish, setting

from pix2pix.reproduction import TABLES
from pix2pix.reproduction.page import About, markdown, page
from pix2pix.reproduction.page_pictures import embedded
from pix2pix.reproduction.plots import DECADES, log_histogram
from pix2pix.reproduction.results import as_plain, point_facts
from pix2pix.reproduction.tables import Table, methods, tables

VOID = {"meta", "img", "br", "line", "polyline"}


class Balanced(HTMLParser):
    """Notes tags that are closed in another order than they were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"{tag} at {self.getpos()}")


def about(folder: Path, shown: list[Table], seeds: int, **changed: object) -> About:
    facts = point_facts(folder, methods(shown), seeds)
    said: dict[str, object] = {
        "title": "Tables <again>",
        "command": "pix2pix reproduce 'a&b'",
        "settings": {"data": "scenes"},
        "seeds": seeds,
        "epochs": 6,
        "wanted": seeds * len(methods(shown)),
        "points": facts,
        "failed": [],
        "judge": None,
    }
    return About(**said | changed)  # type: ignore[arg-type]


@pytest.fixture
def finished(tmp_path: Path) -> tuple[Path, list[Table]]:
    shown = tables(TABLES, setting())
    for place, method in enumerate(methods(shown)):
        for seed in range(2):
            finish(tmp_path, method, seed, [0.3 + place / 100, 0.32 + place / 100 + seed / 100])
    return tmp_path, shown


def test_the_page_is_whole_and_needs_nothing_from_elsewhere(finished: tuple[Path, list[Table]]) -> None:
    folder, shown = finished
    text = page(as_plain(folder, shown, 2), shown, about(folder, shown, 2), folder)
    checked = Balanced()
    checked.feed(text)
    assert checked.wrong == []
    assert checked.open == []
    addresses = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", text)
    assert addresses
    assert all(address.startswith("data:image/png;base64,") for address in addresses)
    assert not re.search(r"<script|@import|url\(|https?:", text)
    assert "Tables &lt;again&gt;" in text
    assert "pix2pix reproduce &#x27;a&amp;b&#x27;" in text
    assert "$" not in text
    for number in range(1, 6):
        assert f"<b>{number}.</b>" in text
    assert text.count("<h2>") == 3 + 5
    assert text.count('class="plot"') == 4  # a and b, of the losses and of the colours


def test_a_page_of_nothing_finished(tmp_path: Path) -> None:
    shown = tables(["losses", "colour"], setting())
    said = about(tmp_path, shown, 3, failed=[("l1 seed 0", "boom <x>")])
    text = page(as_plain(tmp_path, shown, 3), shown, said, tmp_path)
    assert "0 of 30 training points are finished" in text
    assert "boom &lt;x&gt;" in text
    assert "not measured" in text
    assert "<img" not in text


def test_a_refused_judge_is_told(tmp_path: Path) -> None:
    shown = tables(["losses"], setting())
    said = about(tmp_path, shown, 1, judge={"folder": None, "refused": "it is no better\nthan that"})
    assert "There is no segmentation score: it is no better" in page(
        as_plain(tmp_path, shown, 1), shown, said, tmp_path
    )


def test_markdown_has_the_papers_figures_beside_ours(finished: tuple[Path, list[Table]]) -> None:
    folder, shown = finished
    lines = markdown(as_plain(folder, shown, 2), about(folder, shown, 2)).splitlines()
    row = next(line for line in lines if line.startswith("| L1+cGAN | .66 | .23 | .17 | "))
    value = as_plain(folder, shown, 2)["tables"][0]["rows"][4]["ours"]["judged_pixel_accuracy"]["value"]
    assert f"| {value:.3f}".replace("0.", ".") in row
    assert any(line.startswith("| ground truth | .80 | .26 | .21 | .900") for line in lines)


def test_pictures_are_embedded_bit_for_bit() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    held = base64.b64decode(embedded(picture).partition(",")[2])
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(held))), picture)


def test_a_histogram_is_drawn_where_its_shares_are() -> None:
    counts = np.zeros(111)
    counts[55], counts[65] = 999.0, 1.0  # at 0 and at 20
    svg = ElementTree.fromstring(log_histogram("a", [("truth", counts)]))
    curve = next(each for each in svg.iter("polyline"))
    points = [tuple(map(float, pair.split(","))) for pair in curve.attrib["points"].split()]
    rules = [float(each.attrib["y1"]) for each in svg.iter("line")][: DECADES + 1]  # 1, 0.1, 0.01, …
    heights = dict(zip([round(x, 1) for x, _ in points], [y for _, y in points], strict=True))
    middle = points[len(points) // 2]
    assert middle[1] == pytest.approx(rules[0], abs=0.2)  # 0.999
    assert points[len(points) // 2 + 10][1] == pytest.approx(rules[3], abs=0.1)  # 0.001
    assert points[0][1] == pytest.approx(rules[DECADES], abs=0.1)  # nothing
    assert len(heights) == 111
