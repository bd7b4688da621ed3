"""Weights from a file into a network: compared by name and shape before anything is allocated, and finite."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


def filled(make: Callable[[], Network], weights: Mapping[str, Tensor]) -> Network:
    """The network that `make` makes, with these weights.

    Raises ValueError, which names the tensor, where they are another network's, or are not finite.
    """
    with torch.device("meta"):  # shapes alone
        expected = make().state_dict()
    check_shapes(weights, expected)
    check_finite(weights)
    network = make()
    network.load_state_dict(dict(weights))
    return network


def check_shapes(weights: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Raises ValueError for the first tensor that is missing, too many, or of another shape or kind of numbers."""
    for name in dict.fromkeys([*expected, *weights]):
        found, wanted = (_described(each.get(name)) for each in (weights, expected))
        if found != wanted:
            raise ValueError(f"its weights are another network's than its record says: {name} is {found}, not {wanted}")


def check_finite(weights: Mapping[str, Tensor]) -> None:
    """Raises ValueError for the first tensor that holds NaN or infinity: no training here leaves such weights."""
    for name, value in weights.items():
        if not value.dtype.is_floating_point or math.isfinite(value.sum()):  # a sum is faster, and may overflow
            continue
        wrong = value.numel() - int(value.isfinite().sum())
        if wrong:
            raise ValueError(f"its weights are broken: {wrong} of the {value.numel()} numbers in {name} are not finite")


def _described(tensor: Tensor | None) -> str:
    if tensor is None:
        return "absent"
    kind = "numbers" if tensor.dtype in (torch.float32, torch.float16, torch.bfloat16, torch.float64) else tensor.dtype
    return f"{tuple(tensor.shape)} of {kind}"
