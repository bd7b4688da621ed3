"""The U-Net's rival in the paper: the same encoder and decoder without skips, so all passes through the bottleneck."""

from __future__ import annotations

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


class EncoderDecoder(Generator):
    """Encoder-decoder of `depth` down- and `depth` up-convolutions (Isola et al. 2017, appendix 6.1).

    With depth 8 and base_channels 64 the encoder is C64-C128-C256-C512-C512-C512-C512-C512 and the widths that leave
    the up-convolutions are CD512-CD512-CD512-C512-C256-C128-C64, then the target's channels. The arguments are those
    of `UNet`.
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

        self.encoder = nn.Sequential(Down(source_channels, widths[0], "none", bias, activate=depth > 1))
        for level in range(1, depth):
            inner = level < depth - 1
            self.encoder.append(Down(widths[level - 1], widths[level], norm if inner else "none", bias, activate=inner))

        self.decoder = nn.Sequential()
        for block, level in enumerate(range(depth - 1, 0, -1)):
            noise = dropout if block < 3 else 0.0
            self.decoder.append(Up(widths[level], widths[level - 1], norm, bias, noise, upsampling))

        self.output = Output(nn.ReLU(), up_convolution(upsampling, widths[0], target_channels, 4, bias=True))
        initialise(self)

    def forward(self, source: Tensor) -> Tensor:
        """Translate a source (B, C, H, W) in [-1, 1] into a target (B, C', H, W) in [-1, 1], float32."""
        self.check_size(source)
        x = self.encoder(source)  # (B, widths[-1], H / 2^depth, W / 2^depth)
        x = self.decoder(x)  # (B, widths[0], H / 2, W / 2)
        target: Tensor = self.output(x)  # (B, C', H, W)
        return target
