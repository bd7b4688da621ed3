"""Perceptual loss: the distance of two pictures in the features of VGG19, a network that was trained to name things."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.files.torch_files import read_torch
from pix2pix.metrics.weights import WeightsFile

VGG19_WEIGHTS = WeightsFile("VGG19", "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth", megabytes=548)
# Convolutions 3x3 by their channels; 0 is a maximum over 2x2. What lies behind the last is not needed here.
_PLAN = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512)
# relu1_1, relu2_1, relu3_1, relu4_1, relu5_1 by their place among the layers, and how much each counts (pix2pixHD)
_IMPORTANCE = {1: 1 / 32, 6: 1 / 16, 11: 1 / 8, 20: 1 / 4, 29: 1.0}
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's pictures in [0, 1], by channel


class PerceptualLoss:
    """Σ_i w_i mean |φ_i(y) - φ_i(G(x))| over five layers of VGG19 (Johnson et al. 2016; layers, weights: pix2pixHD).

    It is no module of the run that uses it: its weights are fixed, so no checkpoint holds them, and ranks need not tell
    each other about them. It follows its pictures to their device.

    Args:
        weights: a state dict of torchvision's VGG19, of which the convolutions up to conv5_1 are taken.

    Raises:
        ValueError: tensors are missing or have another shape.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        with torch.device("meta"):
            self._layers = nn.Sequential(*_layers())
        names = {name: f"features.{name}" for name in self._layers.state_dict()}
        for name, expected in self._layers.state_dict().items():
            found = tuple(weights[names[name]].shape) if names[name] in weights else "absent"
            if found != tuple(expected.shape):
                raise ValueError(
                    f"{names[name]} is {found}, expected {tuple(expected.shape)}: these are not the weights of VGG19 as"
                    f" torchvision has them, {VGG19_WEIGHTS.url}"
                )
        own = {name: weights[theirs].float() for name, theirs in names.items()}
        self._layers.load_state_dict(own, assign=True)
        self._layers.requires_grad_(False).eval()

    @classmethod
    def load(cls, file: str | None) -> PerceptualLoss:
        """With the weights of a file, or where it is None with those in torch.hub's cache; nothing is downloaded.

        Raises ValueError where there is no such file, or where it holds something else.
        """
        path = VGG19_WEIGHTS.find() if file is None else Path(file).expanduser()
        weights: Any = read_torch(path, "weights of VGG19")
        if not isinstance(weights, Mapping):
            raise ValueError(f"{path} holds a {type(weights).__name__}, expected a state dict of torchvision's VGG19")
        try:
            return cls(weights)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def __call__(self, prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """A float32 scalar.

        Args:
            prediction: (B, 3 or 1, H, W) in [-1, 1]; grey is repeated.
            target: the same.
            weight: (B, 1, H, W); both pictures are multiplied by it.
        """
        if weight is not None:
            prediction, target = prediction * weight, target * weight
        self._layers.to(prediction.device)
        with torch.no_grad():
            expected = self._features(target)
        total = torch.zeros((), device=prediction.device)
        for importance, one, other in zip(_IMPORTANCE.values(), self._features(prediction), expected, strict=True):
            total = total + importance * F.l1_loss(one.float(), other.float())
        return total

    def _features(self, pictures: Tensor) -> list[Tensor]:
        mean, deviation = (pictures.new_tensor(values)[:, None, None] for values in (_MEAN, _DEVIATION))
        x = ((pictures + 1) / 2 - mean) / deviation  # (B, 3, H, W)
        features = []
        for index, layer in enumerate(self._layers):
            x = layer(x)  # (B, channels, H / 2^k, W / 2^k) behind k maxima
            if index in _IMPORTANCE:
                features.append(x)
        return features


def _layers() -> list[nn.Module]:
    """Numbered as in torchvision's `features`."""
    layers: list[nn.Module] = []
    entering = 3
    for channels in _PLAN:
        if channels:
            layers += [nn.Conv2d(entering, channels, kernel_size=3, padding=1), nn.ReLU(inplace=True)]
            entering = channels
        else:
            layers.append(nn.MaxPool2d(2))
    return layers
