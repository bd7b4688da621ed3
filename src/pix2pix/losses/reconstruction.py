"""Distances between a translation and its target, with or without pixels that do not count."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def l1(prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean of |prediction - target|, a float32 scalar.

    Args:
        prediction: (B, C, H, W) in [-1, 1].
        target: (B, C, H, W) in [-1, 1].
        weight: (B, 1, H, W), 0 where a pixel does not count; then each picture's weighted mean is taken, and the mean
            over pictures. A picture without a pixel that counts contributes 0.
    """
    if weight is None:
        return F.l1_loss(prediction.float(), target.float())
    return _mean_over_pictures((prediction.float() - target.float()).abs(), weight)


def l2(prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean of (prediction - target)^2, a float32 scalar; arguments as for `l1`."""
    if weight is None:
        return F.mse_loss(prediction.float(), target.float())
    return _mean_over_pictures((prediction.float() - target.float()).square(), weight)


def _mean_over_pictures(error: Tensor, weight: Tensor) -> Tensor:
    weighted = (error * weight).sum(dim=(1, 2, 3))  # (B,)
    counted = weight.sum(dim=(1, 2, 3)) * error.shape[1]  # (B,)
    # Where no pixel counts, divide by 1: a tiny number would make the gradient 0 · ∞.
    return (weighted / torch.where(counted > 0, counted, 1)).mean()
