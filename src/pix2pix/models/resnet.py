"""A generator of residual blocks at a quarter of the size: little is lost on the way, at nine times a U-Net's cost."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pix2pix.models.blocks import (
    Generator,
    Norm,
    Output,
    Upsampling,
    convolution_bias,
    initialise,
    norm_layer,
    up_convolution,
)


class ResidualBlock(nn.Module):
    """x + f(x) on (B, C, H, W), f two 3x3 convolutions with reflected borders, dropout between them."""

    def __init__(self, channels: int, norm: Norm, dropout: float) -> None:
        super().__init__()
        bias = convolution_bias(norm)
        self.residual = nn.Sequential(
            nn.Conv2d(channels, channels, kernel_size=3, padding=1, padding_mode="reflect", bias=bias),
            norm_layer(norm, channels),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout) if dropout > 0 else nn.Identity(),
            nn.Conv2d(channels, channels, kernel_size=3, padding=1, padding_mode="reflect", bias=bias),
            norm_layer(norm, channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return torch.add(x, self.residual(x))


def down_layers(source_channels: int, base_channels: int, halvings: int, norm: Norm) -> list[nn.Module]:
    """c7s1-base, then d2base, d4base, …: (B, C, H, W) to (B, 2^halvings · base, H / 2^halvings, W / 2^halvings)."""
    bias = convolution_bias(norm)
    layers: list[nn.Module] = [
        nn.Conv2d(source_channels, base_channels, kernel_size=7, padding=3, padding_mode="reflect", bias=bias),
        norm_layer(norm, base_channels),
        nn.ReLU(inplace=True),
    ]
    for level in range(halvings):
        entering, leaving = base_channels << level, base_channels << (level + 1)
        layers += [
            nn.Conv2d(entering, leaving, kernel_size=3, stride=2, padding=1, bias=bias),
            norm_layer(norm, leaving),
            nn.ReLU(inplace=True),
        ]
    return layers


def up_layers(base_channels: int, doublings: int, norm: Norm, upsampling: Upsampling) -> list[nn.Module]:
    """…, u2base, ubase: (B, 2^doublings · base, h, w) to (B, base, 2^doublings · h, 2^doublings · w)."""
    bias = convolution_bias(norm)
    layers: list[nn.Module] = []
    for level in reversed(range(doublings)):
        entering, leaving = base_channels << (level + 1), base_channels << level
        layers += [
            up_convolution(upsampling, entering, leaving, kernel_size=3, bias=bias),
            norm_layer(norm, leaving),
            nn.ReLU(inplace=True),
        ]
    return layers


def picture_layers(base_channels: int, target_channels: int) -> Output:
    """c7s1-C' and tanh: (B, base, H, W) to a picture (B, C', H, W) in [-1, 1]."""
    return Output(nn.Conv2d(base_channels, target_channels, kernel_size=7, padding=3, padding_mode="reflect"))


class ResNet(Generator):
    """c7s1-64, d128, d256, R256 x blocks, u128, u64, c7s1-C' with base_channels 64 (Johnson et al. 2016).

    Args:
        source_channels: channels of the source.
        target_channels: channels of the target.
        base_channels: width of the first convolution.
        blocks: number of residual blocks; usual are 6 up to 128 x 128 pixels and 9 from 256 x 256.
        norm: batch, instance, group or none.
        dropout: the probability inside each residual block.
        upsampling: transposed convolution, or nearest x2 and a 3x3 convolution.

    Height and width must be divisible by `multiple` = 4, and be 8 at least for the reflected borders.
    """

    multiple = 4

    def __init__(
        self,
        source_channels: int,
        target_channels: int,
        base_channels: int = 64,
        blocks: int = 9,
        norm: Norm = "instance",
        dropout: float = 0.0,
        upsampling: Upsampling = "transposed",
    ) -> None:
        super().__init__()
        self.encoder = nn.Sequential(*down_layers(source_channels, base_channels, 2, norm))
        self.blocks = nn.Sequential(*(ResidualBlock(4 * base_channels, norm, dropout) for _ in range(blocks)))
        self.decoder = nn.Sequential(*up_layers(base_channels, 2, norm, upsampling))
        self.output = picture_layers(base_channels, target_channels)
        initialise(self)

    def forward(self, source: Tensor) -> Tensor:
        """Translate a source (B, C, H, W) in [-1, 1] into a target (B, C', H, W) in [-1, 1], float32."""
        self.check_size(source)
        x = self.encoder(source)  # (B, 4 * base, H / 4, W / 4)
        x = self.blocks(x)  # (B, 4 * base, H / 4, W / 4)
        x = self.decoder(x)  # (B, base, H, W)
        target: Tensor = self.output(x)  # (B, C', H, W)
        return target
