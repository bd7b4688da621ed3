"""The U-Net against the paper's description written out, and its figures."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.models.unet import UNet


def convolutions(network: nn.Module) -> list[nn.Conv2d | nn.ConvTranspose2d]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)]


def test_the_papers_widths_and_parameters() -> None:
    with torch.device("meta"):
        generator = UNet(3, 3)
    down, up = convolutions(generator)[:8], convolutions(generator)[8:]
    assert [convolution.out_channels for convolution in down] == [64, 128, 256, 512, 512, 512, 512, 512]
    assert [convolution.in_channels for convolution in up] == [512, 1024, 1024, 1024, 1024, 512, 256, 128]
    assert sum(parameter.numel() for parameter in generator.parameters()) == 54_413_955
    assert generator.multiple == 256


def test_dropout_is_in_the_first_three_up_blocks() -> None:
    with torch.device("meta"):
        generator = UNet(3, 3, dropout=0.4)
    has_dropout = [[m.p for m in block.modules() if isinstance(m, nn.Dropout)] for block in generator.up]
    assert has_dropout == [[0.4], [0.4], [0.4], [], [], [], []]


@pytest.mark.parametrize(("depth", "blocks"), [(1, 0), (2, 1), (3, 2), (4, 3), (5, 3)])
def test_shallow_nets_have_dropout_in_the_blocks_before_the_last(depth: int, blocks: int) -> None:
    generator = UNet(3, 3, base_channels=2, depth=depth)
    assert sum(isinstance(module, nn.Dropout) for module in generator.modules()) == blocks
    assert generator(torch.zeros(2, 3, 2**depth, 2 ** (depth + 1))).shape == (2, 3, 2**depth, 2 ** (depth + 1))


def test_no_dropout_leaves_none() -> None:
    assert not any(isinstance(module, nn.Dropout) for module in UNet(3, 3, 2, dropout=0.0).modules())


def written_out(generator: UNet, source: Tensor) -> Tensor:
    """The paper's recursion with activations before the convolutions and raw features on the skips."""
    layers = convolutions(generator)
    norms = [module for module in generator.modules() if isinstance(module, nn.BatchNorm2d)]
    depth = len(layers) // 2

    def normalise(x: Tensor, norm: nn.BatchNorm2d) -> Tensor:
        return F.batch_norm(x, None, None, norm.weight, norm.bias, training=True)

    def level(x: Tensor, index: int) -> Tensor:
        outermost, innermost = index == 0, index == depth - 1
        down, up = layers[index], layers[2 * depth - 1 - index]
        y = F.conv2d(x if outermost else F.leaky_relu(x, 0.2), down.weight, down.bias, stride=2, padding=1)
        if not outermost and not innermost:
            y = normalise(y, norms[index - 1])
        if not innermost:
            y = level(y, index + 1)
        y = F.conv_transpose2d(F.relu(y), up.weight, up.bias, stride=2, padding=1)
        if outermost:
            return torch.tanh(y)
        return torch.cat([x, normalise(y, norms[len(norms) - index])], dim=1)

    return level(source, 0)


@pytest.mark.parametrize("depth", [2, 5])
def test_equals_the_paper_written_out_with_its_gradients(depth: int) -> None:
    torch.manual_seed(0)
    generator = UNet(3, 2, base_channels=4, depth=depth, dropout=0.0)
    source = torch.randn(2, 3, 64, 32)
    weights = torch.randn(2, 2, 64, 32)

    translated = generator(source)
    gradients = torch.autograd.grad((translated * weights).sum(), list(generator.parameters()))
    expected = written_out(generator, source)
    expected_gradients = torch.autograd.grad((expected * weights).sum(), list(generator.parameters()))

    assert torch.allclose(translated, expected, atol=1e-6)
    for gradient, reference in zip(gradients, expected_gradients, strict=True):
        assert torch.allclose(gradient, reference, rtol=1e-4, atol=1e-4)


def test_one_picture_whose_bottleneck_is_one_pixel_trains() -> None:
    generator = UNet(1, 1, base_channels=2, depth=3, norm="batch")
    generator(torch.randn(1, 1, 8, 8)).mean().backward()
    assert generator.down[-1][0].weight.grad.any()  # type: ignore[index]


def test_skips_carry_what_the_bottleneck_loses() -> None:
    torch.manual_seed(0)
    generator = UNet(1, 1, base_channels=4, depth=4, norm="none", dropout=0.0)
    with torch.no_grad():
        generator.down[-1][0].weight.zero_()  # type: ignore[index]
    first, second = torch.randn(2, 1, 1, 16, 16)
    assert not torch.allclose(generator(first), generator(second), atol=1e-9)
