"""Scores a trained point as `pix2pix evaluate` does, and keeps what the page shows of it."""

from __future__ import annotations

import json
import logging
from itertools import islice
from pathlib import Path

import numpy as np

from pix2pix.data.datamodule import PairedData
from pix2pix.data.domains import view_translation
from pix2pix.evaluation.measure import every_sample, translate_sample
from pix2pix.evaluation.one_run import Request, evaluate
from pix2pix.evaluation.run import Run, open_run
from pix2pix.evaluation.which_judge import NONE
from pix2pix.files.atomic import whole_file, write_whole
from pix2pix.processes.devices import best_device
from pix2pix.reproduction.methods import INTERSECTIONS, JUDGED, LABELLED
from pix2pix.reproduction.points import EXAMPLES, FINISHED_BY
from pix2pix.runs.run import write_slim
from pix2pix.segmentation_score.judge import refusal

SPLIT = "val"
IN_TABLE = (*JUDGED, *LABELLED, *INTERSECTIONS, "ssim")  # of the sweep; the page reads the evaluation
SHOWN = 6  # examples

log = logging.getLogger(__name__)


def score_point(folder: Path, judge: str) -> None:
    """Evaluate, write the examples and `reproduction.json`, and leave the generator alone in `checkpoints/`.

    Args:
        judge: the folder of that of labels → photo, or none.

    Raises EvaluationError and BadPairError as `pix2pix evaluate` does.
    """
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    checkpoints = folder / "checkpoints"
    if (checkpoints / "last.ckpt").exists():
        write_slim(checkpoints / "last.ckpt", checkpoints / "generator.ckpt")
    run = open_run(str(folder))
    data, device = run.data(SPLIT), best_device()
    judged = refusal(data) is None  # colours and labels are scored without one
    evaluated = evaluate(run, Request(SPLIT, judge=judge if judged else NONE, device=device, again=True))
    _write_examples(run, data, folder, device)
    trained = json.loads((folder / "score.json").read_text(encoding="utf-8"))
    said = {
        "overrides": trained["overrides"],
        "scores": {name: evaluated.scores[name].value for name in IN_TABLE if name in evaluated.scores},
        "minutes": trained["minutes"],
        "images": trained["images"],
        "judge": evaluated.judge,
        "environment": dict(run.record["environment"]),
    }
    write_whole(folder / FINISHED_BY, json.dumps(said, indent=1) + "\n")
    for path in checkpoints.glob("*.ckpt"):  # of a finished point the optimisers are not needed again
        if path.name != "generator.ckpt":
            path.unlink()


def _write_examples(run: Run, data: PairedData, folder: Path, device: str) -> None:
    """The first pictures: source, target and translation as people see them, uint8 (pictures, H, W, 3)."""
    translator = run.translator()
    translator.network.to(device)
    views: dict[str, list[np.ndarray]] = {"source": [], "target": [], "translation": []}
    names = []
    for sample in islice(every_sample(data, SPLIT), SHOWN):
        translated = translate_sample(translator, sample, device)
        shown = (each.cpu().numpy() for each in translated.shown)
        seen = view_translation(data.source_domain, data.target_domain, *shown)
        for kind, view in zip(("source", "translation", "target"), seen, strict=True):
            views[kind].append(view)
        names.append(sample.name)
    arrays = {f"{kind}_{place}": view for kind, each in views.items() for place, view in enumerate(each)}
    with whole_file(folder / EXAMPLES) as file:
        np.savez_compressed(file, names=np.array(names), **arrays)  # type: ignore[arg-type]
