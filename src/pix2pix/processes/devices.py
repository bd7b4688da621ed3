"""Which device is the best one here, and whether one that was named can be used."""

from __future__ import annotations

import torch

KINDS = ("cpu", "cuda", "mps")


def best_device() -> str:
    """cuda, mps or cpu."""
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def usable_device(name: str) -> str:
    """The device of that name, `auto` being the best one. Raises ValueError where it cannot be used here."""
    if name == "auto":
        return best_device()
    if name.partition(":")[0] not in KINDS:
        raise ValueError(f"{name!r} is no device: expected auto, {', '.join(KINDS)}, or one of several, such as cuda:1")
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        there = ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
        there += ["mps"] * torch.backends.mps.is_available()
        raise ValueError(f"{name!r} cannot be used here: PyTorch finds {', '.join(there)} alone") from error
    return name
