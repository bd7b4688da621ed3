"""Translators of exported files: .onnx, .xml, .safetensors, and of a folder in the hub's layout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pix2pix.data.domains import domain_from_dict
from pix2pix.exchange.extras import ExchangeError
from pix2pix.exchange.networks import onnx_network, openvino_network
from pix2pix.exchange.onnx_file import open_onnx
from pix2pix.exchange.openvino_file import open_openvino
from pix2pix.exchange.safetensors_file import read_safetensors
from pix2pix.inference.networks import Network, TorchNetwork
from pix2pix.inference.translator import Translator
from pix2pix.runs import build_generator

WEIGHTS = "model.safetensors"  # in a folder of the hub's layout
SUFFIXES = (".onnx", ".xml", ".safetensors")


def is_exported(path: Path) -> bool:
    """Whether a path is for `load_exported`, by its suffix, or a folder by what lies in it."""
    return path.suffix.lower() in SUFFIXES or (path / WEIGHTS).is_file()


def load_exported(path: str | Path) -> Translator:
    """The translator of an exported file, or of a folder that `pix2pix publish` wrote.

    Graphs (.onnx, .xml) translate on the processor with as many threads as PyTorch has, and without noise. Weights
    (.safetensors) rebuild the generator in PyTorch, which translates as the run's own does.

    Raises:
        FileNotFoundError: there is nothing at the path.
        ExchangeError: a package is missing, or the file is none that `pix2pix export` wrote.
        ValueError: the generator is no class of this package.
    """
    path = Path(path)
    if path.is_dir():
        path = path / WEIGHTS
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is no file: expected what pix2pix export wrote, or a folder of pix2pix publish"
        )
    network: Network
    match path.suffix.lower():
        case ".onnx":
            session, description = open_onnx(path)
            network = onnx_network(session, description["multiple"])
        case ".xml":
            compiled, description = open_openvino(path)
            network = openvino_network(compiled, description["multiple"])
        case ".safetensors":
            weights, description = read_safetensors(path)
            try:
                network = torch_network(description, weights)
            except RuntimeError as error:  # of load_state_dict
                raise ExchangeError(
                    f"{path}: its tensors are not those of the generator in its header: {error}"
                ) from error
        case suffix:
            raise ExchangeError(
                f"{path}: suffix {suffix!r} is none of an exported file; expected {', '.join(SUFFIXES)}"
            )
    source, target = (domain_from_dict(dict(description[f"{side}_domain"])) for side in ("source", "target"))
    return Translator(network, source, target)


def torch_network(record: Mapping[str, Any], weights: Mapping[str, Tensor]) -> TorchNetwork:
    """The generator that a record describes, with its weights and the run's own recipe of test time."""
    generator = build_generator(record)
    generator.load_state_dict(dict(weights))
    settings = record["settings"]
    if settings["training"]["channels_last"] is True:  # the layout decides where dropout's noise falls
        generator.to(memory_format=torch.channels_last)
    return TorchNetwork(
        generator,
        noise=settings["translation"]["noise"],
        statistics=settings["translation"]["statistics"],
        seed=settings["seed"],
    )
