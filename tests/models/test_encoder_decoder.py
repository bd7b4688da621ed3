"""The encoder-decoder: the paper's widths, and nothing passes but through the bottleneck."""

import pytest
import torch
from torch import nn

from pix2pix.models.encoder_decoder import EncoderDecoder


def test_the_papers_widths() -> None:
    with torch.device("meta"):
        generator = EncoderDecoder(3, 3)
    widths = [m.out_channels for m in generator.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    assert widths[:8] == [64, 128, 256, 512, 512, 512, 512, 512]
    assert widths[8:] == [512, 512, 512, 512, 256, 128, 64, 3]
    dropout = [any(isinstance(m, nn.Dropout) for m in block.modules()) for block in generator.decoder]
    assert dropout == [True, True, True, False, False, False, False]
    assert generator.multiple == 256


def test_all_passes_through_the_bottleneck() -> None:
    torch.manual_seed(0)
    generator = EncoderDecoder(1, 1, base_channels=4, depth=4, norm="none", dropout=0.0)
    first, second = torch.randn(2, 1, 1, 16, 16)
    assert not torch.equal(generator(first), generator(second))
    with torch.no_grad():
        generator.encoder[-1][0].weight.zero_()  # type: ignore[index]
    assert torch.equal(generator(first), generator(second))


@pytest.mark.parametrize("depth", [1, 2, 3, 6])
def test_any_depth(depth: int) -> None:
    assert EncoderDecoder(3, 1, 2, depth)(torch.zeros(2, 3, 64, 128)).shape == (2, 1, 64, 128)
