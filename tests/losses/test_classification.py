"""Cross-entropy against PyTorch's own with soft labels written out; the weights of rare colours by their formula."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.losses.classification import cross_entropy, rebalancing_weights


def drawn(batch: int = 2, classes: int = 7, side: int = 5, several: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    """Logits, and for each pixel several different classes with shares that sum to 1."""
    torch.manual_seed(0)
    logits = torch.randn(batch, classes, side, side) * 3
    chosen = torch.rand(batch, classes, side, side).argsort(dim=1)[:, :several]
    return logits, chosen, torch.rand(batch, several, side, side).softmax(dim=1)


def written_out(logits: Tensor, classes: Tensor, shares: Tensor) -> Tensor:
    """(B, K, H, W), z."""
    return torch.zeros_like(logits).scatter(1, classes, shares)


def test_soft_classes_are_those_of_pytorch_written_out() -> None:
    logits, classes, shares = drawn()
    expected = F.cross_entropy(logits.double(), written_out(logits, classes, shares).double())
    assert cross_entropy(logits, classes, shares).item() == pytest.approx(expected.item(), rel=1e-6)


def test_hard_classes_are_those_of_pytorch() -> None:
    logits, classes, _ = drawn()
    expected = F.cross_entropy(logits, classes[:, 0])
    assert cross_entropy(logits, classes[:, :1]).item() == pytest.approx(expected.item(), rel=1e-6)


def test_gradients_are_shares_taken_from_probabilities() -> None:
    """d/dx of -Σ z log softmax(x) is softmax(x) - z."""
    logits, classes, shares = drawn()
    logits.requires_grad_()
    torch.autograd.backward(cross_entropy(logits, classes, shares))
    pixels = logits.numel() / logits.shape[1]
    expected = (logits.softmax(dim=1) - written_out(logits, classes, shares)) / pixels
    assert logits.grad is not None
    assert torch.allclose(logits.grad, expected, atol=1e-7)


def test_importance_multiplies_a_pixels_loss() -> None:
    logits, classes, shares = drawn()
    importance = torch.rand(2, 1, 5, 5) * 3
    each = F.cross_entropy(logits, written_out(logits, classes, shares), reduction="none")  # (B, H, W)
    found = cross_entropy(logits, classes, shares, importance)
    assert found.item() == pytest.approx((each * importance[:, 0]).mean().item(), rel=1e-6)


def test_pixels_of_no_weight_cost_nothing_and_each_picture_counts_once() -> None:
    logits, classes, shares = drawn()
    importance = torch.rand(2, 1, 5, 5)
    weight = torch.zeros(2, 1, 5, 5)
    weight[0, :, :2], weight[1, :, :, 1:] = 1, 1
    disturbed = torch.where(weight > 0, logits, 1e3 * torch.randn_like(logits))
    each = F.cross_entropy(logits, written_out(logits, classes, shares), reduction="none") * importance[:, 0]
    expected = (each[0, :2].mean() + each[1, :, 1:].mean()) / 2
    found = cross_entropy(disturbed, classes, shares, importance, weight)
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    logits.requires_grad_()
    nothing = cross_entropy(logits, classes, shares, importance, torch.zeros_like(weight))
    (gradient,) = torch.autograd.grad(nothing, logits)
    assert nothing.item() == 0
    assert not gradient.any()


def test_half_precision_logits_give_a_loss_in_float32() -> None:
    logits, classes, shares = drawn()
    loss = cross_entropy(logits.bfloat16(), classes, shares)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(cross_entropy(logits.bfloat16().float(), classes, shares).item(), rel=1e-6)


# --- rare colours ---------------------------------------------------------------------------------------------------

CENTRES = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [90.0, 90.0]])
COUNTS = torch.tensor([700, 200, 0, 100])


def smoothed(counts: Tensor, centres: Tensor) -> list[float]:
    """p̃, class by class."""
    shares = [count / counts.sum().item() for count in counts.tolist()]
    kernel = [[math.exp(-(math.dist(one, other) ** 2) / 50) for other in centres.tolist()] for one in centres.tolist()]
    spread = [sum(row[source] for row in kernel) for source in range(len(shares))]
    return [sum(shares[j] * kernel[i][j] / spread[j] for j in range(len(shares))) for i in range(len(shares))]


@pytest.mark.parametrize("uniform", [0.1, 0.5, 0.9])
def test_weights_by_the_formula(uniform: float) -> None:
    share = smoothed(COUNTS, CENTRES)
    inverse = [1 / ((1 - uniform) * p + uniform / 4) for p in share]
    mean = sum(p * w for p, w in zip(share, inverse, strict=True))
    found = rebalancing_weights(COUNTS, CENTRES, uniform)
    assert found.dtype == torch.float32
    assert found.tolist() == pytest.approx([w / mean for w in inverse], rel=1e-6)
    assert sum(p * w for p, w in zip(share, found.tolist(), strict=True)) == pytest.approx(1, rel=1e-6)


def test_rare_colours_count_more_and_all_alike_where_all_is_uniform() -> None:
    weights = rebalancing_weights(COUNTS, CENTRES, 0.5).tolist()
    assert weights[0] < weights[1] < weights[3]
    assert weights[0] < weights[2]
    assert rebalancing_weights(COUNTS, CENTRES, 1.0).tolist() == pytest.approx([1] * 4)


def test_with_half_the_uniform_distribution_no_weight_is_beyond_its_bounds() -> None:
    """(1 - λ) p̃ + λ / K lies between λ / K and 1 - λ + λ / K, so weights differ by at most 1 + K (1 - λ) / λ."""
    weights = rebalancing_weights(torch.tensor([10**9, 1, 0, 0]), CENTRES, 0.5)
    assert (weights.max() / weights.min()).item() < 1 + 4
