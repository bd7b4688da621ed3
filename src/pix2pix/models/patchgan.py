"""The paper's discriminator: convolutions alone, so each logit judges one patch of the picture, of a chosen width."""

from __future__ import annotations

from torch import Tensor, nn

from pix2pix.models.blocks import Norm, convolution_bias, initialise, norm_layer
from pix2pix.models.judgement import Judgement
from pix2pix.models.receptive_field import halvings
from pix2pix.models.spectral_norm import SpectralConvolution, normalise_spectra


class PatchGAN(nn.Module):
    """PatchGAN (Isola et al. 2017, appendix 6.2): 70 is C64-C128-C256-C512, 16 is C64-C128, 1 is C64-C128 of 1x1.

    A field of 9 * 2^k - 2 has k convolutions of 4x4 and stride 2, one of stride 1, and the one that gives the logits;
    the first has no norm. A conditional discriminator sees source and target joined along the channels.

    Args:
        input_channels: channels of the source plus those of the target; those of the target alone if unconditional.
        base_channels: width of the first convolution; it doubles, up to eight times that.
        receptive_field: side of the patch in pixels: 1, 7, 16, 34, 70, 142 or 286.
        norm: batch, instance, group or none.
        spectral_norm: whether each convolution's weight is divided by its largest singular value.

    Raises:
        ValueError: another receptive field; the message lists those that can be had.
    """

    def __init__(
        self,
        input_channels: int,
        base_channels: int = 64,
        receptive_field: int = 70,
        norm: Norm = "batch",
        spectral_norm: bool = False,
    ) -> None:
        super().__init__()
        convolution = SpectralConvolution if spectral_norm else nn.Conv2d
        strides = [1, 1] if receptive_field == 1 else [2] * halvings(receptive_field) + [1]
        kernel_size, padding = (1, 0) if receptive_field == 1 else (4, 1)
        bias = convolution_bias(norm)
        self.layers = nn.Sequential()
        entering = input_channels
        for layer, stride in enumerate(strides):
            leaving = base_channels * min(2**layer, 8)
            self.layers.append(
                convolution(entering, leaving, kernel_size, stride, padding, bias=bias or layer == 0),
            )
            if layer > 0 and norm != "none":
                self.layers.append(norm_layer(norm, leaving))
            self.layers.append(nn.LeakyReLU(0.2, inplace=True))
            entering = leaving
        self.logits = convolution(entering, 1, kernel_size, 1, padding, bias=bias or receptive_field > 1)
        initialise(self)
        if spectral_norm:
            normalise_spectra(self)

    def forward(self, pictures: Tensor, features: bool = False) -> Tensor | list[Judgement]:
        """Judge pictures (B, C, H, W) in [-1, 1]: logits (B, 1, h, w), high where a patch seems real.

        With `features`, one judgement instead: the logits, and what lies behind each LeakyReLU.
        """
        found = []
        x = pictures
        for layer in self.layers:
            x = layer(x)  # last (B, 8 * base, h + 1, w + 1); (B, 2 * base, H, W) for the PixelGAN
            if isinstance(layer, nn.LeakyReLU):
                found.append(x)
        logits: Tensor = self.logits(x)  # (B, 1, h, w)
        return [Judgement(logits, tuple(found))] if features else logits
