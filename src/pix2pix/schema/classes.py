"""The schemas of sections that name their class: networks and callbacks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from pix2pix.schema.fields import STRICT, Count, Flag, Halvings, Layers, Probability, Rate, Whole, Width

Norm = Literal["batch", "instance", "group", "none"]
Upsampling = Literal["transposed", "resize"]


@dataclass(config=STRICT)
class UNetSettings:
    base_channels: Width
    depth: Annotated[Whole, Field(ge=2, le=12)]
    norm: Norm
    dropout: Probability
    upsampling: Upsampling


@dataclass(config=STRICT)
class ResNetSettings:
    base_channels: Width
    blocks: Layers
    norm: Norm
    dropout: Probability
    upsampling: Upsampling


@dataclass(config=STRICT)
class PixelwiseSettings:
    base_channels: Width
    layers: Layers
    receptive_field: Count


@dataclass(config=STRICT)
class CoarseToFineSettings:
    base_channels: Annotated[Width, Field(multiple_of=2)]
    blocks: Layers
    local_blocks: Layers
    halvings: Halvings
    norm: Norm
    dropout: Probability
    upsampling: Upsampling


@dataclass(config=STRICT)
class PatchGANSettings:
    base_channels: Width
    receptive_field: Whole
    norm: Norm
    spectral_norm: Flag = False


@dataclass(config=STRICT)
class MultiScaleSettings(PatchGANSettings):
    scales: Annotated[Whole, Field(ge=1, le=8)] = 3


@dataclass(config=STRICT)
class CheckpointsSettings:
    every_epochs: Count
    every_images: Count | None
    keep: Count
    best: list[Literal["psnr", "ssim", "l1", "rmse", "log_spectrum_distance"]]
    slim: Flag


@dataclass(config=STRICT)
class SamplesSettings:
    count: Count
    every_epochs: Count


@dataclass(config=STRICT)
class DiscriminatorWonSettings:
    threshold: Rate
    patience_images: Count


# Sections that name their class have the schema of that class; a class from elsewhere is its author's to check.
CLASS_SCHEMAS: dict[str, Any] = {
    "pix2pix.models.unet.UNet": UNetSettings,
    "pix2pix.models.encoder_decoder.EncoderDecoder": UNetSettings,
    "pix2pix.models.resnet.ResNet": ResNetSettings,
    "pix2pix.models.pixelwise.Pixelwise": PixelwiseSettings,
    "pix2pix.models.coarse_to_fine.CoarseToFine": CoarseToFineSettings,
    "pix2pix.models.patchgan.PatchGAN": PatchGANSettings,
    "pix2pix.models.multiscale.MultiScale": MultiScaleSettings,
    "pix2pix.callbacks.checkpoints.Checkpoints": CheckpointsSettings,
    "pix2pix.callbacks.samples.SampleGrid": SamplesSettings,
    "pix2pix.callbacks.guards.DiscriminatorWon": DiscriminatorWonSettings,
}
