"""Structural similarity over several scales of a picture (MS-SSIM)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from pix2pix.metrics.image import SSIM_WINDOW, counted

EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # of the scales, the finest first; Wang et al. 2003
SHORTEST_SIDE = (SSIM_WINDOW - 1) * 2 ** (len(EXPONENTS) - 1) + 1  # leaves the coarsest scale one window: 161
_SIGMA = 1.5
_C1, _C2 = 0.01**2, 0.03**2


def ms_ssim(prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Multi-scale structural similarity of pictures (C, H, W) in [0, 1], a scalar in [0, 1]; higher is better.

    Wang, Simoncelli, Bovik 2003: contrast and structure at five scales, each half the one before, and the luminance at
    the coarsest. The windows lie within the picture; each channel apart; a negative mean counts as 0.

    Args:
        prediction: (C, H, W) in [0, 1].
        target: (C, H, W) in [0, 1].
        weight: (1, H, W); where it is 0 the target takes the prediction's place.

    Raises:
        ValueError: a side is shorter than 161 pixels.
    """
    height, width = target.shape[-2:]
    if min(height, width) < SHORTEST_SIDE:
        raise ValueError(
            f"MS-SSIM does not apply: its {len(EXPONENTS)} scales need at least {SHORTEST_SIDE} pixels a side, and a "
            f"picture is {height} x {width} (height x width): use larger pictures, or SSIM"
        )
    pair = torch.stack([counted(prediction.float(), target.float(), weight), target.float()])  # (2, C, H, W)
    similarity = pair.new_ones(pair.shape[1])  # (C,)
    for scale, exponent in enumerate(EXPONENTS):
        if scale:
            pair = avg_pool2d(pair, 2, ceil_mode=True)  # of an odd side's last pixels, the mean over those there are
        luminance, structure = _terms(pair)
        coarsest = scale == len(EXPONENTS) - 1
        factor = (luminance * structure if coarsest else structure).mean(dim=(1, 2))  # (C,)
        similarity = similarity * factor.clamp(min=0) ** exponent
    return similarity.mean()


def _terms(pair: Tensor) -> tuple[Tensor, Tensor]:
    """The luminance and the contrast-structure term of every window of two pictures (2, C, H, W): (C, H', W') each."""
    x, y = pair
    mean_x, mean_y, square_x, square_y, product = _windows(torch.stack([x, y, x * x, y * y, x * y]))
    luminance = (2 * mean_x * mean_y + _C1) / (mean_x.square() + mean_y.square() + _C1)
    variances = square_x - mean_x.square() + square_y - mean_y.square()
    return luminance, (2 * (product - mean_x * mean_y) + _C2) / (variances + _C2)


def _windows(planes: Tensor) -> Tensor:
    """Gaussian means over the windows within (B, C, H, W): (B, C, H - 10, W - 10)."""
    offset = torch.arange(SSIM_WINDOW, device=planes.device) - SSIM_WINDOW // 2
    gaussian = torch.exp(-offset.square() / (2 * _SIGMA**2))
    gaussian = gaussian / gaussian.sum()
    flat = planes.flatten(0, 1)  # (B * C, H, W): as channels of one picture, five times as fast as apart
    column = gaussian[:, None].expand(len(flat), 1, SSIM_WINDOW, 1)
    row = gaussian[None, :].expand(len(flat), 1, 1, SSIM_WINDOW)
    means = conv2d(conv2d(flat, column, groups=len(flat)), row, groups=len(flat))
    return means.reshape(*planes.shape[:2], *means.shape[1:])
