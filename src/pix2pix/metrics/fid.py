"""Fréchet distance between the features of translations and of targets (FID)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pix2pix.metrics.additive import SetMetric
from pix2pix.metrics.image import counted

Features = Callable[[Tensor], Tensor]  # (B, C, H, W) in [0, 1] → (B, D)
FEWEST = 2  # pictures that have a covariance


def frechet_distance(first: Tensor, second: Tensor) -> Tensor:
    """Fréchet distance between two normal distributions, each given by the sum of its samples' moments; 0 is best.

    |m - m'|^2 + tr(S + S' - 2 (S S')^(1/2)), with the unbiased covariances S. Heusel et al. 2017.

    Args:
        first: (D + 1, D + 1) as `moments` makes them.
        second: the same of the other set.

    Raises:
        ValueError: a set has fewer than two samples.
    """
    (mean, covariance), (other_mean, other_covariance) = _normal(first), _normal(second)
    # S = A A^T makes tr (S S')^(1/2) the sum of the singular values of A^T A', also where S has no full rank.
    common = torch.linalg.svdvals(_root(covariance).T @ _root(other_covariance)).sum()
    distance: Tensor = (mean - other_mean).square().sum() + covariance.trace() + other_covariance.trace() - 2 * common
    return distance


def moments(features: Tensor) -> Tensor:
    """Samples' (..., N, D) number, sum and sum of outer products: float64 (..., D + 1, D + 1), additive."""
    extended = _extended(features)
    return extended.mT @ extended  # [[n, sum f], [sum f, sum f f^T]]


def _extended(features: Tensor) -> Tensor:
    """(..., N, D) to float64 (..., N, D + 1): 1, f."""
    ones = torch.ones_like(features[..., :1], dtype=torch.float64)
    return torch.cat([ones, features.double()], dim=-1)


def _normal(total: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (D,) and covariance (D, D)."""
    number = total[0, 0]
    if number < FEWEST:
        raise ValueError(f"FID compares covariances, which need at least {FEWEST} pictures; found {int(number)}")
    mean = total[0, 1:] / number
    return mean, (total[1:, 1:] - number * torch.outer(mean, mean)) / (number - 1)


def _root(covariance: Tensor) -> Tensor:
    """A (D, rank) with A A^T the covariance."""
    powers, directions = torch.linalg.eigh(covariance)
    kept = powers > powers[-1] * len(powers) * torch.finfo(powers.dtype).eps  # the rest is rounding
    root: Tensor = directions[:, kept] * powers[kept].sqrt()
    return root


def features_of_both(features: Features, prediction: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
    """Features (2, D) of a translation, with the target in the place of pixels that do not count, and of the target."""
    return features(torch.stack([counted(prediction, target, weight), target]))


class Fid(SetMetric):
    """FID of a set's translations against its targets; lower is better.

    The fewer the pictures, the larger it is for the same generator (below a few thousand by much), so only sets of the
    same size compare. Where pixels do not count the target takes the translation's place.

    Args:
        features: (B, C, H, W) in [0, 1] → (B, dimensions), such as `Inception`.
        dimensions: how many features a picture has.
    """

    def __init__(self, features: Features, dimensions: int = 2048, **arguments: Any) -> None:
        super().__init__((2, dimensions + 1, dimensions + 1), **arguments)
        self.features = features

    def contribution(self, prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Moments (2, dimensions + 1, dimensions + 1) of the translation and of the target: 67 MB for 2048."""
        if weight is not None and not weight.any():
            return torch.zeros_like(self.total)
        return moments(features_of_both(self.features, prediction, target, weight)[:, None])

    def update(self, predictions: Tensor, targets: Tensor, weights: Tensor | None = None) -> None:
        """Add a batch, as `SetMetric.update` does, but without a picture's contribution in memory beside the sum."""
        for index, (prediction, target) in enumerate(zip(predictions, targets, strict=True)):
            weight = None if weights is None else weights[index]
            if weight is None or weight.any():
                extended = _extended(features_of_both(self.features, prediction, target, weight)[:, None])
                self.total.baddbmm_(extended.mT, extended)

    def values(self, total: Tensor) -> dict[str, Tensor]:
        """`fid`. Raises ValueError for fewer than two pictures."""
        return {"fid": frechet_distance(*total)}
