"""Which device is the best one here, and whether one that was named can be used."""

from __future__ import annotations

import torch


def best_device() -> str:
    """cuda, mps or cpu."""
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def usable_device(name: str) -> str:
    """The device of that name, `auto` being the best one. Raises ValueError where it cannot be used here."""
    if name == "auto":
        return best_device()
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"{name!r} cannot be used here: {str(error).partition(chr(10))[0]}") from error
    return name
