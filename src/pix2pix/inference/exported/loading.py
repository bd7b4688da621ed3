"""What exported files hold: .onnx, .xml, .safetensors, and folders in the hub's layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from pix2pix.inference.exported.extras import ExchangeError
from pix2pix.inference.exported.networks import GraphNetwork, onnx_network, openvino_network
from pix2pix.inference.exported.onnx_file import open_onnx
from pix2pix.inference.exported.openvino_file import open_openvino
from pix2pix.inference.exported.safetensors_file import read_safetensors

WEIGHTS = "model.safetensors"  # in a folder of the hub's layout
GRAPHS = (".onnx", ".xml")
SUFFIXES = (*GRAPHS, ".safetensors")


@dataclass(frozen=True)
class Exported:
    """What an exported file holds: the description of its run, and a graph or a generator's weights."""

    file: Path
    description: Mapping[str, Any]
    graph: GraphNetwork | None = None
    weights: Mapping[str, Tensor] | None = None


def is_exported(path: Path) -> bool:
    """Whether a path is for `read_exported`, by its suffix, or a folder by what lies in it."""
    return path.suffix.lower() in SUFFIXES or (path / WEIGHTS).is_file()


def read_exported(path: Path) -> Exported:
    """What lies in an exported file, or in a folder that `pix2pix publish` wrote.

    Graphs (.onnx, .xml) translate on the processor with as many threads as PyTorch has, and without noise.

    Raises:
        FileNotFoundError: there is nothing at the path.
        ExchangeError: a package is missing, or the file is none that `pix2pix export` wrote.
    """
    path = path / WEIGHTS if path.is_dir() else path
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is no file: expected what pix2pix export wrote, or a folder of pix2pix publish"
        )
    match path.suffix.lower():
        case ".onnx":
            session, description = open_onnx(path)
            return Exported(path, description, graph=onnx_network(session, description["multiple"]))
        case ".xml":
            model, description = open_openvino(path)
            usual = description["settings"]["data"].get("size")
            return Exported(path, description, graph=openvino_network(model, description["multiple"], usual))
        case ".safetensors":
            weights, description = read_safetensors(path)
            return Exported(path, description, weights=weights)
        case suffix:
            raise ExchangeError(
                f"{path}: suffix {suffix!r} is none of an exported file; expected {', '.join(SUFFIXES)}"
            )
