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
        full, half, quarter = base_channels, 2 * base_channels, 4 * base_channels
        bias = convolution_bias(norm)
        self.encoder = nn.Sequential(
            nn.Conv2d(source_channels, full, kernel_size=7, padding=3, padding_mode="reflect", bias=bias),
            norm_layer(norm, full),
            nn.ReLU(inplace=True),
            nn.Conv2d(full, half, kernel_size=3, stride=2, padding=1, bias=bias),
            norm_layer(norm, half),
            nn.ReLU(inplace=True),
            nn.Conv2d(half, quarter, kernel_size=3, stride=2, padding=1, bias=bias),
            norm_layer(norm, quarter),
            nn.ReLU(inplace=True),
        )
        self.blocks = nn.Sequential(*(ResidualBlock(quarter, norm, dropout) for _ in range(blocks)))
        self.decoder = nn.Sequential(
            up_convolution(upsampling, quarter, half, kernel_size=3, bias=bias),
            norm_layer(norm, half),
            nn.ReLU(inplace=True),
            up_convolution(upsampling, half, full, kernel_size=3, bias=bias),
            norm_layer(norm, full),
            nn.ReLU(inplace=True),
        )
        self.output = Output(nn.Conv2d(full, target_channels, kernel_size=7, padding=3, padding_mode="reflect"))
        initialise(self)

    def forward(self, source: Tensor) -> Tensor:
        """Translate a source (B, C, H, W) in [-1, 1] into a target (B, C', H, W) in [-1, 1], float32."""
        self.check_size(source)
        x = self.encoder(source)  # (B, 4 * base, H / 4, W / 4)
        x = self.blocks(x)  # (B, 4 * base, H / 4, W / 4)
        x = self.decoder(x)  # (B, base, H, W)
        target: Tensor = self.output(x)  # (B, C', H, W)
        return target
