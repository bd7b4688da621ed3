"""Per-pixel regression in its plainest form: each pixel is translated from itself, or from a few pixels around it."""

from __future__ import annotations

from torch import Tensor, nn

from pix2pix.models.blocks import Generator, Output
from pix2pix.models.receptive_field import pixelwise_fields


class Pixelwise(Generator):
    """Convolutions of stride 1 with LeakyReLU 0.2 between them: what can be read from so few pixels, and no more.

    There is no norm, whose statistics would look at the whole picture, so weights are drawn as He et al. 2015 do; and
    no dropout. Borders are reflected.

    Args:
        source_channels: channels of the source.
        target_channels: channels of the target.
        base_channels: width of every layer.
        layers: number of convolutions before the last.
        receptive_field: side in pixels of what a pixel is translated from, odd: 1 for 1x1 convolutions alone; each
            further 2 pixels make one of them, from the first on, a 3x3.

    Raises:
        ValueError: a receptive field that so many layers cannot have.
    """

    multiple = 1

    def __init__(
        self,
        source_channels: int,
        target_channels: int,
        base_channels: int = 64,
        layers: int = 4,
        receptive_field: int = 1,
    ) -> None:
        super().__init__()
        if receptive_field not in pixelwise_fields(layers):
            raise ValueError(
                f"generator.receptive_field={receptive_field} cannot be had of {layers} layers:"
                f" choose one of {', '.join(map(str, pixelwise_fields(layers)))}"
            )
        self.layers = nn.Sequential()
        for layer in range(layers):
            width = 1 if layer >= receptive_field // 2 else 3
            entering = base_channels if layer else source_channels
            self.layers.append(
                nn.Conv2d(entering, base_channels, width, padding=width // 2, padding_mode="reflect"),
            )
            self.layers.append(nn.LeakyReLU(0.2, inplace=True))
        self.output = Output(nn.Conv2d(base_channels, target_channels, kernel_size=1))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, a=0.2)
                assert module.bias is not None
                nn.init.zeros_(module.bias)

    def forward(self, source: Tensor) -> Tensor:
        """Translate a source (B, C, H, W) in [-1, 1] into a target (B, C', H, W) in [-1, 1], float32."""
        target: Tensor = self.output(self.layers(source))
        return target
