"""Exported graphs as what a `Translator` works with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from pix2pix.errors import BadPairError
from pix2pix.inference.exported.extras import ExchangeError
from pix2pix.inference.exported.metadata import INPUT
from pix2pix.inference.exported.openvino_file import OpenvinoModel
from pix2pix.inference.networks import lane_count
from pix2pix.models.test_time import pad_to_multiple

Run = Callable[[Any], Any]  # numpy float32 (1, C, H, W) to (1, C', H, W)


class GraphNetwork:
    """An exported graph: it translates a picture at a time, on the processor, without noise.

    Args:
        run: the whole processor on one picture.
        multiple: of the generator's sides; the graph pads by itself, and here too small pictures are refused.
        lanes: makes so many of what `run` is, a share of the processor each; None: there is no such thing.
    """

    def __init__(self, run: Run, multiple: int, lanes: Callable[[int], Sequence[Run]] | None = None) -> None:
        self._run, self._multiple, self._lanes = run, multiple, lanes

    @property
    def draws_noise(self) -> bool:
        """Never."""
        return False

    @property
    def multiple(self) -> int:
        """See `inference.networks.Network`."""
        return self._multiple

    def __call__(self, source: Tensor, names: Sequence[str]) -> Tensor:
        """See `inference.networks.Network`. Names decide nothing, as there is no noise."""
        padded, crop = pad_to_multiple(source, self.multiple)
        try:
            translated = [torch.from_numpy(self._run(each.numpy())) for each in torch.split(padded.contiguous(), 1)]
        except Exception as error:  # runtimes have classes of their own for what they refuse
            height, width = source.shape[-2:]
            why = str(error).strip().rpartition("\n")[2]
            raise BadPairError(
                f"the exported graph refuses {height} x {width} pixels (height x width): {why}"
            ) from error
        return torch.cat(translated)[crop]

    def to(self, device: torch.device | str) -> None:
        """An exported graph stays on the processor. Raises ExchangeError for another device."""
        if torch.device(device).type != "cpu":
            raise ExchangeError(
                f"an exported graph runs on the processor, not on {device}: export .safetensors to translate there"
            )

    def lanes(self, count: int) -> list[GraphNetwork]:
        """See `inference.networks.Network`."""
        runs = [] if self._lanes is None else self._lanes(lane_count(count))
        return [GraphNetwork(run, self.multiple) for run in runs]


def onnx_network(session: Any, multiple: int) -> GraphNetwork:
    """Of a session of ONNX Runtime."""
    return GraphNetwork(lambda picture: session.run(None, {INPUT: picture})[0], multiple)


def openvino_network(model: OpenvinoModel, multiple: int, usual: Sequence[int] | None = None) -> GraphNetwork:
    """Of a model that OpenVINO reads.

    Args:
        usual: (height, width) of the training's pictures. For these the graph is compiled once more, for this size
            alone, which is faster; the picture's own size decides it, so that no other picture has a say in a result.
    """
    fixed = None if usual is None else (usual[0] + -usual[0] % multiple, usual[1] + -usual[1] % multiple)
    compiled: dict[tuple[int, bool], Any] = {}  # by streams, and whether for the usual size
    compiling = threading.Lock()

    def request(streams: int, usual_size: bool) -> Any:
        with compiling:
            if (streams, usual_size) not in compiled:
                compiled[streams, usual_size] = model.compiled(streams, fixed if usual_size else None)
            return compiled[streams, usual_size].create_infer_request()

    def lane(streams: int) -> Run:
        requests: dict[bool, Any] = {}

        def run(picture: Any) -> Any:
            usual_size = picture.shape[-2:] == fixed
            if usual_size not in requests:
                requests[usual_size] = request(streams, usual_size)
            return requests[usual_size].infer({INPUT: picture}, share_inputs=True)[0]  # a copy of the output

        return run

    return GraphNetwork(lane(1), multiple, lambda count: [lane(count) for _ in range(count)])
