"""TensorBoard, with the whole config under HParams, and cut back to the checkpoint when a run resumes."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities import rank_zero_only


class TensorBoardTracker(TensorBoardLogger):
    """Writes event files to `folder/tensorboard`.

    Args:
        folder: the run folder.
        flush_secs: seconds that a value may wait before it is on disk.
    """

    def __init__(self, folder: str | Path, flush_secs: int = 10) -> None:
        super().__init__(folder, name=None, version="tensorboard", default_hp_metric=False, flush_secs=flush_secs)

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any) -> None:
        """Log the config, nested or flat, without the metric of -1 that Lightning would add to the scalars."""
        from torch.utils.tensorboard.summary import hparams

        nested = vars(params) if isinstance(params, Namespace) else params
        self.hparams.update(nested)
        writer = self.experiment._get_file_writer()
        for summary in hparams(flat(nested), {}):  # type: ignore[no-untyped-call]
            writer.add_summary(summary)

    @rank_zero_only
    def cut_back(self, images: int) -> None:
        """Hide what was logged at more than `images` images: readers drop all from the step of a restart on."""
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog  # type: ignore[import-untyped]

        writer = self.experiment._get_file_writer()
        writer.add_event(Event(step=images + 1, session_log=SessionLog(status=SessionLog.START)))


def flat(params: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} becomes {"a.b": 1}; what is no number, truth value or string becomes text."""
    values: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, dict):
            values |= flat(value, f"{prefix}{key}.")
        else:
            values[f"{prefix}{key}"] = value if isinstance(value, bool | int | float | str) else str(value)
    return values
