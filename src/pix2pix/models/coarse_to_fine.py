"""pix2pixHD's generator: a ResNet that works at half the size, and around it a shallow one that adds the detail."""

from __future__ import annotations

from torch import Tensor, nn

from pix2pix.models.blocks import Generator, Norm, Upsampling, half_size, initialise
from pix2pix.models.resnet import ResidualBlock, down_layers, picture_layers, up_layers


class CoarseToFine(Generator):
    """Global generator and local enhancer of Wang et al. 2018 (section 3.1), trained together from the start.

    With base_channels 64 and halvings 4 the global generator is c7s1-64, d128, d256, d512, d1024, R1024 x blocks, u512,
    u256, u128, u64, on the source at half its size. The enhancer is c7s1-32, d64, at full size; to what leaves it the
    features of the global generator are added; then come R64 x local_blocks, u32, c7s1-C'.

    Args:
        source_channels: channels of the source.
        target_channels: channels of the target.
        base_channels: width of the global generator's first convolution; the enhancer has half of it. Even.
        blocks: residual blocks of the global generator.
        local_blocks: residual blocks of the enhancer.
        halvings: of the picture of half size, before the global generator's blocks.
        norm: batch, instance, group or none.
        dropout: the probability inside each residual block.
        upsampling: transposed convolution, or nearest x2 and a 3x3 convolution.

    Height and width must be divisible by `multiple` = 2^(halvings + 1), and be twice that at least for the reflected
    borders.
    """

    def __init__(
        self,
        source_channels: int,
        target_channels: int,
        base_channels: int = 64,
        blocks: int = 9,
        local_blocks: int = 3,
        halvings: int = 4,
        norm: Norm = "instance",
        dropout: float = 0.0,
        upsampling: Upsampling = "transposed",
    ) -> None:
        super().__init__()
        self.multiple = 2 ** (halvings + 1)
        widest, fine = base_channels << halvings, base_channels // 2
        self.coarse = nn.Sequential(
            *down_layers(source_channels, base_channels, halvings, norm),
            *(ResidualBlock(widest, norm, dropout) for _ in range(blocks)),
            *up_layers(base_channels, halvings, norm, upsampling),
        )
        self.encoder = nn.Sequential(*down_layers(source_channels, fine, 1, norm))
        self.blocks = nn.Sequential(*(ResidualBlock(base_channels, norm, dropout) for _ in range(local_blocks)))
        self.decoder = nn.Sequential(*up_layers(fine, 1, norm, upsampling))
        self.output = picture_layers(fine, target_channels)
        initialise(self)

    def forward(self, source: Tensor) -> Tensor:
        """Translate a source (B, C, H, W) in [-1, 1] into a target (B, C', H, W) in [-1, 1], float32."""
        self.check_size(source)
        x = self.encoder(source) + self.coarse(half_size(source))  # (B, base, H / 2, W / 2)
        x = self.blocks(x)  # (B, base, H / 2, W / 2)
        x = self.decoder(x)  # (B, base / 2, H, W)
        target: Tensor = self.output(x)  # (B, C', H, W)
        return target
