"""VGG19 without training: random weights under the names that torchvision has for them."""

from __future__ import annotations

import torch
from torch import Tensor

BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # channels and number of convolutions of each


def random_vgg19() -> dict[str, Tensor]:
    """Of a scale that keeps features from vanishing; something of the classifier is there too."""
    random = torch.Generator().manual_seed(0)
    made, place, entering = {"classifier.0.bias": torch.zeros(4096)}, 0, 3
    for channels, convolutions in BLOCKS:
        for _ in range(convolutions):
            scale = (2 / (9 * entering)) ** 0.5
            made[f"features.{place}.weight"] = torch.randn(channels, entering, 3, 3, generator=random) * scale
            made[f"features.{place}.bias"] = torch.randn(channels, generator=random) * 0.1
            place, entering = place + 2, channels
        place += 1
    return made
