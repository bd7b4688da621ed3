"""Exported graphs as what a `Translator` works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pix2pix.exchange.extras import ExchangeError
from pix2pix.exchange.metadata import INPUT
from pix2pix.inference.test_time import pad_to_multiple

Run = Callable[[Any], Any]  # numpy float32 (1, C, H, W) to (1, C', H, W)


@dataclass
class GraphNetwork:
    """An exported graph: it translates a picture at a time, on the processor, without noise.

    multiple: of the generator's sides; the graph pads by itself, and here too small pictures are refused.
    """

    run: Run
    multiple: int

    @property
    def draws_noise(self) -> bool:
        """Never."""
        return False

    def __call__(self, source: Tensor, names: Sequence[str]) -> Tensor:
        """See `inference.networks.Network`. Names decide nothing, as there is no noise."""
        padded, crop = pad_to_multiple(source, self.multiple)
        translated = [torch.from_numpy(self.run(picture.numpy())) for picture in torch.split(padded.contiguous(), 1)]
        return torch.cat(translated)[crop]

    def to(self, device: torch.device | str) -> None:
        """An exported graph stays on the processor. Raises ExchangeError for another device."""
        if torch.device(device).type != "cpu":
            raise ExchangeError(
                f"an exported graph runs on the processor, not on {device}: export .safetensors to translate there"
            )


def onnx_network(session: Any, multiple: int) -> GraphNetwork:
    """Of a session of ONNX Runtime."""
    return GraphNetwork(lambda picture: session.run(None, {INPUT: picture})[0], multiple)


def openvino_network(compiled: Any, multiple: int) -> GraphNetwork:
    """Of a model that OpenVINO compiled."""
    return GraphNetwork(lambda picture: compiled({INPUT: picture})[0].copy(), multiple)
