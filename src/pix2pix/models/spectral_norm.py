"""Convolutions of bounded slope: the weight is divided by its largest singular value (Miyato et al. 2018)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class SpectralConvolution(nn.Conv2d):
    """A convolution whose weight may be parametrised: it is computed in float32, also under autocast.

    The power iteration would otherwise mix precisions, which some devices refuse and which makes a coarse norm.
    """

    def forward(self, input: Tensor) -> Tensor:
        """The convolution of `input`."""
        with torch.autocast(input.device.type, enabled=False):
            weight = self.weight
        output: Tensor = self._conv_forward(input, weight, self.bias)
        return output


def normalise_spectra(network: nn.Module) -> None:
    """Give every `SpectralConvolution` of an initialised network PyTorch's spectral norm.

    In training each call moves the power iteration on by a step; its vectors are buffers, and so part of a checkpoint.
    """
    for module in list(network.modules()):
        if isinstance(module, SpectralConvolution):
            spectral_norm(module)
