"""Inception v3 as FID and KID look at pictures with it: the network of the original TensorFlow graph of 2015.

It differs from torchvision's in its pooling, and in how pictures are resized. Scores compare with published ones only
with all of it as it was. Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, max_pool2d

from pix2pix.metrics.weights import WeightsFile

INCEPTION_WEIGHTS = WeightsFile(
    network="Inception v3 for FID and KID",
    url="https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
    megabytes=91,
)
SIDE = 299  # pixels that the network looks at
DIMENSIONS = 2048

Kernel = tuple[int, int]


class Layer(NamedTuple):
    """A convolution of a branch: its name in the state dict, and its output channels."""

    name: str
    channels: int
    kernel: Kernel = (1, 1)
    stride: int = 1  # 2: without padding, else the map keeps its size


Step = Sequence[Layer]  # layers side by side on the same map, joined by channel
Branch = Sequence[Step]  # steps one after the other


@lru_cache(maxsize=1)
def load_inception(place: Path | None = None) -> Inception:
    """Inception v3 with its published weights. Raises MissingWeights where they are not there.

    Args:
        place: the file of weights or the folder that it lies in; None for torch.hub's cache.
    """
    return Inception(torch.load(INCEPTION_WEIGHTS.find(place), map_location="cpu", weights_only=True))


class Inception(nn.Module):
    """(B, 3 or 1, H, W) in [0, 1] → features (B, 2048), the mean of the last map.

    Pictures are rounded to 8 bits, and grey is repeated. Always in evaluation mode.

    Args:
        weights: the state dict, of which the classifier's part is not used; None for random weights.
    """

    def __init__(self, weights: Mapping[str, Tensor] | None = None) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = Convolution(3, Layer("", 32, (3, 3), 2))
        self.Conv2d_2a_3x3 = Convolution(32, Layer("", 32, (3, 3)), padded=False)
        self.Conv2d_2b_3x3 = Convolution(32, Layer("", 64, (3, 3)))
        self.Conv2d_3b_1x1 = Convolution(64, Layer("", 80))
        self.Conv2d_4a_3x3 = Convolution(80, Layer("", 192, (3, 3)), padded=False)
        self.Mixed_5b = Mixed(192, fives(), Layer("branch_pool", 32))  # 35 x 35
        self.Mixed_5c = Mixed(256, fives(), Layer("branch_pool", 64))
        self.Mixed_5d = Mixed(288, fives(), Layer("branch_pool", 64))
        self.Mixed_6a = Mixed(288, halving_to_seventeen())  # 17 x 17
        self.Mixed_6b = Mixed(768, sevens(128), Layer("branch_pool", 192))
        self.Mixed_6c = Mixed(768, sevens(160), Layer("branch_pool", 192))
        self.Mixed_6d = Mixed(768, sevens(160), Layer("branch_pool", 192))
        self.Mixed_6e = Mixed(768, sevens(192), Layer("branch_pool", 192))
        self.Mixed_7a = Mixed(768, halving_to_eight())  # 8 x 8
        self.Mixed_7b = Mixed(1280, forks(), Layer("branch_pool", 192))
        self.Mixed_7c = Mixed(2048, forks(), Layer("branch_pool", 192), largest=True)
        if weights is not None:
            self.load_state_dict({name: value for name, value in weights.items() if not name.startswith("fc.")})
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> Inception:
        """Stay in evaluation mode."""
        return super().train(False)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3 or 1, H, W) in [0, 1] → (B, 2048)."""
        levels = (pictures.float() * 255).round().clamp(0, 255).expand(-1, 3, -1, -1)
        maps = (resized(levels) - 128) / 128  # (B, 3, 299, 299)
        maps = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(maps)))
        maps = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(max_pool2d(maps, 3, 2)))
        maps = max_pool2d(maps, 3, 2)  # (B, 192, 35, 35)
        for name, block in self.named_children():
            if name.startswith("Mixed"):
                maps = block(maps)
        features: Tensor = maps.mean(dim=(2, 3))
        return features


def fives() -> list[Branch]:
    """Branches up to 5 x 5."""
    return [
        [[Layer("branch1x1", 64)]],
        [[Layer("branch5x5_1", 48)], [Layer("branch5x5_2", 64, (5, 5))]],
        [[Layer("branch3x3dbl_1", 64)], [Layer("branch3x3dbl_2", 96, (3, 3))], [Layer("branch3x3dbl_3", 96, (3, 3))]],
    ]


def halving_to_seventeen() -> list[Branch]:
    """From 35 x 35 to 17 x 17."""
    return [
        [[Layer("branch3x3", 384, (3, 3), 2)]],
        [
            [Layer("branch3x3dbl_1", 64)],
            [Layer("branch3x3dbl_2", 96, (3, 3))],
            [Layer("branch3x3dbl_3", 96, (3, 3), 2)],
        ],
    ]


def sevens(channels: int) -> list[Branch]:
    """Branches up to 7 x 7, a row and a column at a time, that are narrow inside."""
    row, column = (1, 7), (7, 1)
    return [
        [[Layer("branch1x1", 192)]],
        [
            [Layer("branch7x7_1", channels)],
            [Layer("branch7x7_2", channels, row)],
            [Layer("branch7x7_3", 192, column)],
        ],
        [
            [Layer("branch7x7dbl_1", channels)],
            [Layer("branch7x7dbl_2", channels, column)],
            [Layer("branch7x7dbl_3", channels, row)],
            [Layer("branch7x7dbl_4", channels, column)],
            [Layer("branch7x7dbl_5", 192, row)],
        ],
    ]


def halving_to_eight() -> list[Branch]:
    """From 17 x 17 to 8 x 8."""
    return [
        [[Layer("branch3x3_1", 192)], [Layer("branch3x3_2", 320, (3, 3), 2)]],
        [
            [Layer("branch7x7x3_1", 192)],
            [Layer("branch7x7x3_2", 192, (1, 7))],
            [Layer("branch7x7x3_3", 192, (7, 1))],
            [Layer("branch7x7x3_4", 192, (3, 3), 2)],
        ],
    ]


def forks() -> list[Branch]:
    """Branches that end in a row beside a column."""
    row, column = (1, 3), (3, 1)
    return [
        [[Layer("branch1x1", 320)]],
        [[Layer("branch3x3_1", 384)], [Layer("branch3x3_2a", 384, row), Layer("branch3x3_2b", 384, column)]],
        [
            [Layer("branch3x3dbl_1", 448)],
            [Layer("branch3x3dbl_2", 384, (3, 3))],
            [Layer("branch3x3dbl_3a", 384, row), Layer("branch3x3dbl_3b", 384, column)],
        ],
    ]


class Convolution(nn.Module):
    """Convolution, norm, ReLU."""

    def __init__(self, entering: int, layer: Layer, *, padded: bool = True) -> None:
        super().__init__()
        around = (layer.kernel[0] // 2, layer.kernel[1] // 2) if padded and layer.stride == 1 else 0
        self.conv = nn.Conv2d(entering, layer.channels, layer.kernel, layer.stride, around, bias=False)
        self.bn = nn.BatchNorm2d(layer.channels, eps=1e-3)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C', H', W')."""
        convolved: Tensor = self.bn(self.conv(maps))
        return convolved.relu_()


class Mixed(nn.Module):
    """Branches of a map side by side, joined by channel; the last one pools, 3 x 3.

    Args:
        pooled: the convolution after the pooling; without one the block halves the map, and the pooling takes maxima.
        largest: pool by maxima all the same, as the last block does.
    """

    def __init__(
        self, entering: int, branches: Sequence[Branch], pooled: Layer | None = None, *, largest: bool = False
    ) -> None:
        super().__init__()
        self.branches = branches
        self.pooled = pooled
        self.largest = largest
        for branch in branches:
            channels = entering
            for step in branch:
                for layer in step:
                    self.add_module(layer.name, Convolution(channels, layer))
                channels = sum(layer.channels for layer in step)
        if pooled is not None:
            self.add_module(pooled.name, Convolution(entering, pooled))

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C', H', W')."""
        return torch.cat([*(self._branch(branch, maps) for branch in self.branches), self._pooled(maps)], dim=1)

    def _branch(self, branch: Branch, maps: Tensor) -> Tensor:
        for step in branch:
            maps = torch.cat([self.get_submodule(layer.name)(maps) for layer in step], dim=1)
        return maps

    def _pooled(self, maps: Tensor) -> Tensor:
        if self.pooled is None:
            return max_pool2d(maps, 3, 2)
        # TensorFlow's means at the border are over the pixels that there are.
        around = max_pool2d(maps, 3, 1, 1) if self.largest else avg_pool2d(maps, 3, 1, 1, count_include_pad=False)
        convolved: Tensor = self.get_submodule(self.pooled.name)(around)
        return convolved


def resized(pictures: Tensor) -> Tensor:
    """(B, C, H, W) to (B, C, 299, 299), bilinear as TensorFlow 1 had it: the corner pixel stays in its corner.

    Larger pictures are not smoothed first.
    """
    (top, bottom, down), (left, right, across) = (_between(side, pictures) for side in pictures.shape[2:])
    upper, lower = (pictures[:, :, row] for row in (top, bottom))
    upper, lower = (row[..., left] + (row[..., right] - row[..., left]) * across for row in (upper, lower))
    return upper + (lower - upper) * down[:, None]


def _between(side: int, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For each of 299 places the pixel before, the one after, and the share of the way from one to the other."""
    place = torch.arange(SIDE, device=pictures.device) * torch.tensor(side / SIDE, device=pictures.device)
    before = place.long()
    return before, (before + 1).clamp(max=side - 1), place - before
