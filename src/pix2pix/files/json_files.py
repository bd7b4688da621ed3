"""JSON that others may have written: read up to a size and a depth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LARGEST = 16 << 20  # characters; in memory they may become 25 times as much


def read_json(path: Path) -> Any:
    """What a file holds. Raises ValueError where it is no JSON, or more than `parse_json` takes; OSError."""
    with path.open("rb") as file:
        return parse_json(file.read(LARGEST + 1).decode())


def parse_json(text: str) -> Any:
    """What a text holds. Raises ValueError where it is no JSON, is nested too deep, or is longer than `LARGEST`."""
    if len(text) > LARGEST:
        raise ValueError(f"it is larger than {LARGEST >> 20} MiB")
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
