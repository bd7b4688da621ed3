"""Translators of exported files: .onnx, .xml, .safetensors, and of a folder in the hub's layout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pix2pix.data.domains import domain_from_dict
from pix2pix.inference.exported.extras import ExchangeError
from pix2pix.inference.exported.networks import onnx_network, openvino_network
from pix2pix.inference.exported.onnx_file import open_onnx
from pix2pix.inference.exported.openvino_file import open_openvino
from pix2pix.inference.exported.safetensors_file import read_safetensors
from pix2pix.inference.networks import Network
from pix2pix.inference.trained import Trained
from pix2pix.inference.translator import TestTime, Translator
from pix2pix.runs.run import derivation_of

WEIGHTS = "model.safetensors"  # in a folder of the hub's layout
GRAPHS = (".onnx", ".xml")
SUFFIXES = (*GRAPHS, ".safetensors")


def is_exported(path: Path) -> bool:
    """Whether a path is for `load_exported`, by its suffix, or a folder by what lies in it."""
    return path.suffix.lower() in SUFFIXES or (path / WEIGHTS).is_file()


def load_exported(path: str | Path, recipe: TestTime | None = None) -> Translator:
    """The translator of an exported file, or of a folder that `pix2pix publish` wrote.

    Graphs (.onnx, .xml) translate on the processor with as many threads as PyTorch has, and without noise. Weights
    (.safetensors) rebuild the generator in PyTorch, which translates as the run's own does.

    Args:
        recipe: how to translate, if not as the run does; a graph has one way alone.

    Raises:
        FileNotFoundError: there is nothing at the path.
        ExchangeError: a package is missing, the file is none that `pix2pix export` wrote, or a graph is asked for what
            it cannot do.
        ValueError: the generator is no class of this package.
    """
    path, recipe = _file(Path(path)), recipe or TestTime()
    network: Network
    if path.suffix.lower() != ".safetensors" and (recipe.noise or replace(recipe, noise=None, seed=None) != TestTime()):
        raise ExchangeError(
            f"{path}: noise, statistics and precision of an exported graph are those of the export, without noise:"
            " translate with the run, or export .safetensors"
        )
    match path.suffix.lower():
        case ".onnx":
            session, description = open_onnx(path)
            network = onnx_network(session, description["multiple"])
        case ".xml":
            model, description = open_openvino(path)
            network = openvino_network(model, description["multiple"], description["settings"]["data"].get("size"))
        case ".safetensors":
            return load_weights(path, recipe)[0]
        case suffix:
            raise ExchangeError(
                f"{path}: suffix {suffix!r} is none of an exported file; expected {', '.join(SUFFIXES)}"
            )
    source, target = (domain_from_dict(dict(description[f"{side}_domain"])) for side in ("source", "target"))
    return Translator(network, source, target, derivation_of(description), Trained.of_record(description))


def load_weights(path: Path, recipe: TestTime) -> tuple[Translator, dict[str, Any]]:
    """The translator of weights (.safetensors, or a folder of `pix2pix publish`), and the description in their header.

    Raises ExchangeError and ValueError as `load_exported` does.
    """
    path = _file(path)
    weights, description = read_safetensors(path)
    try:
        return Translator.of_record(description, weights, recipe), description
    except ValueError as error:
        raise ExchangeError(f"{path}: {error}") from error


def _file(path: Path) -> Path:
    file = path / WEIGHTS if path.is_dir() else path
    if not file.is_file():
        raise FileNotFoundError(
            f"{file} is no file: expected what pix2pix export wrote, or a folder of pix2pix publish"
        )
    return file
