"""Safetensors: a generator's weights with its description in the header, for this package on any device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from pix2pix.exchange.extras import ExchangeError, needed
from pix2pix.exchange.metadata import KEY, from_text, to_text


def write_safetensors(weights: Mapping[str, Tensor], description: Mapping[str, Any], path: Path) -> None:
    """Write a generator's weights, named as its `state_dict` names them."""
    needed("safetensors", "writing safetensors")
    from safetensors.torch import save

    tensors = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    # Not its `save_file`, whose files nobody but their owner may read.
    path.write_bytes(save(tensors, metadata={KEY: to_text(description)}))


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The weights and the description. Raises ExchangeError where the file is none of ours, or cut short."""
    needed("safetensors", f"{path}: a .safetensors file")
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            description = from_text((file.metadata() or {}).get(KEY), path)
            return {name: file.get_tensor(name) for name in file.keys()}, description  # noqa: SIM118
    except SafetensorError as error:
        raise ExchangeError(f"{path} cannot be read as safetensors: {error}") from error
