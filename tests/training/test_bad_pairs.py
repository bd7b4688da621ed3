"""Under data.on_bad=skip the scores are those of the pairs that can be used, each once, as if there were no others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from tests.evaluation.untrained_runs import FOLDER

from pix2pix.build.training import run_training
from pix2pix.pictures.codecs import write_picture
from pix2pix.settings.compose import check


def pairs(root: Path, val: int, *, bad: int | None) -> Path:
    """Four files to train on, and `val` to validate, of which one is cut off or not there."""
    for split, count in (("train", 4), ("val", val)):
        (root / split).mkdir(parents=True)
        for number in range(count):
            picture = np.random.default_rng([count, number]).integers(0, 256, (16, 32, 3), dtype=np.uint8)
            if not (split == "val" and number == bad):
                write_picture(root / split / f"{number}.png", picture)
    return root


def record_as_hydra_does(run: Path, typed: list[str], config_dir: Path | None = None) -> None:
    (run / ".hydra").mkdir(parents=True)
    own = [] if config_dir is None else [{"path": str(config_dir), "schema": "file", "provider": "command-line"}]
    OmegaConf.save({"hydra": {"runtime": {"config_sources": own}}}, run / ".hydra" / "hydra.yaml")
    OmegaConf.save(OmegaConf.create(typed), run / ".hydra" / "overrides.yaml")


def trained(root: Path, run: Path, *more: str) -> dict[str, Any]:
    settings, _ = check(
        [
            *(*FOLDER, "data=side_by_side", f"data.root={root}", "data.on_bad=skip", "trainer=cpu"),
            *("schedule.epochs=2", f"hydra.run.dir={run}", *more),
        ]
    )
    record_as_hydra_does(run, [])
    scores = run_training(settings, run).scores
    record: dict[str, Any] = json.loads((run / "score.json").read_text())
    assert record["scores"] == scores
    return record


@pytest.mark.parametrize("bad", [0, 2, 4])  # the last one's stand-in is the first pair
@pytest.mark.parametrize("batch", ["data.size=[16,16]", "data.size=null"])
def test_scores_are_those_of_the_good_pairs(tmp_path: Path, bad: int, batch: str, caplog: Any) -> None:
    more = (batch, "generator.depth=3")
    without = trained(pairs(tmp_path / "without", 5, bad=bad), tmp_path / "runs" / "without", *more)
    damaged = pairs(tmp_path / "damaged", 5, bad=bad)
    (damaged / "val" / f"{bad}.png").write_bytes((damaged / "val" / f"{(bad + 1) % 5}.png").read_bytes()[:200])
    caplog.clear()
    caplog.set_level("INFO")
    assert trained(damaged, tmp_path / "runs" / "damaged", *more)["scores"] == without["scores"]
    assert "1 bad file was left out" in caplog.text
