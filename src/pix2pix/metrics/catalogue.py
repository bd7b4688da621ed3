"""All scores, by name: what each is of, in what unit, which direction is better, and where it applies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torchmetrics import Metric

from pix2pix.data.domains import Domain, Grey, LabAb, Labels, Rgb
from pix2pix.metrics import kid, lpips, ms_ssim
from pix2pix.metrics.colour import LabHistogram
from pix2pix.metrics.fid import FEWEST, Fid
from pix2pix.metrics.image import SSIM_WINDOW, Score, l1, psnr, rmse, ssim
from pix2pix.metrics.inception import INCEPTION_WEIGHTS, load_inception
from pix2pix.metrics.segmentation import LabelScores
from pix2pix.metrics.spectrum import log_spectrum_distance
from pix2pix.metrics.weights import MissingWeights, WeightsFile

Better = Literal["higher", "lower"]


def every_domain(target: Domain) -> bool:
    """Whatever the target holds."""
    return True


def photographs(target: Domain) -> bool:
    """Pictures in colour or grey, which networks trained on photographs can look at."""
    return isinstance(target, Rgb | Grey)


def label_scores(target: Domain, weights: Path | None) -> Metric:
    """The scores of labels as the domain encodes them."""
    assert isinstance(target, Labels)
    in_colours = target.encoding == "colours"
    colours = (torch.from_numpy(target.encoded_palette) + 1) / 2 if in_colours else None
    return LabelScores(target.class_count, colours)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is known of a score before it is measured.

    unit: of its values, empty for a plain number.
    better: which values are.
    applies: whether it says something of a target of this domain.
    shortest_side: of the pictures, in pixels.
    fewest: pictures of a set.
    weights: the file of trained weights that it needs.
    unasked: whether it is measured where nobody names it: not so if it needs weights, or many more pictures than usual.
    """

    better: Better
    unit: str = ""
    applies: Callable[[Domain], bool] = every_domain
    shortest_side: int = 1
    fewest: int = 1
    weights: WeightsFile | None = None
    unasked: bool = True

    def refusal(self, pictures: int, height: int, width: int, weights: Path | None = None) -> str | None:
        """Why it cannot be measured on so many pictures of at least this size; None where it can."""
        if min(height, width) < self.shortest_side:
            return (
                f"needs pictures of at least {self.shortest_side} pixels a side; "
                f"these have {height} x {width} (height x width)"
            )
        if pictures < self.fewest:
            return f"needs at least {self.fewest} pictures; there are {pictures}"
        try:
            if self.weights is not None:
                self.weights.find(weights)
        except MissingWeights as error:
            return str(error)
        return None


@dataclass(frozen=True, kw_only=True)
class PictureMetric(Entry):
    """A score of one picture; that of a set is the mean over its pictures.

    function: of prediction, target and pixel weights; where there are `weights` it takes their place by that name.
    in_unit: whether it is given decoded values, in the target's own unit, instead of [0, 1].
    """

    function: Score
    in_unit: bool = False


@dataclass(frozen=True, kw_only=True)
class SetMetricEntry(Entry):
    """Scores of a whole set together: `make(target_domain, weights)` gives a metric whose `compute` gives them by name.

    names: of the scores.
    small: whether it is a `SetMetric` whose contributions are small enough to keep one a picture.
    """

    make: Callable[[Domain, Path | None], Metric]
    names: tuple[str, ...]
    small: bool = True


PICTURE_METRICS: dict[str, PictureMetric] = {
    "psnr": PictureMetric(function=psnr, unit="dB", better="higher"),
    "ssim": PictureMetric(function=ssim, better="higher", shortest_side=SSIM_WINDOW),
    "ms_ssim": PictureMetric(function=ms_ssim.ms_ssim, better="higher", shortest_side=ms_ssim.SHORTEST_SIDE),
    "l1": PictureMetric(function=l1, better="lower"),
    "rmse": PictureMetric(
        function=rmse, better="lower", unit="the target's", in_unit=True, applies=lambda target: target.unit is not None
    ),
    "log_spectrum_distance": PictureMetric(function=log_spectrum_distance, unit="dB", better="lower", shortest_side=4),
    "lpips": PictureMetric(
        function=lpips.lpips,
        better="lower",
        applies=photographs,
        shortest_side=lpips.SHORTEST_SIDE,
        weights=lpips.ALEXNET_WEIGHTS,
        unasked=False,
    ),
}

SET_METRICS: dict[str, SetMetricEntry] = {
    "label_scores": SetMetricEntry(
        make=label_scores,
        names=("pixel_accuracy", "class_accuracy", "class_iou"),
        better="higher",
        applies=lambda target: isinstance(target, Labels),
    ),
    "lab_histogram": SetMetricEntry(
        make=lambda target, weights: LabHistogram(target),
        names=("lab_l_intersection", "lab_a_intersection", "lab_b_intersection"),
        better="higher",
        applies=lambda target: isinstance(target, Rgb | LabAb),
    ),
    "fid": SetMetricEntry(
        make=lambda target, weights: Fid(load_inception(weights)),
        names=("fid",),
        better="lower",
        applies=photographs,
        fewest=FEWEST,
        weights=INCEPTION_WEIGHTS,
        unasked=False,
        small=False,
    ),
    "kid": SetMetricEntry(
        make=lambda target, weights: kid.Kid(load_inception(weights)),
        names=("kid",),
        better="lower",
        applies=photographs,
        fewest=kid.FEWEST,
        weights=INCEPTION_WEIGHTS,
        unasked=False,
        small=False,
    ),
}
