"""The U-Net's convolutions where its maps are smallest: there a processor trains faster with matrix products.

The inner convolutions hold most of the weights and work on a few pixels. The convolution kernels of oneDNN reorder
weights and their gradients into layouts of their own at every pass, which then costs several times the arithmetic; a
matrix product takes both as they lie. The function and the parameters are those of the convolutions.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

MOST_PIXELS = 64  # of the smaller map, over the batch; beyond, the arithmetic outweighs the reordering
FEWEST_WEIGHTS = 2**18  # below, the weights are small enough for the caches, and reordered in no time


class HalvingConvolution(nn.Conv2d):
    """(B, in, 2h, 2w) to (B, out, h, w): convolution 4x4 of stride 2 and padding 1."""

    def __init__(self, in_channels: int, out_channels: int, bias: bool) -> None:
        super().__init__(in_channels, out_channels, kernel_size=4, stride=2, padding=1, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """The convolution of `input`."""
        batch, _, height, width = input.shape
        if not _product_pays(self, batch * height * width // 4):
            return super().forward(input)
        patches = F.unfold(input, kernel_size=4, stride=2, padding=1).transpose(1, 2).contiguous()  # (B, hw, in 16)
        output = F.linear(patches, self.weight.flatten(1), self.bias)  # (B, hw, out)
        return output.transpose(1, 2).reshape(batch, -1, height // 2, width // 2)


class DoublingConvolution(nn.ConvTranspose2d):
    """(B, in, h, w) to (B, out, 2h, 2w): transposed convolution 4x4 of stride 2 and padding 1."""

    def __init__(self, in_channels: int, out_channels: int, bias: bool) -> None:
        super().__init__(in_channels, out_channels, kernel_size=4, stride=2, padding=1, bias=bias)

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """The transposed convolution of `input`."""
        batch, _, height, width = input.shape
        if not _product_pays(self, batch * height * width):
            return super().forward(input, output_size)
        pixels = input.flatten(2).transpose(1, 2).contiguous()  # (B, hw, in)
        patches = (pixels @ self.weight.flatten(1)).transpose(1, 2)  # (B, out 16, hw)
        # Up to four patches overlap at a pixel: added up in float32, also under autocast.
        output = F.fold(patches.float(), (2 * height, 2 * width), kernel_size=4, stride=2, padding=1)
        if self.bias is not None:
            output = output + self.bias[:, None, None]
        return output.to(patches.dtype)


def _product_pays(module: HalvingConvolution | DoublingConvolution, pixels: int) -> bool:
    """In training only: without gradients there is less to reorder, and an exported network keeps its convolutions."""
    weight = module.weight
    return (
        module.training
        and weight.device.type == "cpu"
        and weight.is_contiguous()  # not channels_last
        and pixels <= MOST_PIXELS
        and weight.numel() >= FEWEST_WEIGHTS
    )
