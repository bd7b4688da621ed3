"""Pictures as arrays: (H, W, C), of the type that the file has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def with_channels(stored: NDArray[np.generic]) -> Array:
    """(H, W) becomes (H, W, 1); (H, W, C) stays."""
    return stored[:, :, None] if stored.ndim == 2 else stored
