"""The ResNet generator: its size, its residual blocks, its borders."""

import pytest
import torch
from torch import nn

from pix2pix.models.resnet import ResidualBlock, ResNet


@pytest.mark.parametrize(("blocks", "parameters"), [(9, 11_378_179), (6, 7_837_699)])
def test_parameters(blocks: int, parameters: int) -> None:
    with torch.device("meta"):
        generator = ResNet(3, 3, blocks=blocks)
    assert sum(parameter.numel() for parameter in generator.parameters()) == parameters


def test_a_block_whose_convolutions_are_zero_is_the_identity() -> None:
    block = ResidualBlock(4, "none", dropout=0.5)
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    x = torch.randn(2, 4, 5, 6)
    assert torch.equal(block(x), x)


def test_dropout_once_a_block() -> None:
    generator = ResNet(3, 3, base_channels=2, blocks=3, dropout=0.5)
    assert sum(isinstance(module, nn.Dropout) for module in generator.modules()) == 3


def test_reflected_borders_keep_a_mirrored_picture_mirrored() -> None:
    torch.manual_seed(0)
    block = ResidualBlock(2, "none", dropout=0.0)
    for module in block.modules():
        if isinstance(module, nn.Conv2d):
            module.weight.data = (module.weight.data + module.weight.data.flip(-1)) / 2  # a symmetric kernel
    x = torch.randn(1, 2, 8, 8)
    mirrored = torch.cat([x.flip(-1)[..., :-1], x], dim=-1)  # reflection at the left border
    assert torch.allclose(block(mirrored)[..., 7:], block(x), atol=1e-5)
