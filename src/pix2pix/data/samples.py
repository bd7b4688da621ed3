"""Samples of pairs, and how they are stacked to batches."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.utils.data import Dataset

from pix2pix.data.domains import Domain
from pix2pix.data.pairs import Batch, Sample
from pix2pix.data.reading import Readable
from pix2pix.data.sampler import STAND_IN, Key
from pix2pix.data.transforms import PairTransform, make_sample, sample_rng
from pix2pix.errors import BadPairError


class Samples(Dataset[Sample]):
    """Samples by (epoch, index); with a seed varied as in training, without it only resized.

    Where a pair cannot be used, the next stands in for it: in training it counts once more, so that epochs, ranks and
    batches keep their lengths; without a seed it has no name and counts for nothing, so that a score is a mean over the
    pairs that can be used, each once.
    """

    def __init__(
        self, readable: Readable, source: Domain, target: Domain, transform: PairTransform, seed: int | None
    ) -> None:
        self.readable, self.source, self.target = readable, source, target
        self.transform, self.seed = transform, seed

    def __len__(self) -> int:
        return len(self.readable)

    def __getitem__(self, key: Key) -> Sample:
        epoch, index = key
        rng = None if self.seed is None else sample_rng(self.seed, epoch, index)
        sample, skipped = self.readable.use(
            max(index, 0), lambda pair: make_sample(pair, self.source, self.target, self.transform, rng)
        )
        if skipped:
            sample = sample._replace(skipped=skipped)
        stands_in = index == STAND_IN or (rng is None and bool(skipped))
        return sample._replace(name="") if stands_in else sample


def collate(samples: Sequence[Sample]) -> Batch:
    """Stack samples. A weight is made for all where one has it.

    Raises BadPairError where the pictures differ in size.
    """
    shapes = {tuple(sample.target.shape) for sample in samples}
    if len(shapes) > 1:
        listed = ", ".join("×".join(map(str, shape[1:])) for shape in sorted(shapes))
        raise BadPairError(
            f"pictures of different sizes ({listed}) cannot be in one batch: type data.size=[HEIGHT,WIDTH], or"
            " data.batch_size=1 and training.accumulate=1"
        )
    weight = None
    if any(sample.weight is not None for sample in samples):
        ones = torch.ones(1, *samples[0].target.shape[1:])
        weight = torch.stack([ones if sample.weight is None else sample.weight for sample in samples])
    in_unit = [sample.in_unit for sample in samples if sample.in_unit is not None]
    return Batch(
        torch.stack([sample.source for sample in samples]),
        torch.stack([sample.target for sample in samples]),
        weight,
        [sample.name for sample in samples],
        tuple(problem for sample in samples for problem in sample.skipped),
        torch.stack(in_unit) if in_unit else None,
        [sample.clipped for sample in samples],
    )
