"""What translates an encoded picture, whatever runs it: a generator in PyTorch here; others are exported files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from pix2pix.inference.test_time import Statistics, translate
from pix2pix.models.blocks import Generator


class Network(Protocol):
    """Encoded pictures in, encoded pictures out, each on its own: a result depends on no other picture."""

    def __call__(self, source: Tensor, names: Sequence[str]) -> Tensor:
        """Translate (B, C, H, W) in [-1, 1], of any height and width, to (B, C', H, W) in [-1, 1], float32.

        Args:
            names: B names; they decide each picture's noise, where there is noise.

        Raises BadPairError where pictures are too small.
        """
        ...

    def to(self, device: torch.device | str) -> None:
        """Work there from now on; the pictures must be there too."""
        ...


@dataclass
class TorchNetwork:
    """A generator with the recipe of its test time (see `inference.test_time.translate`)."""

    generator: Generator
    noise: bool = True
    statistics: Statistics = "picture"
    seed: int = 0

    def __call__(self, source: Tensor, names: Sequence[str]) -> Tensor:
        """See `Network`."""
        return translate(
            self.generator, source, names, noise=self.noise, statistics=self.statistics, seed=self.seed
        ).float()

    def to(self, device: torch.device | str) -> None:
        """See `Network`."""
        self.generator.to(device)
