"""Distances between a translation and its target, with or without pixels that do not count."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def l1(prediction: Tensor, target: Tensor, weight: Tensor | None = None, scale: int = 1) -> Tensor:
    """Mean of |prediction - target|, a float32 scalar.

    Args:
        prediction: (B, C, H, W) in [-1, 1].
        target: (B, C, H, W) in [-1, 1].
        weight: (B, 1, H, W), 0 where a pixel does not count; then each picture's weighted mean is taken, and the mean
            over pictures. A picture without a pixel that counts contributes 0.
        scale: both pictures are first made that many times smaller, by means over squares of so many pixels a side.
    """
    if scale > 1:
        prediction, target, weight = _smaller(prediction.float(), target.float(), weight, scale)
    if weight is None:
        return F.l1_loss(prediction.float(), target.float())
    return mean_over_pictures((prediction.float() - target.float()).abs(), weight)


def l2(prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean of (prediction - target)^2, a float32 scalar; arguments as for `l1`."""
    if weight is None:
        return F.mse_loss(prediction.float(), target.float())
    return mean_over_pictures((prediction.float() - target.float()).square(), weight)


def _smaller(
    prediction: Tensor, target: Tensor, weight: Tensor | None, scale: int
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Weighted means over squares, and the weight that each square has; at the borders squares may be cut off."""

    def means(values: Tensor) -> Tensor:
        return F.avg_pool2d(values, scale, ceil_mode=True)

    if weight is None:
        return means(prediction), means(target), None
    counted = means(weight)
    divisor = torch.where(counted > 0, counted, 1)
    return means(prediction * weight) / divisor, means(target * weight) / divisor, counted


def mean_over_pictures(error: Tensor, weight: Tensor) -> Tensor:
    """Each picture's mean of (B, C, H, W) over the pixels that count, as (B, 1, H, W) says, and their mean."""
    weighted = (error * weight).sum(dim=(1, 2, 3))  # (B,)
    counted = weight.sum(dim=(1, 2, 3)) * error.shape[1]  # (B,)
    # Where no pixel counts, divide by 1: a tiny number would make the gradient 0 · ∞.
    return (weighted / torch.where(counted > 0, counted, 1)).mean()
