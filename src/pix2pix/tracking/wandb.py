"""Weights & Biases, with images seen as the axis of every chart, and one W&B run for one run folder."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.utilities import rank_zero_only

from pix2pix.tracking.identity import keep_id, known_id, run_name


class WandbTracker(WandbLogger):
    """Opens a W&B run, or continues the one that this run folder had before.

    Args:
        folder: the run folder; W&B's own files go to `folder/wandb`.
        project: the W&B project.
        mode: `offline` writes files that `wandb sync` uploads later.
        name: what the run is called; by default the last two parts of the run folder.
        entity: the W&B user or team; by default the one logged in.

    Raises:
        ModuleNotFoundError: wandb is not installed.
        wandb.errors.Error: the server does not answer within half a minute, or nobody is logged in.
    """

    def __init__(
        self,
        folder: str | Path,
        project: str = "pix2pix",
        mode: Literal["online", "offline", "disabled"] = "online",
        name: str | None = None,
        entity: str | None = None,
    ) -> None:
        import wandb

        Path(folder).mkdir(parents=True, exist_ok=True)
        identity = known_id(folder, "wandb") or secrets.token_hex(8)
        run = wandb.init(
            project=project,
            entity=entity,
            name=name or run_name(folder),
            id=identity,
            resume="allow" if mode == "online" else None,
            dir=str(folder),
            mode=mode,
            reinit="finish_previous",
            settings=wandb.Settings(init_timeout=30),
        )
        run.define_metric("images")
        run.define_metric("*", step_metric="images")
        keep_id(folder, "wandb", identity)
        super().__init__(experiment=run, project=project, save_dir=folder, id=identity)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log scalars or media. `step` is the number of images seen."""
        self.experiment.log({**metrics, "images": step})
