"""Tables and orderings from points whose scores are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.reproduction.invented import finish, setting

from pix2pix.evaluation.scores import Score
from pix2pix.reproduction import TABLES
from pix2pix.reproduction.methods import Method
from pix2pix.reproduction.orderings import MARGIN, Found, Relation, judge_relation, orderings, overall
from pix2pix.reproduction.points import point_folder
from pix2pix.reproduction.results import as_plain, gather, histograms, point_facts
from pix2pix.reproduction.tables import Table, methods, tables

FIRST, SECOND = Method("labels2photo", "l1"), Method("labels2photo", "gan", field=16)


def score(value: float, spread: float, seed: int = 0) -> Score:
    drawn = np.random.default_rng(seed).normal(value, spread, 20_000)
    return Score(value, drawn, "", "higher")


def relation(first: Score, second: Score, *, strict: bool = True) -> Found:
    asked = Relation(FIRST, SECOND, ("L1", "GAN"), "s", strict)
    means = {FIRST: {"s": first}, SECOND: {"s": second}}
    return judge_relation(asked, means, {method: {0: means[method]} for method in means})


@pytest.mark.parametrize(
    ("difference", "strict", "verdict", "reversed_"),
    [
        (0.10, True, "intervals", False),
        (0.01, True, "mean", False),
        (-0.01, True, "not", False),
        (-0.10, True, "not", True),
        (0.10, False, "intervals", False),
        (-0.005, False, "mean", False),
        (0.0, False, "mean", False),
        (-0.025, False, "not", False),
        (-0.06, False, "not", True),
    ],
)
def test_verdicts(difference: float, strict: bool, verdict: str, reversed_: bool) -> None:
    found = relation(score(0.5 + difference, 0.01, 1), score(0.5, 0.01, 2), strict=strict)
    assert (found.verdict, found.reversed) == (verdict, reversed_)
    # The difference of two independent normals: 1.96 √2 σ on either side.
    assert found.value == pytest.approx(difference)
    assert found.low == pytest.approx(difference - 1.96 * 2**0.5 * 0.01, abs=0.001)
    assert found.high == pytest.approx(difference + 1.96 * 2**0.5 * 0.01, abs=0.001)
    assert found.signs == (int(np.sign(difference)),)


def test_at_least_as_high_leaves_a_margin() -> None:
    near = relation(score(0.499, 0.001, 1), score(0.5, 0.001, 2), strict=False)
    assert (near.verdict, near.reversed) == ("intervals", False)
    assert -MARGIN < near.low < 0
    surely_below = relation(score(0.49, 0.001, 1), score(0.5, 0.001, 2), strict=False)
    assert (surely_below.verdict, surely_below.reversed) == ("intervals", False)


def test_one_seed_of_three_shows_a_mean_and_no_more() -> None:
    asked = Relation(FIRST, SECOND, ("L1", "GAN"), "s")
    means = {FIRST: {"s": score(0.9, 0.01)}, SECOND: {"s": score(0.1, 0.01)}}
    first, second = (dict.fromkeys(range(2), means[method]) for method in (FIRST, SECOND))
    assert judge_relation(asked, means, {FIRST: first, SECOND: {0: second[0]}}, seeds=3).verdict == "mean"
    assert judge_relation(asked, means, {FIRST: first, SECOND: second}, seeds=3).verdict == "intervals"


def test_an_ordering_is_as_good_as_its_weakest_relation() -> None:
    held, mean = relation(score(0.9, 0.01), score(0.1, 0.01)), relation(score(0.51, 0.1, 1), score(0.5, 0.1, 2))
    unknown = judge_relation(Relation(FIRST, SECOND, ("L1", "GAN"), "s"), {}, {})
    assert overall([held, held]) == "intervals"
    assert overall([held, mean]) == "mean"
    assert overall([held, mean, unknown]) == "unknown"


def test_the_five_orderings_are_those_of_the_paper() -> None:
    shown = {table.name: table for table in tables(TABLES, setting(256, 70))}
    found = {each.number: each for each in orderings(shown)}
    assert sorted(found) == [1, 2, 3, 4, 5]
    assert [each.text for each in found[1].relations] == ["L1+cGAN ≥ L1+GAN", "L1+GAN > cGAN", "cGAN > L1", "L1 > GAN"]
    assert [each.text for each in found[3].relations] == ["70×70 ≥ 16×16", "16×16 > 286×286", "286×286 > 1×1"]
    assert [each.text for each in found[5].relations] == ["classification > L1", "L1 > L1+cGAN", "L1+cGAN > cGAN"]
    # The paper's own figures, by the score that each is told by, obey them.
    for table in shown.values():
        if table.name == "colour":
            continue
        paper = {column.method: column.paper for column in table.columns}
        for ordering in found.values():
            for each in ordering.relations:
                labels = [column.label for column in table.columns]
                first, second = (paper.get(method) for method in (each.first, each.second))
                if first and second and set(each.labels) <= set(labels):
                    assert first[0] > second[0] or (not each.strict and first[0] >= second[0])


@pytest.fixture
def finished(tmp_path: Path) -> tuple[Path, list[Table]]:
    shown = tables(["losses", "colour", "photo2labels"], setting())
    values = {"L1": 0.5, "GAN": 0.3, "cGAN": 0.6, "L1+GAN": 0.7, "L1+cGAN": 0.8, "L2": 0.4, "classification": 0.9}
    for table in shown:
        for column in table.columns:
            for seed in range(2):
                base = values[column.label] + 0.02 * seed
                finish(tmp_path, column.method, seed, [base - 0.01, base, base + 0.01])
    return tmp_path, shown


def test_tables_hold_means_over_seeds_and_pictures(finished: tuple[Path, list[Table]]) -> None:
    folder, shown = finished
    plain = as_plain(folder, shown, seeds=2)
    losses, colour, labels = plain["tables"]
    rows: dict[str, Any] = {row["label"]: row["ours"] for row in losses["rows"]}
    pixels = rows["L1"]["judged_pixel_accuracy"]
    assert pixels["value"] == pytest.approx(0.51)
    assert pixels["seeds"] == pytest.approx({0: 0.50, 1: 0.52})
    assert pixels["low"] < 0.50
    assert pixels["high"] > 0.52
    # Two classes of equal size, a share p of each right: IoU = p / (2 - p), of each seed.
    iou = np.mean([p / (2 - p) for p in (0.50, 0.52)])
    assert rows["L1"]["judged_class_iou"]["value"] == pytest.approx(iou)
    assert losses["real"]["ours"]["judged_pixel_accuracy"]["value"] == pytest.approx(0.9)
    by_label = {row["label"]: row["ours"] for row in colour["rows"]}
    assert by_label["cGAN"]["lab_a_intersection"]["value"] == pytest.approx(0.61)
    by_label = {row["label"]: row["ours"] for row in labels["rows"]}
    assert by_label["classification"]["pixel_accuracy"]["value"] == pytest.approx(0.91)
    verdicts = {each["number"]: each["verdict"] for each in plain["orderings"]}
    assert verdicts == {1: "intervals", 4: "intervals", 5: "not"}  # L1 > L1+cGAN was invented the other way round


def test_the_same_files_give_the_same_tables(finished: tuple[Path, list[Table]]) -> None:
    folder, shown = finished
    whole = as_plain(folder, shown, seeds=2)
    again = as_plain(folder, shown, seeds=2)
    alone = as_plain(folder, shown[:1], seeds=2)
    assert whole == again
    assert alone["tables"][0] == whole["tables"][0]  # whatever other tables are shown


def test_points_that_are_not_finished_leave_gaps(finished: tuple[Path, list[Table]]) -> None:
    folder, shown = finished
    gone = shown[0].method("GAN")
    for seed in range(2):
        (point_folder(folder, gone, seed) / "reproduction.json").unlink()
    (point_folder(folder, shown[0].method("L1"), 1) / "reproduction.json").unlink()
    plain = as_plain(folder, shown, seeds=2)
    rows = {row["label"]: row["ours"] for row in plain["tables"][0]["rows"]}
    assert rows["GAN"] == {}
    assert list(rows["L1"]["judged_pixel_accuracy"]["seeds"]) == [0]
    first = plain["orderings"][0]
    assert [each["verdict"] for each in first["relations"]][-1] == "unknown"
    assert first["verdict"] == "unknown"
    assert len(point_facts(folder, methods(shown), 2)) == 2 * len(methods(shown)) - 3


def test_every_method_draws_seeds_of_its_own(finished: tuple[Path, list[Table]]) -> None:
    folder, shown = finished
    found = gather(folder, methods(shown), 2)
    first, second = (found.means[shown[0].method(label)]["judged_pixel_accuracy"].resampled for label in ("L1", "cGAN"))
    # The pictures are the same, the seeds are not: the noise of two means has a part in common, and no more.
    assert 0.0 < abs(np.corrcoef(first, second)[0, 1]) < 0.9


def test_histograms_are_summed_over_pictures_and_seeds(finished: tuple[Path, list[Table]]) -> None:
    folder, shown = finished
    for method in (shown[0].method("L1"), shown[1].method("L1")):
        counts = histograms(folder, method, [0, 1])
        assert counts is not None
        assert counts.shape == (2, 2, 111)
        assert counts[1, 0, 55] == 2 * 3 * 100
        assert counts[0, 1, 55] == pytest.approx(3 * 50 + 3 * 52)
