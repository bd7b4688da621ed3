"""Kernel distance between the features of translations and of targets (KID)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric

from pix2pix.metrics.fid import Features, features_of_both

FEWEST = 2  # pictures of each set, for a pair of different ones


def kernel_distance(first: Tensor, second: Tensor, rows: int = 1024) -> Tensor:
    """Unbiased estimate of the squared maximum mean discrepancy of two sets of features; 0 is best, and may be passed.

    Bińkowski et al. 2018, k(x, y) = (x.y / D + 1)^3. They average over random subsets; over all subsets that average
    is the estimate on the whole sets, which is what this is: nothing is drawn, and no subset can be too large.

    Args:
        first: (N, D).
        second: (M, D).
        rows: how many of a kernel matrix are held at once.

    Raises:
        ValueError: a set has fewer than two samples.
    """
    x, y = first.double(), second.double()
    n, m = len(x), len(y)
    if min(n, m) < FEWEST:
        raise ValueError(f"KID compares pairs of pictures, which takes at least {FEWEST}; found {min(n, m)}")
    within = [_kernel_sum(a, a, rows) - _diagonal_sum(a) for a in (x, y)]
    return within[0] / (n * (n - 1)) + within[1] / (m * (m - 1)) - 2 * _kernel_sum(x, y, rows) / (n * m)


def _kernel_sum(x: Tensor, y: Tensor, rows: int) -> Tensor:
    starts = range(0, len(x), rows)
    return torch.stack([(x[start : start + rows] @ y.T / x.shape[1] + 1).pow(3).sum() for start in starts]).sum()


def _diagonal_sum(x: Tensor) -> Tensor:
    return (x.square().mean(dim=1) + 1).pow(3).sum()


class Kid(Metric):
    """KID of a set's translations against its targets; lower is better, and unlike FID unbiased for small sets.

    Keeps the features of every picture (16 KB for 2048 dimensions), since the kernel's sum over pairs is no sum over
    pictures. Where pixels do not count the target takes the translation's place.

    Args:
        features: (B, C, H, W) in [0, 1] → (B, dimensions), such as `Inception`.
        dimensions: how many features a picture has.
    """

    full_state_update = False
    kept: list[Tensor]

    def __init__(self, features: Features, dimensions: int = 2048, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.features = features
        self.dimensions = dimensions
        self.add_state("kept", [], dist_reduce_fx="cat")  # flat, as a rank without pictures joins in with nothing

    def update(self, predictions: Tensor, targets: Tensor, weights: Tensor | None = None) -> None:
        """Add a batch: predictions and targets (B, C, H, W) in [0, 1], weights (B, 1, H, W) or None."""
        for index, (prediction, target) in enumerate(zip(predictions, targets, strict=True)):
            weight = None if weights is None else weights[index]
            if weight is None or weight.any():
                # Its place is taken before the network's maps take theirs, or each picture leaves a hole in the heap.
                place = torch.empty(2 * self.dimensions, device=prediction.device)
                both = features_of_both(self.features, prediction, target, weight)
                self.kept.append(place.copy_(both.flatten()))

    def compute(self) -> dict[str, Tensor]:
        """`kid` of all pictures of all ranks. Raises ValueError for fewer than two pictures."""
        kept = (
            self.kept if isinstance(self.kept, Tensor) else torch.cat([*self.kept, torch.zeros(0, device=self.device)])
        )
        predictions, targets = kept.reshape(-1, 2, self.dimensions).unbind(dim=1)
        return {"kid": kernel_distance(predictions, targets)}
