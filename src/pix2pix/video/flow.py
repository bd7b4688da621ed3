"""Where each pixel of a frame was in the frame before: dense optical flow (Farneback 2003, as OpenCV has it)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pix2pix.video.reading import Picture

Floats = NDArray[np.float32]
LARGEST_SIDE = 512  # pixels; larger frames are looked at smaller, which changes little and costs less


def optical_flow(previous: Picture, current: Picture) -> Floats:
    """(H, W, 2): for each pixel of `current` how far away, right and down, it is found in `previous`, in pixels."""
    height, width = current.shape[:2]
    scale = min(LARGEST_SIDE / max(height, width), 1)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    before, now = (
        cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
        for frame in (previous, current)
    )
    start = np.zeros((*now.shape, 2), np.float32)
    flow = cv2.calcOpticalFlowFarneback(now, before, start, 0.5, 4, 15, 3, 5, 1.1, 0)
    if scale < 1:
        flow = cv2.resize(flow, (width, height)) * np.array([width / size[0], height / size[1]], np.float32)
    return np.asarray(flow, np.float32)


def warp(picture: NDArray[np.generic], flow: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """The picture (H, W, C) of the frame before, moved to where things are now; and (H, W), where it had anything."""
    height, width = flow.shape[:2]
    columns = flow[:, :, 0] + np.arange(width, dtype=np.float32)
    rows = flow[:, :, 1] + np.arange(height, dtype=np.float32)[:, None]
    moved = cv2.remap(picture.astype(np.float32), columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = (columns >= 0) & (columns <= width - 1) & (rows >= 0) & (rows <= height - 1)
    return moved.astype(np.float32, copy=False).reshape(picture.shape), inside
