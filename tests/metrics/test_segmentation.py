"""Segmentation scores against torchmetrics and by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_confusion_matrix,
    multiclass_jaccard_index,
)

from pix2pix.metrics.segmentation import LabelScores, class_accuracy, class_iou, confusion, pixel_accuracy

CLASSES = 5


def maps(seed: int = 0) -> tuple[Tensor, Tensor]:
    """Predicted and true classes (H, W); about two thirds of the pixels agree."""
    random = torch.Generator().manual_seed(seed)
    true = torch.randint(CLASSES, (20, 30), generator=random)
    other = torch.randint(CLASSES, true.shape, generator=random)
    return torch.where(torch.rand(true.shape, generator=random) < 0.6, true, other), true


def test_confusion_is_torchmetrics() -> None:
    predicted, true = maps()
    ours = confusion(predicted, true, CLASSES)
    assert ours.dtype == torch.float64
    assert torch.equal(ours.long(), multiclass_confusion_matrix(predicted, true, CLASSES))


def test_scores_are_torchmetrics() -> None:
    predicted, true = maps()
    counts = confusion(predicted, true, CLASSES)
    assert pixel_accuracy(counts).item() == pytest.approx(
        multiclass_accuracy(predicted, true, CLASSES, average="micro").item(), abs=1e-7
    )
    assert class_accuracy(counts).item() == pytest.approx(
        multiclass_accuracy(predicted, true, CLASSES, average="macro").item(), abs=1e-7
    )
    assert class_iou(counts).item() == pytest.approx(
        multiclass_jaccard_index(predicted, true, CLASSES, average="macro").item(), abs=1e-7
    )


def test_a_class_that_is_never_true_does_not_count_but_costs_the_class_it_is_taken_for() -> None:
    true = torch.tensor([[0, 0, 0, 0], [1, 1, 1, 1]])
    predicted = torch.tensor([[0, 0, 0, 2], [1, 1, 0, 0]])
    counts = confusion(predicted, true, 4)
    assert counts.tolist() == [[3, 0, 1, 0], [2, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert pixel_accuracy(counts).item() == 5 / 8
    assert class_accuracy(counts).item() == (3 / 4 + 2 / 4) / 2
    assert class_iou(counts).item() == (3 / 6 + 2 / 4) / 2  # class 0: 3 right of 4 true and 2 more predicted


def test_pixels_of_no_weight_do_not_count() -> None:
    predicted, true = maps()
    weight = torch.ones(1, *true.shape)
    weight[:, :, 10:] = 0
    assert torch.equal(confusion(predicted, true, CLASSES, weight), confusion(predicted[:, :10], true[:, :10], CLASSES))
    nothing = confusion(predicted, true, CLASSES, torch.zeros_like(weight))
    for score in (pixel_accuracy, class_accuracy, class_iou):
        assert score(nothing).isnan()


def test_many_matrices_at_once() -> None:
    several = torch.stack([confusion(*maps(seed), CLASSES) for seed in range(6)]).view(2, 3, CLASSES, CLASSES)
    for score in (pixel_accuracy, class_accuracy, class_iou):
        assert score(several).shape == (2, 3)
        assert torch.equal(score(several)[1, 2], score(several[1, 2]))


def test_labels_in_colours_are_of_the_nearest_colour() -> None:
    stream = torch.Generator().manual_seed(3)
    colours = torch.rand(CLASSES, 3, generator=stream)
    predicted, true = torch.rand(2, 3, 20, 30, generator=stream)
    classes = [torch.cdist(each.flatten(1).T, colours).argmin(1).view(20, 30) for each in (predicted, true)]
    metric = LabelScores(CLASSES, colours)
    assert torch.equal(metric.contribution(predicted, true), confusion(classes[0], classes[1], CLASSES))


def test_label_scores_are_those_of_all_pictures_together() -> None:
    planes = torch.eye(CLASSES)
    predictions, targets = (
        torch.stack([planes[maps(seed)[side]].permute(2, 0, 1) for seed in range(4)]) for side in (0, 1)
    )  # (4, K, H, W)
    weights = torch.rand(4, 1, 20, 30, generator=torch.Generator().manual_seed(9)).round()
    metric = LabelScores(CLASSES)
    metric.update(predictions[:3] * 0.4 + 0.3, targets[:3], weights[:3])
    metric.update(predictions[3:], targets[3:], weights[3:])
    kept = weights[:, 0] > 0
    together = multiclass_accuracy(predictions.argmax(1)[kept], targets.argmax(1)[kept], CLASSES, average="micro")
    scores = metric.compute()
    assert list(scores) == ["pixel_accuracy", "class_accuracy", "class_iou"]
    assert scores["pixel_accuracy"].item() == pytest.approx(together.item(), abs=1e-7)
