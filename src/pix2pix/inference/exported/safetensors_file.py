"""Safetensors: a generator's weights with its description in the header, for this package on any device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from pix2pix.inference.exported import checksums
from pix2pix.inference.exported.checksums import check_tensors, checksum_of_tensors
from pix2pix.inference.exported.extras import ExchangeError, needed
from pix2pix.inference.exported.metadata import KEY, from_text, to_text


def write_safetensors(weights: Mapping[str, Tensor], description: Mapping[str, Any], path: Path) -> None:
    """Write a generator's weights, named as its `state_dict` names them."""
    needed("safetensors", "writing safetensors")
    from safetensors.torch import save

    tensors = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    # Not its `save_file`, whose files nobody but their owner may read.
    text = to_text(description)
    path.write_bytes(save(tensors, metadata={KEY: text, checksums.KEY: checksum_of_tensors(text, tensors)}))


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The weights and the description. Raises ExchangeError where the file is none of ours, or cut short."""
    needed("safetensors", f"{path}: a .safetensors file")
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            text, expected = metadata.get(KEY), metadata.get(checksums.KEY)
            description = from_text(text, path)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            check_tensors(path, expected, text or "", tensors)
            return tensors, description
    except (SafetensorError, UnicodeDecodeError) as error:
        raise ExchangeError(f"{path} cannot be read as safetensors: {error}") from error
