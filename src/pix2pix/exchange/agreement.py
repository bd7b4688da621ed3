"""Whether an exported file translates as its source does: on real pictures of the run, with limits per precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from pix2pix.data.pairs import Sample
from pix2pix.evaluation.measure import every_sample
from pix2pix.evaluation.run import EvaluationError, Run
from pix2pix.inference.networks import Network
from pix2pix.metrics.image import SSIM_WINDOW, psnr, ssim
from pix2pix.models.blocks import Generator
from pix2pix.models.classifier import Classifier

if TYPE_CHECKING:
    from torch import Tensor

SPLIT = "val"
NOISE_SEED = 0


@dataclass(frozen=True)
class Limits:
    """What a file may differ from its source by, on the encoded scale, which is 2 wide; 0.0078 are a step of 8 bits.

    Attributes:
        largest: of any value of any picture; not asked of a classifier, in which a pixel of another class is 2 off.
        mean: over all values.
        psnr: dB that the mean PSNR against the targets may be lower by.
        ssim: likewise.
    """

    largest: float
    mean: float
    psnr: float = np.inf
    ssim: float = np.inf


LIMITS = {
    "f32": Limits(largest=2e-3, mean=2e-5),
    "bf16": Limits(largest=0.25, mean=0.01),
    "int8": Limits(largest=np.inf, mean=0.06, psnr=0.3, ssim=0.02),  # a few pixels of some pictures are far off
}


@dataclass(frozen=True)
class Pictures:
    """What is translated by both.

    Attributes:
        samples: encoded pairs; without a real target, the source stands in its place.
        described: in words, for the file's description.
        real: whether they are pictures of the run, with targets.
    """

    samples: Sequence[Sample]
    described: str
    real: bool


@dataclass(frozen=True)
class Agreement:
    """How far a file's translations are from those of its source.

    Attributes:
        pictures: what was translated, in words.
        largest, mean: difference on the scale from -1 to 1.
        psnr, ssim: the source's and the file's mean against the targets; None where there are none to compare with.
    """

    pictures: str
    largest: float
    mean: float
    psnr: tuple[float, float] | None
    ssim: tuple[float, float] | None

    def refusal(self, precision: str, *, classes: bool) -> str | None:
        """Why the file is not to be used, with the figures; None where it agrees."""
        limits = LIMITS[precision]
        found = {"mean difference": (self.mean, limits.mean)}
        if not classes:
            found["largest difference"] = (self.largest, limits.largest)
        if self.psnr is not None:
            found["loss of PSNR (dB)"] = (self.psnr[0] - self.psnr[1], limits.psnr)
        if self.ssim is not None:
            found["loss of SSIM"] = (self.ssim[0] - self.ssim[1], limits.ssim)
        # Not `value > limit`: NaN agrees with nothing.
        broken = [
            f"{name} {value:.2g}, at most {limit:g}" for name, (value, limit) in found.items() if not value <= limit
        ]
        return "; ".join(broken) or None

    def lines(self) -> list[str]:
        """For people."""
        said = [
            f"compared on {self.pictures}: largest difference {self.largest:.2g}, mean {self.mean:.2g} (of -1 to 1)"
        ]
        for name, both, unit in (("PSNR", self.psnr, " dB"), ("SSIM", self.ssim, "")):
            if both is not None:
                said.append(f"{name} against the targets: {both[0]:.4f}{unit}, exported {both[1]:.4f}{unit}")
        return said

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for the file's description."""
        return asdict(self)


def run_pictures(run: Run, count: int) -> tuple[Pictures | None, str]:
    """The first so many pictures of the run's validation split; None and the reason where they cannot be had."""
    try:
        data = run.data(SPLIT)
    except EvaluationError as error:
        return None, str(error)
    samples = list(islice(every_sample(data, SPLIT), count))
    return Pictures(samples, f"{len(samples)} pictures of {SPLIT}", True), ""


def noise_pictures(channels: int, multiple: int, count: int) -> Pictures:
    """Seeded noise in [-1, 1], of two sizes, one of which needs no padding."""
    random = torch.Generator().manual_seed(NOISE_SEED)
    side = max(2 * multiple, 2 * SSIM_WINDOW)
    sizes = [(side, side), (side - 3, side + 5)]
    samples = []
    for index in range(count):
        noise = torch.rand(channels, *sizes[index % 2], generator=random) * 2 - 1
        samples.append(Sample(noise, noise, None, f"noise-{index}"))
    return Pictures(samples, f"{count} pictures of noise, not real ones", False)


def compare(source: Network, exported: Network, pictures: Pictures) -> Agreement:
    """Translate every picture by both; the source must have its noise off."""
    largest, total, values = 0.0, 0.0, 0
    scores: list[list[float]] = []
    for sample in pictures.samples:
        expected, found = (network(sample.source[None], [sample.name])[0] for network in (source, exported))
        difference = (expected - found).abs()
        largest = max(largest, difference.max().item()) if difference.isfinite().all() else np.nan
        total, values = total + difference.double().sum().item(), values + difference.numel()
        if pictures.real and min(sample.target.shape[-2:]) >= SSIM_WINDOW:
            scores.append(_scores(expected, found, sample))
    means = np.mean(scores, axis=0).tolist() if scores else None
    return Agreement(
        pictures.described,
        largest,
        total / values,
        None if means is None else (means[0], means[1]),
        None if means is None else (means[2], means[3]),
    )


def _scores(expected: Tensor, found: Tensor, sample: Sample) -> list[float]:
    target = (sample.target + 1) / 2
    both = [(each + 1) / 2 for each in (expected, found)]
    return [score(each, target, sample.weight).item() for score in (psnr, ssim) for each in both]


def gives_classes(generator: Generator) -> bool:
    """Whether its pictures are of classes, each pixel wholly right or wrong."""
    return isinstance(generator, Classifier)
