"""Settings without composing them, and finished points without training them: scores that are known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pix2pix.evaluation.files import FORMAT, KEPT
from pix2pix.reproduction.methods import Method, Setting
from pix2pix.reproduction.points import FINISHED_BY, point_folder
from pix2pix.runs.run import FORMAT as CHECKPOINT_FORMAT
from pix2pix.runs.run import RECORD
from pix2pix.settings.compose import check


def setting(
    side: int = 64, field: int = 16, data: Mapping[str, Any] | None = None, typed: Sequence[str] = ()
) -> Setting:
    held: dict[str, Any] = {
        "name": "scenes",
        "root": None,
        "size": [side, side],
        "direction": "a_to_b",
        "pairs": {},
        "batch_size": 1,
    }
    return Setting(
        tuple(typed),
        {
            "data": {**held, **(data or {})},
            "size": {"name": "tiny", "base_channels": 16},
            "discriminator": {"receptive_field": field},
            "schedule": {"epochs": 6, "decay_epochs": 0},
        },
        palette=((0, 0, 0), (255, 0, 0)),
    )


def confusions(accuracy: Sequence[float]) -> np.ndarray:
    """(pictures, 4): of two classes of 50 pixels each, this share is right in each picture."""
    return np.array([[50 * a, 50 * (1 - a), 50 * (1 - a), 50 * a] for a in accuracy])


@cache
def domains_and_settings() -> dict[str, Any]:
    """A whole record, of scenes."""
    settings, _ = check(["hydra.run.dir=outputs"])
    return {"format": CHECKPOINT_FORMAT, "settings": settings, "source_domain": {"kind": "rgb"}}


def finish(folder: Path, method: Method, seed: int, accuracy: Sequence[float], minutes: float = 1.5) -> None:
    """A finished point, whose accuracy in each of its pictures is given; of colour it is the intersection of a."""
    point = point_folder(folder, method, seed)
    evaluation = point / "evaluation" / "val"
    evaluation.mkdir(parents=True)
    (point / "checkpoints").mkdir()
    domains = {"labels2photo": "rgb", "colour": "lab_ab", "photo2labels": "labels"}
    target: dict[str, Any] = {"kind": domains[method.task]}
    if method.task == "photo2labels":
        target |= {"palette": [[0, 0, 0], [255, 0, 0]], "classes": None}
    torch.save(
        {RECORD: {**domains_and_settings(), "target_domain": target}, "generator": {}},
        point / "checkpoints" / "generator.ckpt",
    )
    arrays: dict[str, np.ndarray] = {}
    if method.task == "labels2photo":
        arrays = {"judge": confusions(accuracy), "real_judge": confusions([0.9] * len(accuracy))}
    elif method.task == "photo2labels":
        arrays = {"label_scores": confusions(accuracy)}
    if method.task != "photo2labels":
        channels = 2 if method.task == "colour" else 3
        counts = np.zeros((len(accuracy), 2, channels, 111))
        counts[:, 1, :, 55] = 100.0
        for picture, share in enumerate(accuracy):
            counts[picture, 0, :, 55] = 100 * share
            counts[picture, 0, :, 60] = 100 * (1 - share)
        arrays["lab_histogram"] = counts.reshape(len(accuracy), -1)
    names = np.array([f"val-{index}" for index in range(len(accuracy))])
    kept: dict[str, Any] = {f"{KEPT}{name}": each for name, each in arrays.items()}
    np.savez(evaluation / "contributions.npz", names=names, **kept)
    (evaluation / "metrics.json").write_text(
        json.dumps({"format": FORMAT, "settings": {"targets": "x"}, "left_out": {}})
    )
    shown = np.full((8, 8, 3), seed * 40, np.uint8)
    views: dict[str, Any] = {
        f"{kind}_{place}": shown for kind in ("source", "target", "translation") for place in range(2)
    }
    np.savez(point / "examples.npz", names=names[:2], **views)
    said = {"overrides": [], "scores": {}, "minutes": minutes, "images": 8, "judge": "abc", "environment": {}}
    (point / FINISHED_BY).write_text(json.dumps(said))
