"""Learned perceptual distance of two pictures (LPIPS), on the features of AlexNet."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import torch
from torch import Tensor, nn

from pix2pix.metrics.image import counted
from pix2pix.metrics.weights import WeightsFile

ALEXNET_WEIGHTS = WeightsFile(
    network="AlexNet for LPIPS", url="https://download.pytorch.org/models/alexnet-owt-7be5be79.pth", megabytes=233
)
SHORTEST_SIDE = 31  # below, AlexNet's second pooling has no window
_RELUS = (1, 4, 7, 9, 11)  # layers after which features are compared
_MEAN, _DEVIATION = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)  # of pictures in [-1, 1]


class Lpips(nn.Module):
    """Distance of two pictures (3, H, W) in [0, 1] by Zhang et al. 2018, version 0.1, AlexNet; 0 is best.

    Features of five layers, each pixel's scaled to length 1; the squared differences, weighted by channel, are averaged
    over pixels and added up over layers.

    Args:
        alexnet: torchvision's state dict, of which the convolutions are taken; None for random weights.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, alexnet: Mapping[str, Tensor] | None = None) -> None:
        super().__init__()
        self.features = nn.Sequential(  # numbered as in torchvision's state dict
            *(nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU()),
        )
        if alexnet is not None:
            self.load_state_dict({name: value for name, value in alexnet.items() if name.startswith("features.")})
        with files("torchmetrics.functional.image").joinpath("lpips_models/alex.pth").open("rb") as file:
            learned = torch.load(file, map_location="cpu", weights_only=True)
        for index in range(len(_RELUS)):
            self.register_buffer(f"importance{index}", learned[f"lin{index}.model.1.weight"][0])  # (C, 1, 1)
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None])
        self.register_buffer("deviation", torch.tensor(_DEVIATION)[:, None, None])
        self.requires_grad_(False).eval()

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        """(3 or 1, H, W) in [0, 1] each, to a scalar; grey is repeated."""
        maps = (2 * torch.stack([prediction, target]).float() - 1 - self.mean) / self.deviation  # (2, 3, H, W)
        distance = maps.new_zeros(())
        for index, layer in enumerate(self.features):
            maps = layer(maps)
            if index in _RELUS:
                first, second = maps / (maps.norm(dim=1, keepdim=True) + 1e-10)
                importance = self.get_buffer(f"importance{_RELUS.index(index)}")
                distance = distance + (importance * (first - second).square()).sum(dim=0).mean()
        return distance


def lpips(prediction: Tensor, target: Tensor, weight: Tensor | None = None, *, weights: Path | None = None) -> Tensor:
    """`Lpips` with the published weights, a scalar; 0 is best.

    Args:
        prediction: (3 or 1, H, W) in [0, 1].
        target: (3 or 1, H, W) in [0, 1].
        weight: (1, H, W); where it is 0 the target takes the prediction's place.
        weights: AlexNet's file or the folder that it lies in; None for torch.hub's cache.

    Raises:
        ValueError: a side is shorter than 31 pixels.
        MissingWeights: the weights are not there.
    """
    height, width = target.shape[-2:]
    if min(height, width) < SHORTEST_SIDE:
        raise ValueError(
            f"LPIPS does not apply: AlexNet needs at least {SHORTEST_SIDE} pixels a side, and a picture is "
            f"{height} x {width} (height x width): use larger pictures or leave this score out"
        )
    distance: Tensor = _network(weights).to(target.device)(counted(prediction, target, weight), target)
    return distance


@lru_cache(maxsize=1)
def _network(place: Path | None) -> Lpips:
    return Lpips(torch.load(ALEXNET_WEIGHTS.find(place), map_location="cpu", weights_only=True))
