"""Scores of a label map against the true one, from confusion matrices: pixel accuracy, class accuracy and class IoU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pix2pix.metrics.additive import SetMetric


def confusion(predicted: Tensor, true: Tensor, classes: int, weight: Tensor | None = None) -> Tensor:
    """How many pixels of each true class are predicted as each class: (K, K) [true, predicted], float64, on the CPU.

    Not every device has float64 (MPS), and counting makes no difference between runs there.

    Args:
        predicted: (H, W), long, 0 to classes - 1.
        true: (H, W), likewise.
        classes: K.
        weight: (H, W) or (1, H, W), how much each pixel counts; 1 where it is None.
    """
    pairs = (true * classes + predicted).flatten().cpu()
    weights = torch.ones_like(pairs, dtype=torch.float64) if weight is None else weight.flatten().cpu().double()
    return torch.bincount(pairs, weights, minlength=classes * classes).view(classes, classes)


def pixel_accuracy(confusions: Tensor) -> Tensor:
    """Share of the pixels whose class is right: (..., K, K) to (...), 0 to 1. NaN where no pixel counts."""
    return _right(confusions).sum(-1) / confusions.sum((-2, -1))


def class_accuracy(confusions: Tensor) -> Tensor:
    """Share of a class's pixels that are right, its mean over classes: (..., K, K) to (...), 0 to 1.

    Classes without a true pixel do not count. NaN where no pixel counts.
    """
    return (_right(confusions) / confusions.sum(-1)).nanmean(-1)  # n_ii / t_i; 0 / 0 is NaN


def class_iou(confusions: Tensor) -> Tensor:
    """Intersection over union of a class's true and predicted pixels, its mean over classes: (..., K, K) to (...).

    0 to 1. Classes without a true pixel do not count, but what is wrongly taken for them is missing from the class that
    it belongs to. NaN where no pixel counts.
    """
    true, predicted = confusions.sum(-1), confusions.sum(-2)
    union = torch.where(true > 0, true + predicted - _right(confusions), torch.nan)
    return (_right(confusions) / union).nanmean(-1)  # n_ii / (t_i + p_i - n_ii)


def segmentation_scores(confusions: Tensor) -> dict[str, Tensor]:
    """The three scores of (..., K, K) by name, each (...): as Long, Shelhamer, Darrell 2015 define them, section 5."""
    return {
        "pixel_accuracy": pixel_accuracy(confusions),
        "class_accuracy": class_accuracy(confusions),
        "class_iou": class_iou(confusions),
    }


def _right(confusions: Tensor) -> Tensor:
    return confusions.diagonal(dim1=-2, dim2=-1)  # (..., K)


class LabelScores(SetMetric):
    """The three scores of translated labels.

    One channel a class, a pixel is of the class of its largest channel; in colours, of the class of the nearest one.

    Args:
        classes: K; a picture's contribution is its confusion matrix, (K, K).
        colours: (K, 3) in [0, 1] for labels in colours; None for one channel a class.
    """

    colours: Tensor | None

    def __init__(self, classes: int, colours: Tensor | None = None, **arguments: Any) -> None:
        super().__init__((classes, classes), **arguments)
        self.classes = classes
        self.register_buffer("colours", colours, persistent=False)

    def contribution(self, prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """The confusion matrix of (K, H, W) against (K, H, W), or of (3, H, W) against (3, H, W) in [0, 1]."""
        return confusion(self._seen(prediction), self._seen(target), self.classes, weight)

    def values(self, total: Tensor) -> dict[str, Tensor]:
        """Of sums of confusion matrices (..., K, K): pixel_accuracy, class_accuracy, class_iou."""
        return segmentation_scores(total)

    def _seen(self, labels: Tensor) -> Tensor:
        if self.colours is None:
            return labels.argmax(0)
        colours = self.colours.to(labels.device, torch.float32)
        # min |x - c|² is max x·c - |c|² / 2
        nearness = torch.einsum("kc,chw->khw", colours, labels.float()) - (colours.square().sum(1) / 2)[:, None, None]
        return nearness.argmax(0)
