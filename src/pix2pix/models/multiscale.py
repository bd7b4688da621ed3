"""Discriminators on several scales: alike, but each sees the picture at half the size of the one before (pix2pixHD)."""

from __future__ import annotations

from torch import Tensor, nn

from pix2pix.models.blocks import Norm, half_size
from pix2pix.models.judgement import Judgement, judgements
from pix2pix.models.patchgan import PatchGAN


class MultiScale(nn.Module):
    """`scales` PatchGANs with weights of their own (Wang et al. 2018, section 3.2); the last has the widest view.

    Args:
        input_channels, base_channels, receptive_field, norm, spectral_norm: of each, as for `PatchGAN`. The field is in
            pixels of the picture that a discriminator sees, so that of the last is 2^(scales - 1) times as wide.
        scales: how many there are, the first at full size.
    """

    def __init__(
        self,
        input_channels: int,
        base_channels: int = 64,
        receptive_field: int = 70,
        norm: Norm = "instance",
        spectral_norm: bool = False,
        scales: int = 3,
    ) -> None:
        super().__init__()
        self.scales = nn.ModuleList(
            PatchGAN(input_channels, base_channels, receptive_field, norm, spectral_norm) for _ in range(scales)
        )

    def forward(self, pictures: Tensor, features: bool = False) -> list[Judgement]:
        """Judge pictures (B, C, H, W) in [-1, 1] on each scale, the full size first; see `PatchGAN.forward`."""
        judged: list[Judgement] = []
        for index, discriminator in enumerate(self.scales):
            if index > 0:
                pictures = half_size(pictures)
            judged += judgements(discriminator(pictures, features))
        return judged
