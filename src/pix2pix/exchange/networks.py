"""Exported graphs as what a `Translator` works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pix2pix.exchange.extras import ExchangeError
from pix2pix.exchange.metadata import INPUT
from pix2pix.exchange.openvino_file import OpenvinoModel
from pix2pix.inference.networks import Network
from pix2pix.inference.test_time import pad_to_multiple

MOST_LANES = 4  # each holds a picture's layers in memory
Run = Callable[[Any], Any]  # numpy float32 (1, C, H, W) to (1, C', H, W)


@dataclass
class GraphNetwork:
    """An exported graph: it translates a picture at a time, on the processor, without noise.

    Attributes:
        multiple: of the generator's sides; the graph pads by itself, and here too small pictures are refused.
        beside: makes what translates in several threads at a time; None: there is none.
    """

    run: Run
    multiple: int
    beside: Callable[[], Sequence[Run]] | None = None

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

    def lanes(self) -> Sequence[Network]:
        """See `inference.networks.Network`."""
        return [self] if self.beside is None else [GraphNetwork(run, self.multiple) for run in self.beside()]


def onnx_network(session: Any, multiple: int) -> GraphNetwork:
    """Of a session of ONNX Runtime."""
    return GraphNetwork(lambda picture: session.run(None, {INPUT: picture})[0], multiple)


def openvino_network(model: OpenvinoModel, multiple: int) -> GraphNetwork:
    """Of a model that OpenVINO reads: all threads on one picture, or in lanes one thread on each."""

    def of(compiled: Any) -> Run:
        request = compiled.create_infer_request()
        return lambda picture: request.infer({INPUT: picture})[0].copy()

    def beside() -> Sequence[Run]:
        threads = min(torch.get_num_threads(), MOST_LANES)
        compiled = model.compiled(streams=threads)
        return [of(compiled) for _ in range(threads)]

    return GraphNetwork(of(model.compiled()), multiple, beside if torch.get_num_threads() > 1 else None)
