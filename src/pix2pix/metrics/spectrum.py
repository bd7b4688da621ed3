"""How far a translation's texture is from its target's: the distance between their power spectra."""

from __future__ import annotations

import torch
from torch import Tensor

from pix2pix.metrics.image import counted

ROUNDING_NOISE = (1 / 255) ** 2 / 12  # power of 8-bit rounding: fainter detail than this nobody sees


def log_spectrum_distance(prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Root mean square over frequencies of the difference between two log power spectra, in dB; 0 is best.

    Both blur, which takes power from the high frequencies, and noise, which adds some, make it grow; where a detail
    lies does not matter. Pictures that L1 alone trained are far from their targets by it, though near pixel by pixel.

    Args:
        prediction: (C, H, W) in [0, 1].
        target: (C, H, W) in [0, 1].
        weight: (1, H, W); where it is 0 the target takes the prediction's place.
    """
    filled = counted(prediction.float(), target.float(), weight)
    return (log_spectrum(filled) - log_spectrum(target)).square().mean().sqrt()


def log_spectrum(picture: Tensor) -> Tensor:
    """Radially averaged power spectrum in dB of a picture (C, H, W) in [0, 1]: of three channels that of the luminance.

    Of other numbers of channels the mean of their powers is taken: the mean of the channels themselves is blind to
    what one loses and another gains, such as a and b of Lab, or classes in planes.

    Ring r of R = min(H, W) // 2 holds the frequencies of about r / min(H, W) cycles a pixel, up to the highest that
    both axes carry. The mean brightness is left out. A Hann window keeps the jump between opposite borders from
    covering the fine detail. White noise of variance v has the power v in every ring
    but the lowest, which shares some with the brightness.

    Returns:
        (R,) powers in dB, none below that of 8-bit rounding.
    """
    seen = _luminance(picture.float())  # (1 or C, H, W)
    height, width = seen.shape[1:]
    window = torch.outer(
        torch.hann_window(height, device=picture.device), torch.hann_window(width, device=picture.device)
    )
    centred = seen - (seen * window).sum((1, 2), keepdim=True) / window.sum()
    power = (torch.fft.fft2(centred * window).abs().square() / window.square().sum()).mean(0)  # (H, W)

    rows = torch.fft.fftfreq(height, device=picture.device)[:, None]  # cycles a pixel
    columns = torch.fft.fftfreq(width, device=picture.device)[None, :]
    last = min(height, width) // 2
    ring = (torch.hypot(rows, columns) * min(height, width)).round().long().clamp(max=last + 1).flatten()  # (H * W,)
    energy = power.new_zeros(last + 2).index_add(0, ring, power.flatten())
    members = torch.bincount(ring, minlength=last + 2)
    rings = slice(1, last + 1)
    return 10 * torch.log10(energy[rings] / members[rings] + ROUNDING_NOISE)


def _luminance(picture: Tensor) -> Tensor:
    """(C, H, W) to (1, H, W) by the weights of ITU-R BT.601 for three channels; others stay as they are."""
    if picture.shape[0] != 3:
        return picture
    return (0.299 * picture[0] + 0.587 * picture[1] + 0.114 * picture[2])[None]
