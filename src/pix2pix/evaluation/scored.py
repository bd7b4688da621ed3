"""What is scored: the catalogue's entries that suit a run, each as something that every picture adds to."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor
from torchmetrics import Metric

from pix2pix.data.domains import Domain
from pix2pix.evaluation.run import EvaluationError
from pix2pix.evaluation.scores import REAL
from pix2pix.hints import nearest
from pix2pix.metrics.additive import SetMetric
from pix2pix.metrics.bootstrap import Floats
from pix2pix.metrics.catalogue import PICTURE_METRICS, SET_METRICS, Better, Entry, PictureMetric, SetMetricEntry
from pix2pix.metrics.image import counted
from pix2pix.metrics.segmentation import segmentation_scores
from pix2pix.segmentation_score.judge import Judge, JudgeScore

CATALOGUE: Mapping[str, PictureMetric | SetMetricEntry] = {**PICTURE_METRICS, **SET_METRICS}
JUDGE = "judge"  # the name of the judge's scores among those of the catalogue


class Translated(NamedTuple):
    """A pair and its translation as the networks see them: (C, H, W) in [-1, 1]; weight (1, H, W) or None.

    `classes` (K, H, W), 0 or 1, are those of the label side, where a judge compares with them.
    """

    source: Tensor
    translation: Tensor
    target: Tensor
    weight: Tensor | None
    classes: Tensor | None = None
    in_unit: Tensor | None = None  # (C, H, W): the target in its unit, where it has one

    @property
    def on_unit_scale(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """Translation and target in [0, 1], and the weight: what metrics take."""
        return (self.translation + 1) / 2, (self.target + 1) / 2, self.weight

    @property
    def shown(self) -> tuple[Tensor, Tensor, Tensor]:
        """Source, translation and target for people: nothing holds a translation to a target that does not count."""
        return self.source, counted(self.translation, self.target, self.weight), self.target


class Scored(Protocol):
    """Scores that are functions of a sum over pictures."""

    @property
    def unit(self) -> str:
        """Of the values; empty for plain numbers."""
        ...

    @property
    def better(self) -> Better:
        """Which values are."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Of the scores."""
        ...

    def contribution(self, translated: Translated) -> Floats:
        """What a picture adds, (K,)."""
        ...

    def values(self, total: Floats) -> dict[str, float]:
        """Name → value, of a sum (K,)."""
        ...


@dataclass(frozen=True)
class PictureMean:
    """The mean of a score of one picture, over the pictures that have a pixel which counts and are large enough.

    A contribution is (value, 1), or (0, 0).
    """

    name: str
    entry: PictureMetric
    target: Domain
    weights: Path | None = None

    @property
    def unit(self) -> str:
        """The target's, where the score is in it."""
        return (self.target.unit or "") if self.entry.in_unit else self.entry.unit

    @property
    def better(self) -> Better:
        """Which values are."""
        return self.entry.better

    @property
    def names(self) -> tuple[str, ...]:
        """The one."""
        return (self.name,)

    def contribution(self, translated: Translated) -> Floats:
        """(value, 1), or (0, 0) for a picture that does not count."""
        prediction, target, weight = translated.on_unit_scale
        too_small = min(target.shape[-2:]) < self.entry.shortest_side
        if too_small or (weight is not None and not weight.any()):
            return np.zeros(2)
        if self.entry.in_unit:
            assert translated.in_unit is not None
            prediction, target = self._decoded(translated.translation), translated.in_unit
            weight = None if weight is None else weight.cpu()
        function: Callable[..., Tensor] = self.entry.function
        if self.entry.weights is not None:
            function = partial(function, weights=self.weights)
        return np.array([float(function(prediction, target, weight)), 1.0])

    def values(self, total: Floats) -> dict[str, float]:
        """The mean; NaN where no picture counts."""
        return {self.name: float(total[0] / total[1]) if total[1] else float("nan")}

    def _decoded(self, encoded: Tensor) -> Tensor:
        """(C, H, W) in [-1, 1] → in the target's unit."""
        return torch.from_numpy(self.target.decode(encoded.cpu().numpy()).astype("float32")).permute(2, 0, 1)


@dataclass(frozen=True)
class OfSet:
    """Scores of the whole set, whose contributions are small enough to be kept for every picture."""

    metric: SetMetric
    better: Better
    unit: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The metric's."""
        return tuple(self.metric.values(self.metric.total))

    def contribution(self, translated: Translated) -> Floats:
        """The metric's, flat."""
        added: Floats = self.metric.contribution(*translated.on_unit_scale).cpu().numpy().ravel()
        return added

    def values(self, total: Floats) -> dict[str, float]:
        """The metric's."""
        shaped = torch.from_numpy(total).reshape(self.metric.total.shape)
        return {name: float(value) for name, value in self.metric.values(shaped).items()}


@dataclass(frozen=True)
class Judged:
    """What a judge sees in the translations or, for `real`, in the targets, against the labels of the pair.

    The judge is None where scores are only made of contributions that are there already.
    """

    judge: JudgeScore | None
    real: bool
    unit: str = ""
    better: Better = "higher"

    @property
    def names(self) -> tuple[str, ...]:
        """The judge's, marked where it is the real pictures that it was shown."""
        return tuple(f"{REAL}{name}" if self.real else name for name in JudgeScore.names)

    def contribution(self, translated: Translated) -> Floats:
        """The confusion matrix, flat (K * K,)."""
        assert self.judge is not None
        assert translated.classes is not None
        prediction, target, weight = translated.on_unit_scale
        photo = target if self.real else prediction
        added: Floats = self.judge.contribution(photo, translated.classes, weight).cpu().numpy().ravel()
        return added

    def values(self, total: Floats) -> dict[str, float]:
        """Accuracy of pixels and of classes, and IoU of classes."""
        classes = math.isqrt(len(total))
        scores = segmentation_scores(torch.from_numpy(total).reshape(classes, classes))
        return dict(zip(self.names, map(float, scores.values()), strict=True))


@dataclass(frozen=True)
class Choice:
    """What is measured of a run.

    Attributes:
        kept: scores with an interval.
        whole: scores without, since a picture's part in them is too large to be kept, or is none.
        left_out: why others are not measured.
    """

    kept: Mapping[str, Scored]
    whole: Mapping[str, Metric]
    left_out: Mapping[str, str]


def wanted_metrics(typed: Iterable[str]) -> list[str]:
    """The names in the catalogue, or JUDGE, of what was typed: entries, or single scores of a set.

    Raises EvaluationError for another name, with the nearest.
    """
    entry_of = {score: name for name in (*CATALOGUE, JUDGE) for score in (name, *names_of(name))}
    names = []
    for name in typed:
        if name not in entry_of:
            near = nearest(name, entry_of)
            hint = f" Nearest: {near}" if near else ""
            raise EvaluationError(f"--metrics: there is no {name!r}; there are {', '.join((*CATALOGUE, JUDGE))}.{hint}")
        names.append(entry_of[name])
    return list(dict.fromkeys(names))


def names_of(name: str) -> tuple[str, ...]:
    """The scores that an entry of the catalogue gives, or the judge."""
    if name == JUDGE:
        return (*Judged(None, real=False).names, *Judged(None, real=True).names)
    entry = CATALOGUE[name]
    return (name,) if isinstance(entry, PictureMetric) else entry.names


def choose(
    wanted: Iterable[str] | None,
    target: Domain,
    *,
    pictures: int,
    size: tuple[int, int],
    weights: Path | None = None,
    judge: Judge | None = None,
) -> Choice:
    """Those of the catalogue that suit pictures of this domain, number and size (height, width), and the judge's.

    Args:
        wanted: names in the catalogue, or JUDGE; None for all that are measured unasked.
        weights: the file or folder of the trained weights that some need; None for the usual place.

    Raises EvaluationError where one that is wanted does not suit.
    """
    kept: dict[str, Scored] = {}
    whole: dict[str, Metric] = {}
    left_out: dict[str, str] = {}
    for name, entry in CATALOGUE.items():
        if not (entry.unasked if wanted is None else name in wanted):
            continue
        if reason := _refusal(entry, target, pictures, size, weights):
            if wanted is not None:
                raise EvaluationError(f"--metrics: {name} cannot be measured: {reason}")
            if entry.applies(target):
                left_out[name] = reason
        elif isinstance(entry, SetMetricEntry) and not entry.small:
            whole[name] = entry.make(target, weights)
        else:
            kept[name] = scored(name, target, weights)
    if judge is not None and (wanted is None or JUDGE in wanted):
        kept[JUDGE] = Judged(JudgeScore(judge), real=False)
        kept[REAL + JUDGE] = Judged(JudgeScore(judge), real=True)
    return Choice(kept, whole, left_out)


def scored(name: str, target: Domain, weights: Path | None = None) -> Scored:
    """What is kept under this name: an entry of the catalogue, or the judge's scores, without the judge."""
    if name in (JUDGE, REAL + JUDGE):
        return Judged(None, real=name != JUDGE)
    entry = CATALOGUE[name]
    if isinstance(entry, PictureMetric):
        return PictureMean(name, entry, target, weights)
    metric = entry.make(target, weights)
    assert isinstance(metric, SetMetric)
    return OfSet(metric, entry.better, entry.unit)


def _refusal(entry: Entry, target: Domain, pictures: int, size: tuple[int, int], weights: Path | None) -> str | None:
    if not entry.applies(target):
        return f"it says nothing of a target of the domain {target.kind}"
    return entry.refusal(pictures, *size, weights)
