"""Scoring a point: by the judge where labels became a photo, without it elsewhere; and what is kept of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.evaluation.untrained_runs import untrained

from pix2pix.data.domains import Labels, Rgb
from pix2pix.reproduction.methods import INTERSECTIONS, JUDGED, LABELLED
from pix2pix.reproduction.points import FINISHED_BY
from pix2pix.reproduction.results import point_scores
from pix2pix.reproduction.scoring import SHOWN, score_point
from pix2pix.scenes.pictures import PALETTE
from pix2pix.segmentation_score.check import standing
from pix2pix.segmentation_score.judge import Judge
from pix2pix.segmentation_score.network import Segmenter


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judge")
    labels = Labels(palette=tuple((red, green, blue) for red, green, blue in PALETTE))
    seen = [torch.randint(0, labels.channels, (4, 4)) for _ in range(5)]
    worth = standing(seen, seen, [None] * 5, labels.channels)
    torch.manual_seed(0)
    Judge(Segmenter(3, labels.channels, 4, 2), Rgb(), labels, (16, 16), worth, {}).save(folder)
    return folder


@pytest.mark.parametrize(
    ("task", "expected"),
    [("labels2photo", JUDGED), ("grey2colour", INTERSECTIONS), ("photo2labels", LABELLED)],
)
def test_each_task_has_its_scores_though_a_judge_is_there(
    task: str, expected: tuple[str, ...], judge: Path, tmp_path: Path
) -> None:
    run = untrained(tmp_path / "run", f"data.task={task}")
    (run / "score.json").write_text(json.dumps({"overrides": ["seed=0"], "scores": {}, "images": 7, "minutes": 2.5}))
    score_point(run, str(judge))
    said = json.loads((run / FINISHED_BY).read_text())
    assert set(expected) <= set(said["scores"])
    assert (said["judge"] is not None) == (task == "labels2photo")
    assert (said["overrides"], said["minutes"], said["images"]) == (["seed=0"], 2.5, 7)
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["generator.ckpt"]
    scores = point_scores(run, 0)
    assert {name: scores[name].value for name in expected} == pytest.approx({n: said["scores"][n] for n in expected})
    with np.load(run / "examples.npz") as held:
        assert len(held["names"]) == SHOWN
        assert held["translation_0"].shape == (16, 16, 3)

    # Scored again from what is left, it is the same.
    before = (run / FINISHED_BY).read_bytes()
    (run / FINISHED_BY).unlink()
    score_point(run, str(judge))
    assert (run / FINISHED_BY).read_bytes() == before
