"""Less flicker: each translated frame is mixed with the one before, which is first moved to where things are now."""

from __future__ import annotations

import numpy as np

from pix2pix.video.flow import Floats, optical_flow, warp
from pix2pix.video.reading import Picture

SAME_SOURCE = 12.0  # grey levels: a source that changes by so much along the flow is believed by 1/e
SAME_RESULT = 40.0  # likewise a translation: more is no flicker but another thing


class Smoothing:
    """Exponential smoothing along the source's optical flow.

    y_t = x_t + w (warp(y_{t-1}) - x_t), with w = strength where the source shows the same thing as before and the
    translation differs little, falling to 0 where either changes, so that nothing leaves a trail and cuts stay cuts.

    Args:
        strength: share of the past, w in [0, 1). Of white noise a change of (1 - w) / √(1 + w) is left: 0.41 at 0.5.
    """

    def __init__(self, strength: float) -> None:
        if not 0 <= strength < 1:
            raise ValueError(f"smoothing is {strength}; expected 0 (none) or more, below 1")
        self._strength = strength
        self._source: Picture | None = None
        self._result: Floats | None = None

    def __call__(self, source: Picture, translation: Picture) -> Picture:
        """The frame to show, uint8 (H, W, 3), for the next translation and the picture that it was made from."""
        now = translation.astype(np.float32)
        if self._strength and self._source is not None and self._result is not None:
            flow = optical_flow(self._source, source)
            source_before, inside = warp(self._source, flow)
            before, _ = warp(self._result, flow)
            weight = self._strength * inside * _alike(source, source_before, SAME_SOURCE)
            weight *= _alike(now, before, SAME_RESULT)
            now += weight[:, :, None] * (before - now)
        self._source, self._result = source, now
        return np.rint(now).astype(np.uint8)


def _alike(now: Picture | Floats, before: Floats, scale: float) -> Floats:
    """(H, W): 1 where the pictures agree, exp(-1) where they differ by `scale` on average over channels."""
    difference = np.abs(now - before).mean(axis=2) / scale
    alike: Floats = np.exp(-np.square(difference)).astype(np.float32)
    return alike
