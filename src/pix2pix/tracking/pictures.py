"""Sends one picture, such as a grid of samples, to a tracker of any kind."""

from __future__ import annotations

import numpy as np
from lightning.pytorch.loggers import Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from numpy.typing import NDArray

from pix2pix.tracking.guarded import Guarded


def log_picture(logger: Logger, key: str, picture: NDArray[np.uint8], images: int, caption: str) -> None:
    """Log a picture under `key`; trackers that hold scalars alone, such as the csv, ignore it.

    Args:
        logger: a tracker, guarded or not.
        key: the picture's name in the tracker.
        picture: (H, W, 3), 0 to 255.
        images: images seen, the axis of everything logged.
        caption: a line of text, shown where the tracker has a place for it (W&B).
    """
    if isinstance(logger, Guarded):
        logger.attempt("logging a picture", lambda tracker: log_picture(tracker, key, picture, images, caption), None)
    elif isinstance(logger, TensorBoardLogger):
        logger.experiment.add_image(key, picture, images, dataformats="HWC")
    elif isinstance(logger, WandbLogger):
        logger.log_image(key, [picture], images, caption=[caption])
    elif isinstance(logger, MLFlowLogger):
        logger.experiment.log_image(logger.run_id, picture, key=key, step=images)
