"""KID against its formula written out and torchmetrics."""

import pytest
import torch
from tests.metrics.pooled import Pooled
from torch import Tensor
from torchmetrics.image.kid import KernelInceptionDistance

from pix2pix.metrics.kid import Kid, kernel_distance


def kernel(x: Tensor, y: Tensor) -> float:
    return float((x.double() @ y.double() / len(x) + 1) ** 3)


def test_is_the_formula_over_all_pairs() -> None:
    random = torch.Generator().manual_seed(0)
    x, y = torch.rand(7, 5, generator=random), torch.rand(6, 5, generator=random) + 0.3
    within_x = sum(kernel(a, b) for i, a in enumerate(x) for j, b in enumerate(x) if i != j) / (7 * 6)
    within_y = sum(kernel(a, b) for i, a in enumerate(y) for j, b in enumerate(y) if i != j) / (6 * 5)
    between = sum(kernel(a, b) for a in x for b in y) / (7 * 6)
    assert kernel_distance(x, y).item() == pytest.approx(within_x + within_y - 2 * between, rel=1e-12)
    assert kernel_distance(x, y, rows=2).item() == pytest.approx(kernel_distance(x, y).item(), rel=1e-12)


def test_is_unbiased() -> None:
    random = torch.Generator().manual_seed(0)
    values = torch.stack([kernel_distance(*torch.rand(2, 4, 5, generator=random)) for _ in range(2000)])
    assert abs(values.mean()) < 4 * values.std() / 2000**0.5
    assert (values < 0).any()


def pictures() -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    predictions, targets = torch.rand(2, 20, 3, 8, 8, generator=random)
    return predictions.square(), targets


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save")
def test_metric_is_torchmetrics_on_the_whole_set_and_over_subsets() -> None:
    predictions, targets = pictures()
    ours = Kid(Pooled(), 12)
    ours.update(predictions[:15], targets[:15])
    ours.update(predictions[15:], targets[15:])
    found = ours.compute()["kid"].item()
    torch.manual_seed(0)
    for subsets, size, tolerance in ((1, 20, 1e-5), (2000, 10, 2e-2)):
        theirs = KernelInceptionDistance(Pooled(), subsets=subsets, subset_size=size, normalize=True)
        theirs.update(predictions, real=False)
        theirs.update(targets, real=True)
        assert found == pytest.approx(theirs.compute()[0].item(), rel=tolerance)


def test_pixels_and_pictures_that_do_not_count() -> None:
    predictions, targets = pictures()
    weights = torch.ones(20, 1, 8, 8)
    weights[:, :, :5], weights[19] = 0, 0
    filled = torch.where(weights > 0, predictions, targets)
    ours, expected = Kid(Pooled(), 12), Kid(Pooled(), 12)
    ours.update(predictions, targets, weights)
    expected.update(filled[:19], targets[:19])
    assert ours.compute() == expected.compute()


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_pictures(count: int) -> None:
    ours = Kid(Pooled(), 12)
    ours.update(torch.rand(count, 3, 8, 8), torch.rand(count, 3, 8, 8))
    with pytest.raises(ValueError, match=f"at least 2; found {count}"):
        ours.compute()
