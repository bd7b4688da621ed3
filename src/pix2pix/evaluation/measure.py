"""Going through a split once: every picture translated, and what it adds to each score kept in place of the picture."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from pix2pix.data.pairs import Sample
from pix2pix.evaluation.scored import Choice, Translated
from pix2pix.metrics.bootstrap import Floats

if TYPE_CHECKING:
    from pix2pix.data.datamodule import PairedData
    from pix2pix.data.reading import Readable
    from pix2pix.inference.translator import Translator
    from pix2pix.segmentation_score.judge import Judge

Clipped = tuple[int, float]  # pictures with numbers beyond a range, and the share of all numbers that are


@dataclass(frozen=True)
class Measured:
    """What the pictures of a split added to each score.

    Attributes:
        names: of the pictures, in the split's order.
        targets: digest of the pictures that were compared with; equal where two runs were scored on the same.
        contributions: name of what was scored → (pictures, K).
        whole: scores of the set that are no such sums → value.
        clipped: how many sources, and how many targets, hold numbers beyond the range of the training's; with the
            share of all numbers.
    """

    names: list[str]
    targets: str
    contributions: Mapping[str, Floats]
    whole: Mapping[str, float]
    clipped: tuple[Clipped, Clipped] = ((0, 0.0), (0, 0.0))


def measure(
    translator: Translator,
    data: PairedData,
    split: str,
    choice: Choice,
    *,
    judge: Judge | None = None,
    pictures: int | None = None,
    device: torch.device | str = "cpu",
    title: str = "",
) -> Measured:
    """Translate and score the pictures of a split, one by one and in float32; no picture is kept.

    Args:
        judge: whose scores are among those chosen.
        pictures: score the first so many alone.
        title: of the progress bar.

    Raises BadPairError where a pair cannot be read, and the run was not told to leave such out.
    """
    translator.to(device)
    without_float64 = torch.device(device).type == "mps"
    for metric in choice.whole.values():
        metric.to("cpu" if without_float64 else device)
    gathered: dict[str, list[Floats]] = {name: [] for name in choice.kept}
    names: list[str] = []
    clipped: list[tuple[float, float]] = []
    digest = hashlib.blake2b(digest_size=16)
    readable = data.readable(split)
    index_of = {name: index for index, name in enumerate(readable.names)}
    count = min(len(readable), pictures or len(readable))
    samples = islice(every_sample(data, split), count)
    for sample in tqdm(samples, title, count, leave=False, disable=None):  # a bar where a person looks, else none
        names.append(sample.name)
        clipped.append(sample.clipped)
        for compared in (sample.target, sample.weight):  # what counts is a part of it
            shape = None if compared is None else compared.shape
            digest.update(repr(shape).encode() + (b"" if compared is None else compared.numpy().tobytes()))
        translated = translate_sample(translator, sample, device)
        if judge is not None:
            translated = translated._replace(classes=_classes(judge, data, readable, index_of[sample.name], sample))
        for name, scored in choice.kept.items():
            gathered[name].append(scored.contribution(translated))
        for metric in choice.whole.values():
            scored_ones = [None if each is None else each[None].to(metric.device) for each in translated.on_unit_scale]
            metric.update(*scored_ones)
    whole = {name: float(value) for metric in choice.whole.values() for name, value in metric.compute().items()}
    contributions = {name: np.stack(rows) for name, rows in gathered.items()}
    sources, targets = (_counted([shares[side] for shares in clipped]) for side in (0, 1))
    return Measured(names, digest.hexdigest(), contributions, whole, (sources, targets))


def _counted(shares: list[float]) -> Clipped:
    return sum(each > 0 for each in shares), float(np.mean(shares)) if shares else 0.0


def translate_sample(translator: Translator, sample: Sample, device: torch.device | str) -> Translated:
    """The sample on the device, with its translation in float32."""
    source, target = sample.source.to(device), sample.target.to(device)
    translation = translator.network(source[None], [sample.name])[0]
    weight = None if sample.weight is None else sample.weight.to(device)
    return Translated(source, translation, target, weight, in_unit=sample.in_unit)


def _classes(judge: Judge, data: PairedData, readable: Readable, index: int, sample: Sample) -> Tensor:
    """Of the label side, (K, H, W): the source as it is, or read anew where it was taken for a picture of colours."""
    if data.source_domain == judge.labels:
        return (sample.source + 1) / 2
    return judge.truth(readable[index])


def every_sample(data: PairedData, split: str) -> Iterator[Sample]:
    """Each pair of the split that can be read, once: what stands in for a bad one is left out."""
    for batch in data.every_pair(split):
        data.readable(split).note(batch.skipped)
        weights = batch.weight if batch.weight is not None else [None] * len(batch.names)
        in_units = batch.in_unit if batch.in_unit is not None else [None] * len(batch.names)
        for source, target, weight, name, in_unit, clipped in zip(
            batch.source, batch.target, weights, batch.names, in_units, batch.clipped, strict=True
        ):
            if name:
                yield Sample(source, target, weight, name, (), in_unit, clipped)
