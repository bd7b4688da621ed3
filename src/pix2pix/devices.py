"""Which device is the best one here."""

from __future__ import annotations

import torch


def best_device() -> str:
    """cuda, mps or cpu."""
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
