"""Flicker: how much a translated film changes from frame to frame beyond what the real film does."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pix2pix.video.flow import optical_flow, warp
from pix2pix.video.reading import Picture

FOUND_AGAIN = 24.0  # grey levels that a pixel of the real film may change along the flow, and still be the same thing
CUT = 0.5  # share of pixels not found again from which on two frames are of different shots


class Flicker(NamedTuple):
    """Mean change of a pixel from frame to frame, motion taken out, in grey levels of 255, mean over channels."""

    translated: float
    real: float
    frames: int  # pairs of frames that counted

    @property
    def excess(self) -> float:
        """What the translation changes more than the real film; below 0 it is stiller than that."""
        return self.translated - self.real


def flicker(translated: Iterable[Picture], real: Iterable[Picture]) -> Flicker:
    """Compare two films of the same things in the same places, frame by frame, at bounded memory.

    Motion is the real film's optical flow: along it each frame is compared with the one before. Pixels count where the
    real film shows the same thing in both, so neither what is uncovered nor a cut counts.

    Args:
        translated, real: frames (H, W, 3) uint8 of equal size, in order.

    Raises ValueError where the films differ in length or size, or no two frames follow each other.
    """
    changes: list[tuple[float, float]] = []
    for (before, real_before), (now, real_now) in pairwise(zip(translated, real, strict=True)):
        if now.shape != real_now.shape:
            raise ValueError(f"frames of {now.shape} were translated from frames of {real_now.shape}: sizes must agree")
        flow = optical_flow(real_before, real_now)
        moved, inside = warp(real_before, flow)
        real_change = np.abs(real_now - moved).mean(axis=2)
        counts = inside & (real_change < FOUND_AGAIN)
        if counts.mean() > CUT:
            change = np.abs(now - warp(before, flow)[0]).mean(axis=2)
            changes.append((float(change[counts].mean()), float(real_change[counts].mean())))
    if not changes:
        raise ValueError("flicker needs two frames that follow each other without a cut")
    of_translated, of_real = np.mean(changes, axis=0).tolist()
    return Flicker(of_translated, of_real, len(changes))
