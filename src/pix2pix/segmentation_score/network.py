"""The judge's network: convolutions at every scale, from coarse to fine, and a logit a class for every pixel."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.models.test_time import pad_to_multiple

WIDEST = 8  # times the channels of the finest scale


class Segmenter(nn.Module):
    """Photos (B, C, H, W) in [-1, 1] to logits (B, K, H, W), of any height and width.

    Halved `depth` times on the way down; on the way up the coarser scale is doubled and added to the finer one, as FCN
    does (Long, Shelhamer, Darrell 2015), here down to single pixels: labels of scenes and facades have thin parts.

    Args:
        channels: C.
        classes: K.
        base_channels: of the finest scale; they double with every halving, up to WIDEST times as many.
        depth: halvings; pictures are padded by reflection to multiples of 2^depth.
    """

    def __init__(self, channels: int, classes: int, base_channels: int, depth: int) -> None:
        super().__init__()
        self.settings = {"base_channels": base_channels, "depth": depth}
        widths = [base_channels * min(2**level, WIDEST) for level in range(depth + 1)]
        self.down = nn.ModuleList()  # finest first
        for entering, width in zip([channels, *widths], widths, strict=False):
            self.down.append(nn.Sequential(_convolution(entering, width), _convolution(width, width)))
        self.up = nn.ModuleList()  # coarsest first
        self.narrow = nn.ModuleList()
        for coarse, fine in zip(widths[:0:-1], widths[-2::-1], strict=True):
            self.narrow.append(nn.Conv2d(coarse, fine, kernel_size=1))
            self.up.append(_convolution(fine, fine))
        self.logits = nn.Conv2d(widths[0], classes, kernel_size=1)

    def forward(self, photos: Tensor) -> Tensor:
        """Logits (B, K, H, W). Raises BadPairError where pictures are too small to be padded."""
        x, crop = pad_to_multiple(photos, 2 ** len(self.up))
        scales = []
        for level, down in enumerate(self.down):
            x = down(x if level == 0 else F.max_pool2d(x, 2))  # (B, widths[i], H / 2^i, W / 2^i)
            scales.append(x)
        scales.pop()  # x itself
        for narrow, up in zip(self.narrow, self.up, strict=True):
            x = up(F.interpolate(narrow(x), scale_factor=2.0, mode="nearest") + scales.pop())
        logits: Tensor = self.logits(x)[crop]
        return logits


def _convolution(entering: int, leaving: int) -> nn.Sequential:
    """(B, in, H, W) to (B, out, H, W): convolution 3x3, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(entering, leaving, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(leaving),
        nn.ReLU(inplace=True),
    )
