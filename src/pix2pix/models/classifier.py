"""A generator that classifies each pixel, and shows what it found as a picture of the target domain."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from pix2pix.models.blocks import Generator, Output
from pix2pix.models.pixel_classes import PixelClasses


class Classifier(Generator):
    """A generator's network, made to give one logit a class instead of a picture.

    Args:
        network: a generator whose target channels are as many as there are classes, with its last layers in `output`.
        classes: what the classes are.

    Raises:
        ValueError: the network's last layers cannot be told from the rest.
    """

    def __init__(self, network: Generator, classes: PixelClasses) -> None:
        super().__init__()
        output = getattr(network, "output", None)
        if not isinstance(output, Output):
            raise ValueError(f"{type(network).__name__} has no `output` of class Output, whose tanh is to be left out")
        output.bounded = False
        self.network, self.classes = network, classes
        self.multiple = network.multiple

    def logits(self, source: Tensor) -> Tensor:
        """A source (B, C, H, W) in [-1, 1] to logits (B, K, H, W), float32."""
        logits: Tensor = self.network(source)
        return logits

    def forward(self, source: Tensor) -> Tensor:
        """Translate a source (B, C, H, W) in [-1, 1] into a target (B, C', H, W) in [-1, 1]."""
        return self.classes.decode(self.logits(source))

    def compile(self, *arguments: Any, **settings: Any) -> None:
        """Compile the network, which training and translating both run through."""
        self.network.compile(*arguments, **settings)
