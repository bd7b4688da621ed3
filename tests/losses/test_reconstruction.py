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
