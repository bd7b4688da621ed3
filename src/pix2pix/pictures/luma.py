"""How bright the colours of a photo look, of gamma-coded RGB."""

from __future__ import annotations

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green, blue; ITU-R BT.601
