"""A program that trains runs one after another, as the rank that its environment names.

MASTER_ADDR=… MASTER_PORT=… WORLD_SIZE=2 RANK=0 LOCAL_RANK=0 python ranks_program.py FOLDER '{"name": ["overrides", …]}'

Each rank is given a folder of its own, so that what it writes is seen.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from pix2pix.build import assembly
from pix2pix.settings.compose import check


def train_all(folder: Path, runs: Mapping[str, Sequence[str]]) -> None:
    """Train each run in `folder/name`, and leave its end there: the module's state and the scores of the validation."""
    for name, overrides in runs.items():
        settings, run = check([*overrides, f"hydra.run.dir='{folder / name}'"])
        parts = assembly.assemble(settings, run, None)
        parts.trainer.fit(parts.module, datamodule=parts.data)
        scores = {score: float(value) for score, value in parts.trainer.callback_metrics.items()}
        run.mkdir(parents=True, exist_ok=True)
        end = {"state": parts.module.state_dict(), "scores": scores, "skipped": parts.data.skipped}
        torch.save(end, run / "end.pt")


if __name__ == "__main__":
    train_all(Path(sys.argv[1]), json.loads(sys.argv[2]))
