"""The five orderings that a reproduction must show, each as differences of scores with their intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from pix2pix.evaluation.scores import Score
from pix2pix.metrics.bootstrap import interval
from pix2pix.reproduction.methods import INTERSECTIONS, JUDGED, LABELLED, Method
from pix2pix.reproduction.tables import Table

MARGIN = 0.02  # of "≥": as far as the paper's own pairs lie apart
Verdict = Literal["intervals", "mean", "not", "unknown"]
WORDS: Mapping[Verdict, str] = {
    "intervals": "held, with intervals",
    "mean": "held in the mean",
    "not": "not held",
    "unknown": "not measured",
}


@dataclass(frozen=True)
class Relation:
    """That one method scores higher than another; where it is not strict, at least as high."""

    first: Method
    second: Method
    labels: tuple[str, str]
    score: str
    strict: bool = True

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.labels[0]} {'>' if self.strict else '≥'} {self.labels[1]}"


@dataclass(frozen=True)
class Ordering:
    """One of the paper's orderings."""

    number: int
    text: str
    relations: tuple[Relation, ...]


@dataclass(frozen=True)
class Found:
    """What became of a relation.

    Attributes:
        value, low, high: first minus second, the mean over seeds, and its interval over seeds and pictures.
        signs: of the difference, seed by seed: +1, 0, -1.
        reversed: whether it is not held, and the interval leaves no doubt that the second is better.
    """

    relation: Relation
    verdict: Verdict
    value: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    signs: tuple[int, ...] = ()
    reversed: bool = False


def orderings(tables: Mapping[str, Table]) -> list[Ordering]:
    """Those that the tables which are there can show."""
    found = []
    if table := tables.get("losses"):
        chain = _chain(table, ("L1+cGAN", "L1+GAN", "cGAN", "L1", "GAN"), JUDGED[0], not_strict=1)
        found.append(Ordering(1, "L1+cGAN ≥ L1+GAN > cGAN > L1 > GAN", chain))
    if table := tables.get("generators"):
        pairs = (("U-Net, L1", "encoder-decoder, L1"), ("U-Net, L1+cGAN", "encoder-decoder, L1+cGAN"))
        relations = tuple(_relation(table, *labels, JUDGED[0]) for labels in pairs)
        found.append(Ordering(2, "U-Net > encoder-decoder, with L1 and with L1+cGAN", relations))
    if table := tables.get("fields"):
        smallest, second, third, largest = (column.label for column in table.columns)
        chain = _chain(table, (third, second, largest, smallest), JUDGED[0], not_strict=1)
        found.append(Ordering(3, f"{third} ≥ {second} > {largest} > {smallest}", chain))
    if table := tables.get("colour"):
        relations = tuple(
            _relation(table, label, "L1", score) for label in ("L1+cGAN", "cGAN") for score in INTERSECTIONS
        )
        found.append(Ordering(4, "Lab histograms (a, b): L1+cGAN and cGAN nearer to the truth than L1", relations))
    if table := tables.get("photo2labels"):
        chain = _chain(table, ("classification", "L1", "L1+cGAN", "cGAN"), LABELLED[0])
        found.append(Ordering(5, "photo → labels: classification > L1 > L1+cGAN > cGAN", chain))
    return found


def judge_relation(
    relation: Relation,
    means: Mapping[Method, Mapping[str, Score]],
    of_seeds: Mapping[Method, Mapping[int, Mapping[str, Score]]],
    seeds: int = 1,
) -> Found:
    """Compare the two methods.

    A strict relation holds with intervals where the whole interval of the difference lies above 0; one that is not
    strict, where it lies above -MARGIN. In the mean they hold where the difference itself does. Where one seed of
    several that are planned is finished, intervals are over pictures alone, and are no more than a mean.

    Args:
        means: method → score → mean over seeds.
        of_seeds: method → seed → score.
        seeds: that are planned.
    """
    scores = [means.get(method, {}).get(relation.score) for method in (relation.first, relation.second)]
    if scores[0] is None or scores[1] is None or not (scores[0].resampled.size and scores[1].resampled.size):
        return Found(relation, "unknown")
    difference = scores[0] - scores[1]
    low, high = interval(difference.resampled)
    least = 0.0 if relation.strict else -MARGIN
    above, in_mean = low > least, difference.value > least
    first, second = (of_seeds[method] for method in (relation.first, relation.second))
    over_seeds = min(len(first), len(second)) > 1 or seeds == 1
    verdict: Verdict = "intervals" if above and over_seeds else "mean" if in_mean else "not"
    gains = [first[seed][relation.score].value - second[seed][relation.score].value for seed in first if seed in second]
    signs = tuple((gain > 0) - (gain < 0) for gain in gains)
    return Found(relation, verdict, difference.value, low, high, signs, verdict == "not" and high < 0)


def overall(found: list[Found]) -> Verdict:
    """Of an ordering: that of its weakest relation."""
    weakest: tuple[Verdict, ...] = ("unknown", "not", "mean", "intervals")
    return min((each.verdict for each in found), key=weakest.index)


def _chain(table: Table, labels: tuple[str, ...], score: str, not_strict: int = 0) -> tuple[Relation, ...]:
    """Each of the labels above the next; the first `not_strict` of these relations are not strict."""
    pairs = pairwise(labels)
    return tuple(_relation(table, *pair, score, strict=place >= not_strict) for place, pair in enumerate(pairs))


def _relation(table: Table, first: str, second: str, score: str, *, strict: bool = True) -> Relation:
    return Relation(table.method(first), table.method(second), (first, second), score, strict)
