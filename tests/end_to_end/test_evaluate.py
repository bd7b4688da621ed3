"""`pix2pix train`, then `pix2pix evaluate` as typed: the scores are those that the run gave itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.end_to_end.running_command import TINY


def typed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    script = Path(sys.executable).with_name("pix2pix")
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run([script, *words], capture_output=True, text=True, cwd=folder, env=environment, check=False)


def test_evaluation_of_a_training(tmp_path: Path) -> None:
    trained = typed(tmp_path, "train", *TINY, "hydra.run.dir=run")
    assert trained.returncode == 0, trained.stderr
    ran = typed(tmp_path, "evaluate", "run")
    assert ran.returncode == 0, ran.stderr
    own = json.loads((tmp_path / "run" / "score.json").read_text())["scores"]
    scores = json.loads((tmp_path / "run" / "evaluation" / "val" / "metrics.json").read_text())["scores"]
    assert {name: scores[name]["value"] for name in own} == pytest.approx(own, rel=2e-6)

    wrong = typed(tmp_path, "evaluate", "nothing")
    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert wrong.stderr == (
        "pix2pix evaluate: nothing is neither a file nor a folder: expected a checkpoint or the folder of a run.\n"
    )
