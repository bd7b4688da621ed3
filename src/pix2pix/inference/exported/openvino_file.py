"""OpenVINO: an ONNX graph converted, quantised and compiled; weights lie in a .bin beside the .xml."""

from __future__ import annotations

import io
import logging
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pix2pix.files.atomic import named
from pix2pix.inference.exported.checksums import check_xml, seal_xml
from pix2pix.inference.exported.extras import ExchangeError, needed
from pix2pix.inference.exported.metadata import KEY, check_graph, from_text, to_text

# What the processor computes in; without a word OpenVINO takes bfloat16 where the processor has it.
COMPUTED_IN = {"f32": "f32", "bf16": "bf16", "int8": "f32"}


def openvino_model(onnx_model: Any) -> Any:
    """An ONNX graph as an openvino.Model."""
    openvino = needed("openvino", "writing for OpenVINO")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        with named(path, path):
            path.write_bytes(onnx_model.SerializeToString())
        model = openvino.convert_model(path)
        return model.clone()


def quantised(model: Any, pictures: Sequence[Tensor]) -> Any:
    """A model whose convolutions compute in 8 bits, their ranges taken from encoded pictures (1, C, H, W) each.

    Post-training quantisation by NNCF, which adjusts biases so that the mean of each channel stays.
    """
    nncf = needed("nncf", "8-bit export")
    logging.getLogger("nncf").setLevel(logging.ERROR)
    with redirect_stdout(io.StringIO()):  # NNCF's bars
        return nncf.quantize(
            model,
            nncf.Dataset([picture.numpy() for picture in pictures]),
            preset=nncf.QuantizationPreset.MIXED,  # activations that are negative too keep their own zero
            subset_size=len(pictures),
        )


def write_openvino(model: Any, description: Mapping[str, Any], path: Path) -> None:
    """Write path (.xml) and its .bin; weights of bf16 are stored in 16 bits."""
    openvino = needed("openvino", "writing for OpenVINO")
    model.set_rt_info(to_text(description), KEY)
    openvino.save_model(model, path, compress_to_fp16=description["precision"] == "bf16")
    seal_xml(path)


@dataclass(frozen=True)
class OpenvinoModel:
    """A model that was read, for the processor, and its core."""

    core: Any
    model: Any
    computed_in: str

    def compiled(self, streams: int = 1, size: tuple[int, int] | None = None) -> Any:
        """For so many pictures at a time, among which PyTorch's number of threads is divided.

        For single pictures of `size`, (height, width), it is faster; None: for any size, any batch.

        Threads are not tied to cores: others, which read and write pictures, would wait for theirs while one is idle.
        """
        settings = {
            "INFERENCE_PRECISION_HINT": self.computed_in,
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "NUM_STREAMS": streams,
            "ENABLE_CPU_PINNING": False,
        }
        model = self.model
        if size is not None:
            model = model.clone()
            model.reshape([1, model.input().partial_shape[1], *size])
        return self.core.compile_model(model, "CPU", settings)


def open_openvino(path: Path) -> tuple[OpenvinoModel, dict[str, Any]]:
    """A model for the processor, and the file's description.

    Raises ExchangeError where OpenVINO is missing, or the file is none of ours.
    """
    openvino = needed("openvino", f"{path}: an .xml file")
    if not path.with_suffix(".bin").is_file():
        raise ExchangeError(f"{path}: its weights are missing; expected {path.with_suffix('.bin')} beside it")
    check_xml(path)
    core = openvino.Core()
    try:
        model = core.read_model(path)
    except RuntimeError as error:
        raise ExchangeError(f"{path} cannot be read as an OpenVINO model: {_last_line(error)}") from error
    text = model.get_rt_info(KEY).astype(str) if model.has_rt_info(KEY) else None
    description = from_text(text, path)
    check_graph(
        {
            name: [each.get_length() if each.is_static else None for each in end.get_partial_shape()]
            for end in (*model.inputs, *model.outputs)
            for name in end.get_names()
        },
        description,
        path,
    )
    # OpenVINO makes its table of types at the first use, and two threads that come to it at once wait for ever.
    model.input().element_type.to_dtype()
    return OpenvinoModel(core, model, COMPUTED_IN[description["precision"]]), description


def _last_line(error: Exception) -> str:
    return str(error).strip().rpartition("\n")[2]
