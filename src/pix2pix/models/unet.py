"""The paper's generator: an encoder-decoder whose every decoder level also sees the encoder's features of its size."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pix2pix.models.blocks import (
    Down,
    Generator,
    Norm,
    Output,
    Up,
    Upsampling,
    convolution_bias,
    initialise,
    level_widths,
    up_convolution,
)


class UNet(Generator):
    """U-Net of `depth` down- and `depth` up-convolutions (Isola et al. 2017, appendix 6.1).

    With depth 8 and base_channels 64 the encoder is C64-C128-C256-C512-C512-C512-C512-C512 and the widths that enter
    the up-convolutions are CD512-CD1024-CD1024-C1024-C1024-C512-C256-C128. The first convolution has no norm, and none
    follows the bottleneck, where a batch of one has a single value a channel. Skips carry activated features: the
    paper's ReLU(LeakyReLU(x)) = ReLU(x), so joining before or after LeakyReLU is the same function.

    Args:
        source_channels: channels of the source.
        target_channels: channels of the target.
        base_channels: width of the first convolution.
        depth: number of halvings; height and width must be divisible by `multiple` = 2^depth.
        norm: batch, instance, group or none.
        dropout: the probability in the first three up-blocks, the paper's only noise; the last block never has any.
        upsampling: transposed convolution, or nearest x2 and a 3x3 convolution.
    """

    def __init__(
        self,
        source_channels: int,
        target_channels: int,
        base_channels: int = 64,
        depth: int = 8,
        norm: Norm = "batch",
        dropout: float = 0.5,
        upsampling: Upsampling = "transposed",
    ) -> None:
        super().__init__()
        self.multiple = 2**depth
        widths = level_widths(base_channels, depth)
        bias = convolution_bias(norm)
        bottleneck = depth - 1

        self.down = nn.ModuleList()
        for level, (entering, leaving) in enumerate(zip([source_channels, *widths], widths, strict=False)):
            level_norm = "none" if level in (0, bottleneck) else norm
            self.down.append(Down(entering, leaving, level_norm, bias, activate=level != bottleneck))

        self.up = nn.ModuleList()
        for level in range(bottleneck, 0, -1):
            entering = widths[level] if level == bottleneck else 2 * widths[level]
            noise = dropout if bottleneck - level < 3 else 0.0
            self.up.append(Up(entering, widths[level - 1], norm, bias, noise, upsampling))

        entering = widths[0] if depth == 1 else 2 * widths[0]
        self.output = Output(nn.ReLU(inplace=True), up_convolution(upsampling, entering, target_channels, 4, bias=True))
        initialise(self)

    def forward(self, source: Tensor) -> Tensor:
        """Translate a source (B, C, H, W) in [-1, 1] into a target (B, C', H, W) in [-1, 1], float32."""
        self.check_size(source)
        features = []
        x = source  # (B, C, H, W)
        for down in self.down:
            x = down(x)  # (B, widths[i], H / 2^(i+1), W / 2^(i+1))
            features.append(x)
        features.pop()  # x itself: (B, widths[-1], H / 2^depth, W / 2^depth)
        for up in self.up:
            x = torch.cat([features.pop(), up(x)], dim=1)  # (B, 2 * widths[i], H / 2^(i+1), W / 2^(i+1))
        target: Tensor = self.output(x)  # (B, C', H, W)
        return target
