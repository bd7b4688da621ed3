"""L1 and L2 against torch's own and a closed form with pixels that do not count."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.losses.reconstruction import l1, l2

BOTH = pytest.mark.parametrize(("loss", "oracle"), [(l1, F.l1_loss), (l2, F.mse_loss)], ids=["l1", "l2"])
Loss = Callable[..., Tensor]


@BOTH
def test_without_weights_is_torchs_own_exactly(loss: Loss, oracle: Loss) -> None:
    prediction, target = torch.randn(2, 3, 4, 5, 6)
    assert torch.equal(loss(prediction, target), oracle(prediction, target))


@BOTH
def test_weights_of_one_change_nothing(loss: Loss, oracle: Loss) -> None:
    prediction, target = torch.randn(2, 3, 4, 5, 6)
    assert torch.allclose(loss(prediction, target, torch.ones(3, 1, 5, 6)), oracle(prediction, target))


@BOTH
def test_each_picture_counts_alike_however_many_pixels_it_has(loss: Loss, oracle: Loss) -> None:
    prediction, target = torch.randn(2, 2, 3, 4, 4)
    weight = torch.zeros(2, 1, 4, 4)
    weight[0, :, :, :3] = 1
    weight[1, :, 0, 0] = 1
    first = oracle(prediction[0, :, :, :3], target[0, :, :, :3])
    second = oracle(prediction[1, :, 0, 0], target[1, :, 0, 0])
    assert torch.allclose(loss(prediction, target, weight), (first + second) / 2)


@BOTH
def test_fractional_weights_are_relative(loss: Loss, oracle: Loss) -> None:
    prediction, target = torch.randn(2, 1, 1, 1, 2)
    weight = torch.tensor([[[[0.75, 0.25]]]])
    parts = [oracle(prediction[..., i], target[..., i]) for i in range(2)]
    assert torch.allclose(loss(prediction, target, weight), 0.75 * parts[0] + 0.25 * parts[1])
    assert torch.allclose(loss(prediction, target, weight / 100), loss(prediction, target, weight))


@BOTH
def test_a_picture_without_counted_pixels_adds_nothing(loss: Loss, oracle: Loss) -> None:
    prediction, target = torch.randn(2, 2, 3, 4, 4)
    prediction.requires_grad_()
    weight = torch.ones(2, 1, 4, 4)
    weight[1] = 0
    value = loss(prediction, target, weight)
    assert torch.allclose(value, oracle(prediction[0], target[0]) / 2)
    (gradient,) = torch.autograd.grad(value, prediction)
    assert gradient.isfinite().all()
    assert gradient[0].any()
    assert not gradient[1].any()


@BOTH
def test_float32_whatever_the_input(loss: Loss, oracle: Loss) -> None:
    prediction, target = torch.randn(2, 1, 3, 4, 4).bfloat16()
    assert loss(prediction, target).dtype == torch.float32
    assert loss(prediction, target, torch.ones(1, 1, 4, 4)).dtype == torch.float32


# --- L1 of smaller pictures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [2, 4])
def test_a_smaller_picture_is_the_mean_over_squares(scale: int) -> None:
    prediction, target = torch.randn(2, 3, 2, 8, 12)
    small = [
        each.reshape(3, 2, 8 // scale, scale, 12 // scale, scale).mean(dim=(3, 5)) for each in (prediction, target)
    ]
    assert torch.allclose(l1(prediction, target, scale=scale), F.l1_loss(*small))
    assert torch.allclose(l1(prediction, target, torch.ones(3, 1, 8, 12), scale), F.l1_loss(*small))


def test_of_a_square_the_pixels_that_count_make_the_mean() -> None:
    prediction, target = torch.randn(2, 1, 1, 2, 4)
    weight = torch.tensor([[[[1.0, 0, 1, 1], [1, 0, 1, 1]]]])
    left = (prediction - target)[..., :, 0].mean().abs()
    right = (prediction - target)[..., :, 2:].mean().abs()
    # The left square has half of the right one's weight.
    assert torch.allclose(l1(prediction, target, weight, 2), (left * 0.5 + right) / 1.5)


def test_a_square_without_counted_pixels_adds_nothing_and_has_a_gradient() -> None:
    prediction, target = torch.randn(2, 1, 3, 4, 4)
    prediction.requires_grad_()
    weight = torch.ones(1, 1, 4, 4)
    weight[..., :2] = 0
    value = l1(prediction, target, weight, 2)
    (gradient,) = torch.autograd.grad(value, prediction)
    assert torch.allclose(value, l1(prediction[..., 2:], target[..., 2:], scale=2))
    assert gradient[..., 2:].all()
    assert not gradient[..., :2].any()


def test_squares_are_cut_off_at_the_border() -> None:
    prediction, target = torch.randn(2, 1, 1, 1, 3)
    difference = (prediction - target)[0, 0, 0]
    expected = (difference[:2].mean().abs() + difference[2].abs()) / 2
    assert torch.allclose(l1(prediction, target, scale=2), expected)


def test_what_is_moved_by_a_pixel_costs_less_on_smaller_pictures() -> None:
    smooth = F.interpolate(
        torch.randn(1, 3, 9, 9, generator=torch.Generator().manual_seed(0)), (64, 64), mode="bicubic"
    )
    noisy = smooth + torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    costs = [l1(noisy, noisy.roll(1, dims=-1), scale=scale).item() for scale in (1, 2, 4)]
    assert costs[0] > 1.5 * costs[1] > 1.5**2 * costs[2]
