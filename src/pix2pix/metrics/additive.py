"""Scores of a whole set of pictures from a sum to which each picture adds its contribution, whatever the batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric


class SetMetric(Metric, ABC):
    """A score of a set: `values` of the sum of every picture's `contribution`, over all batches and ranks.

    Since the sum is all that is needed, pictures are never kept, and a set can be resampled from its contributions.

    Args:
        shape: of a contribution.
    """

    full_state_update = False
    total: Tensor

    def __init__(self, shape: Sequence[int], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.add_state("total", torch.zeros(*shape, dtype=torch.float64), dist_reduce_fx="sum")

    @abstractmethod
    def contribution(self, prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """What one picture adds: float64 of a fixed shape, 0 where none of its pixels counts.

        Args:
            prediction: (C, H, W) in [0, 1].
            target: (C, H, W) in [0, 1].
            weight: (1, H, W), 0 where a pixel does not count.
        """

    @abstractmethod
    def values(self, total: Tensor) -> dict[str, Tensor]:
        """Name → scalar, of a sum of contributions; NaN where nothing was added that counts."""

    def update(self, predictions: Tensor, targets: Tensor, weights: Tensor | None = None) -> None:
        """Add a batch: predictions and targets (B, C, H, W) in [0, 1], weights (B, 1, H, W) or None."""
        for index, (prediction, target) in enumerate(zip(predictions, targets, strict=True)):
            added = self.contribution(prediction, target, None if weights is None else weights[index])
            self.total += added.to(self.total.device)

    def compute(self) -> dict[str, Tensor]:
        """The scores of all pictures of all ranks."""
        return self.values(self.total)
