"""Files that torch.save wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch


def read_torch(path: Path, expected: str, *, mmap: bool = False) -> Any:
    """The content on the CPU: tensors, numbers, texts and containers; nothing in the file is ever called.

    Args:
        expected: what it is to be, for the message.
        mmap: leave tensors in the file until they are used.

    Raises:
        ValueError: it cannot be read. PyTorch's own message would advise to trust the file.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except MemoryError:
        raise
    except Exception as error:  # PyTorch raises many kinds for files that are not its own
        why = "it is none, was cut off, or holds more than tensors and plain values"
        if isinstance(error, OSError):
            why = error.strerror or str(error)
        raise ValueError(f"{path} cannot be read as {expected}: {why}") from error
