"""Scores of one translated picture against its target, of pixels and of windows, and their mean over pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.functional.image import structural_similarity_index_measure

Score = Callable[[Tensor, Tensor, Tensor | None], Tensor]  # of a prediction, its target and the pixels' weights

SSIM_WINDOW = 11  # pixels, as in Wang et al. 2004


def l1(prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean of |prediction - target|, a scalar in the pictures' own unit; 0 is best.

    Args:
        prediction: (C, H, W), in [0, 1] or in a unit.
        target: (C, H, W), in the same.
        weight: (1, H, W), 0 where a pixel does not count. The score is NaN where none does.
    """
    return _mean((prediction.float() - target.float()).abs(), weight)


def rmse(prediction: Tensor, target: Tensor, weight: Tensor | None = None, scale: float = 1.0) -> Tensor:
    """Root of the mean squared difference, a scalar in a unit; 0 is best. Other arguments as for `l1`.

    Args:
        scale: units per 1 of the pictures: 1 where they hold decoded values, high - low where they lie in [0, 1].
    """
    return scale * _mean((prediction.float() - target.float()).square(), weight).sqrt()


def psnr(prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Peak signal-to-noise ratio in dB of pictures (C, H, W) in [0, 1]; higher is better. Arguments as for `l1`.

    At most 100 dB, so that one perfect picture does not make a mean infinite.
    """
    error = _mean((prediction.float() - target.float()).square(), weight)
    return -10 * torch.log10(error.clamp(min=1e-10))  # 10 log10(1^2 / MSE)


def ssim(prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Structural similarity of pictures (C, H, W) in [0, 1], a scalar, at most 1; higher is better.

    Wang et al. 2004: Gaussian window of sigma 1.5, each channel apart, borders reflected.

    Args:
        prediction: (C, H, W) in [0, 1].
        target: (C, H, W) in [0, 1].
        weight: (1, H, W); where it is 0 the target takes the prediction's place.

    Raises:
        ValueError: a side is shorter than the window.
    """
    if min(target.shape[-2:]) < SSIM_WINDOW:
        raise ValueError(
            f"SSIM looks at windows of {SSIM_WINDOW} x {SSIM_WINDOW} pixels, and a picture is only "
            f"{target.shape[-2]} x {target.shape[-1]} (height x width): use larger pictures or leave this score out"
        )
    filled = counted(prediction.float(), target.float(), weight)
    similarity = structural_similarity_index_measure(filled[None], target[None].float(), data_range=1.0)
    assert isinstance(similarity, Tensor)  # a tuple only where the whole map is asked for
    return similarity


def counted(prediction: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
    """The prediction (C, H, W) with the target in the place of pixels that do not count: there it cannot be wrong."""
    return prediction if weight is None else torch.where(weight > 0, prediction, target)


def _mean(error: Tensor, weight: Tensor | None) -> Tensor:
    if weight is None:
        return error.mean()
    return (error * weight).sum() / (weight.sum() * error.shape[0])


class PictureMean(Metric):
    """A score's mean over pictures, each counted once whatever the batches and ranks.

    Pictures without a pixel that counts are left out; the mean of no picture is NaN.
    """

    full_state_update = False
    total: Tensor
    pictures: Tensor

    def __init__(self, score: Score, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.score = score
        self.add_state("total", torch.tensor(0.0), dist_reduce_fx="sum")
        self.add_state("pictures", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, predictions: Tensor, targets: Tensor, weights: Tensor | None = None) -> None:
        """Add a batch: predictions and targets (B, C, H, W), weights (B, 1, H, W) or None."""
        for index, (prediction, target) in enumerate(zip(predictions, targets, strict=True)):
            weight = None if weights is None else weights[index]
            if weight is None or weight.any():
                self.total += self.score(prediction, target, weight)
                self.pictures += 1

    def compute(self) -> Tensor:
        """The mean over all pictures of all ranks."""
        return self.total / self.pictures
