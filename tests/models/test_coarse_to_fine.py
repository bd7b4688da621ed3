"""pix2pixHD's generator: its layers by the paper, its two ways through the picture."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from pix2pix.models.blocks import half_size
from pix2pix.models.coarse_to_fine import CoarseToFine
from pix2pix.models.resnet import ResNet

Layer = tuple[int, int, int]  # kernel size, channels that enter, channels that leave


def residual(channels: int, blocks: int) -> list[Layer]:
    return [(3, channels, channels)] * (2 * blocks)


def test_layers_are_the_papers() -> None:
    """c7s1-64, d128, d256, d512, d1024, R1024 x 9, u512, u256, u128, u64; c7s1-32, d64, R64 x 3, u32, c7s1-3."""
    glob = [(7, 3, 64), (3, 64, 128), (3, 128, 256), (3, 256, 512), (3, 512, 1024), *residual(1024, 9)]
    glob += [(3, 1024, 512), (3, 512, 256), (3, 256, 128), (3, 128, 64)]
    enhancer = [(7, 3, 32), (3, 32, 64), *residual(64, 3), (3, 64, 32), (7, 32, 3)]
    with torch.device("meta"):
        generator = CoarseToFine(3, 3)
    found = [
        (module.kernel_size[0], module.in_channels, module.out_channels)
        for module in generator.modules()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    ]
    assert found == [*glob, *enhancer]
    parameters = sum(parameter.numel() for parameter in generator.parameters())
    assert parameters == sum(kernel**2 * entering * leaving + leaving for kernel, entering, leaving in found)
    print(f"{parameters:,} parameters")


def test_the_coarse_way_is_a_resnet_without_its_last_layers() -> None:
    torch.manual_seed(0)
    generator = CoarseToFine(3, 3, base_channels=4, blocks=2, halvings=2)
    resnet = ResNet(3, 3, base_channels=4, blocks=2)
    weights = {name: value for name, value in resnet.state_dict().items() if not name.startswith("output")}
    generator.coarse.load_state_dict(dict(zip(generator.coarse.state_dict(), weights.values(), strict=True)))
    before: list[Tensor] = []
    resnet.output.register_forward_hook(lambda _, inputs, output: before.append(inputs[0]))
    source = torch.randn(1, 3, 16, 24)
    resnet(source)
    assert torch.equal(generator.coarse(source), before[0])


def stripes(height: int, width: int) -> Tensor:
    """Columns 1, -1, 0, 1, -1, 0, …, which no mean over 3 x 3 pixels shows."""
    return torch.tensor([1.0, -1.0, 0.0]).repeat(width)[:width].expand(1, 3, height, width)


def test_the_coarse_way_sees_half_the_size_and_the_enhancer_the_detail() -> None:
    torch.manual_seed(0)
    generator = CoarseToFine(3, 3, base_channels=8, blocks=1, local_blocks=1, halvings=2, norm="none")
    source = torch.rand(1, 3, 32, 48)
    assert torch.allclose(half_size(stripes(32, 48)), torch.zeros(()), atol=1e-6)
    detailed = generator(source + stripes(32, 48)) - generator(source)
    assert detailed.abs().max() > 1e-6
    for parameter in generator.encoder.parameters():
        nn.init.zeros_(parameter)
    assert torch.allclose(generator(source + stripes(32, 48)), generator(source), atol=1e-6)
    assert not torch.allclose(generator(source + 1), generator(source), atol=1e-6)


def test_both_ways_are_added_before_the_enhancers_blocks() -> None:
    torch.manual_seed(0)
    generator = CoarseToFine(3, 2, base_channels=4, blocks=1, local_blocks=2, halvings=1, dropout=0.0)
    seen: dict[str, Tensor] = {}
    for name in ("coarse", "encoder", "blocks"):
        getattr(generator, name).register_forward_hook(
            lambda _, inputs, output, name=name: seen.update({f"{name} in": inputs[0], f"{name} out": output.clone()})
        )
    source = torch.randn(1, 3, 16, 24)
    assert generator(source).shape == (1, 2, 16, 24)
    assert seen["blocks in"].shape == (1, 4, 8, 12)
    assert torch.equal(seen["blocks in"], seen["encoder out"] + seen["coarse out"])
    assert torch.equal(seen["encoder in"], source)
    assert torch.equal(seen["coarse in"], half_size(source))


@pytest.mark.parametrize("halvings", [1, 2, 4])
def test_multiple_is_one_halving_more_than_the_coarse_ways(halvings: int) -> None:
    generator = CoarseToFine(3, 3, base_channels=2, blocks=1, local_blocks=1, halvings=halvings)
    assert generator.multiple == 2 ** (halvings + 1)
    side = 2 * generator.multiple  # the smallest
    assert generator(torch.zeros(1, 3, side, side)).shape == (1, 3, side, side)
