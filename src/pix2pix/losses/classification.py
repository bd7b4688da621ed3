"""Per-pixel classification: cross-entropy against hard or soft classes, and weights that make rare classes count."""

from __future__ import annotations

import torch
from torch import Tensor

from pix2pix.losses.reconstruction import mean_over_pictures

SMOOTHING = 5.0  # standard deviation in units of a and b, as in Zhang et al. 2016


def cross_entropy(
    logits: Tensor,
    classes: Tensor,
    shares: Tensor | None = None,
    importance: Tensor | None = None,
    weight: Tensor | None = None,
) -> Tensor:
    """Mean over pixels of -v Σ_n z_n log p_n, a float32 scalar.

    Args:
        logits: (B, K, H, W); p is their softmax over the classes.
        classes: (B, N, H, W), int64: the N classes that a pixel may be of, 0 to K - 1.
        shares: (B, N, H, W), z: how much it is of each; they sum to 1. None: all of the one class that there is.
        importance: (B, 1, H, W), v: how much the pixel counts because of its class. None: 1.
        weight: (B, 1, H, W), 0 where a pixel does not count; then each picture's weighted mean is taken, and the mean
            over pictures. A picture without a pixel that counts contributes 0.
    """
    # log_softmax first: its backward pass is a third faster than that of logits - logsumexp.
    likelihood = logits.float().log_softmax(dim=1).gather(1, classes)  # (B, N, H, W), log p
    loss = -(likelihood if shares is None else (likelihood * shares).sum(dim=1, keepdim=True))  # (B, 1, H, W)
    if importance is not None:
        loss = loss * importance
    return loss.mean() if weight is None else mean_over_pictures(loss, weight)


def rebalancing_weights(counts: Tensor, centres: Tensor, uniform: float) -> Tensor:
    """How much a pixel of each class counts, (K,): w ∝ 1 / ((1 - λ) p̃ + λ / K), and Σ p̃ w = 1, so its mean is 1.

    p̃ is the share of each class, smoothed over neighbouring colours by a Gaussian that keeps its sum (Zhang et al.
    2016, equation 4).

    Args:
        counts: (K,), pixels of each class, not all 0.
        centres: (K, 2), the colour of each class.
        uniform: λ in (0, 1], the share of the uniform distribution; with 1 all classes count alike.
    """
    apart = torch.cdist(centres.double(), centres.double())
    kernel = torch.exp(-apart.square() / (2 * SMOOTHING**2))
    share = (kernel / kernel.sum(dim=0)) @ (counts.double() / counts.sum())
    weights = 1 / ((1 - uniform) * share + uniform / len(share))
    return (weights / (share * weights).sum()).float()
