"""The matrix products of small maps against PyTorch's convolutions of the same weights."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.models.small_maps import FEWEST_WEIGHTS, DoublingConvolution, HalvingConvolution

Layer = HalvingConvolution | DoublingConvolution


def convolved(layer: Layer, x: Tensor) -> Tensor:
    if isinstance(layer, HalvingConvolution):
        return F.conv2d(x, layer.weight, layer.bias, stride=2, padding=1)
    return F.conv_transpose2d(x, layer.weight, layer.bias, stride=2, padding=1)


@pytest.mark.parametrize("kind", [HalvingConvolution, DoublingConvolution])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [1, 3])
def test_output_and_gradients_are_those_of_the_convolution(kind: type[Layer], bias: bool, batch: int) -> None:
    torch.manual_seed(0)
    layer = kind(128, 128, bias=bias)
    assert layer.weight.numel() >= FEWEST_WEIGHTS  # else the convolution itself is taken
    x = torch.randn(batch, 128, 4, 2, requires_grad=True)
    inputs = [x, *layer.parameters()]
    found, expected = layer(x), convolved(layer, x)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    towards = torch.randn_like(expected)
    for ours, theirs in zip(
        torch.autograd.grad(found, inputs, towards), torch.autograd.grad(expected, inputs, towards), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-3)
