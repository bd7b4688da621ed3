"""Generators and discriminators, one architecture a file.

`GENERATORS` maps a class's full name, as a checkpoint stores it, to the class: the allow-list from which generators are
rebuilt. It is made at its first use, so that importing this package does not import torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pix2pix.models.blocks import Generator

    GENERATORS: dict[str, type[Generator]]

__all__ = ["GENERATORS"]


def __getattr__(name: str) -> Any:
    if name == "GENERATORS":
        from pix2pix.models.coarse_to_fine import CoarseToFine
        from pix2pix.models.encoder_decoder import EncoderDecoder
        from pix2pix.models.pixelwise import Pixelwise
        from pix2pix.models.resnet import ResNet
        from pix2pix.models.unet import UNet

        generators = (UNet, EncoderDecoder, ResNet, CoarseToFine, Pixelwise)
        return {f"{network.__module__}.{network.__name__}": network for network in generators}
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
