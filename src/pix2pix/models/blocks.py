"""What several networks share: the base of the generators, norms, up-sampling, the U-Net's blocks, initialisation."""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.models.small_maps import DoublingConvolution, HalvingConvolution

Norm = Literal["batch", "instance", "group", "none"]
Upsampling = Literal["transposed", "resize"]


class Generator(nn.Module):
    """A network that translates a source (B, C, H, W) into a target (B, C', H, W), both in [-1, 1].

    Height and width must be divisible by `multiple`; whoever has other pictures pads them (`models.test_time`).
    """

    multiple: int

    def check_size(self, source: Tensor) -> None:
        """Raises ValueError where height or width is not divisible by `multiple`."""
        height, width = source.shape[-2:]
        if height % self.multiple or width % self.multiple:
            raise ValueError(
                f"{type(self).__name__} needs height and width divisible by {self.multiple}, got {height} x {width}: "
                f"pad the pictures, or choose a generator that halves them fewer times"
            )


class Down(nn.Sequential):
    """(B, in, H, W) to (B, out, H/2, W/2): convolution 4x4 of stride 2, norm, LeakyReLU 0.2."""

    def __init__(self, in_channels: int, out_channels: int, norm: Norm, bias: bool, activate: bool = True) -> None:
        super().__init__(HalvingConvolution(in_channels, out_channels, bias))
        if norm != "none":
            self.append(norm_layer(norm, out_channels))
        if activate:
            self.append(nn.LeakyReLU(0.2, inplace=True))


class Up(nn.Sequential):
    """(B, in, H, W) to (B, out, 2H, 2W): ReLU, up-convolution, norm, dropout."""

    def __init__(
        self, in_channels: int, out_channels: int, norm: Norm, bias: bool, dropout: float, upsampling: Upsampling
    ) -> None:
        super().__init__(nn.ReLU(inplace=True), up_convolution(upsampling, in_channels, out_channels, 4, bias))
        if norm != "none":
            self.append(norm_layer(norm, out_channels))
        if dropout > 0:
            self.append(nn.Dropout(dropout))


class Output(nn.Module):
    """The last layers and tanh, in float32 under autocast too: bfloat16 numbers near 1 lie 2^-8 apart.

    bounded: whether tanh is applied; without it the output can be logits.
    """

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.bounded = True

    def forward(self, x: Tensor) -> Tensor:
        """Map features (B, C, H, W) to a picture (B, C', H', W') in [-1, 1]."""
        with torch.autocast(x.device.type, enabled=False):
            values: Tensor = self.layers(x.float())
            return torch.tanh(values) if self.bounded else values


def level_widths(base_channels: int, depth: int) -> list[int]:
    """Channels behind each down-convolution: they double, up to eight times the first."""
    return [base_channels * min(2**level, 8) for level in range(depth)]


def norm_layer(kind: Norm, channels: int) -> nn.Module:
    """The norm behind a convolution of `channels` outputs. Instance norm cannot be applied to 1x1 maps: it raises.

    Group norm takes 32 groups, or the largest power of two below that divides `channels`.
    """
    match kind:
        case "batch":
            return nn.BatchNorm2d(channels)
        case "instance":
            return nn.InstanceNorm2d(channels)
        case "group":
            return nn.GroupNorm(math.gcd(32, channels), channels)
        case "none":
            return nn.Identity()
    raise ValueError(f"norm={kind!r} is unknown: choose batch, instance, group or none")


def convolution_bias(norm: Norm) -> bool:
    """Whether a network of this norm gives its convolutions a bias; batch and group norm have a shift of their own."""
    return norm in ("instance", "none")


def up_convolution(kind: Upsampling, in_channels: int, out_channels: int, kernel_size: int, bias: bool) -> nn.Module:
    """(B, in, H, W) to (B, out, 2H, 2W): a transposed convolution of `kernel_size` 3 or 4, or nearest x2 and 3x3.

    The latter leaves no checkerboard (Odena et al. 2016, "Deconvolution and checkerboard artifacts").
    """
    match kind:
        case "transposed" if kernel_size == 4:
            return DoublingConvolution(in_channels, out_channels, bias)
        case "transposed":
            return nn.ConvTranspose2d(
                in_channels, out_channels, kernel_size, stride=2, padding=1, output_padding=kernel_size % 2, bias=bias
            )
        case "resize":
            return nn.Sequential(
                nn.Upsample(scale_factor=2, mode="nearest"),
                nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=bias),
            )
    raise ValueError(f"upsampling={kind!r} is unknown: choose transposed or resize")


def half_size(pictures: Tensor) -> Tensor:
    """(B, C, H, W) to half of both sides, rounded up: means of 3x3 pixels, of those that lie within the picture."""
    return F.avg_pool2d(pictures, kernel_size=3, stride=2, padding=1, count_include_pad=False)


def initialise(network: nn.Module, std: float = 0.02) -> None:
    """Draw convolution weights from N(0, std), norm weights from N(1, std); biases become 0 (the paper's scheme)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, std)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm | nn.GroupNorm):
            nn.init.normal_(module.weight, 1.0, std)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)
