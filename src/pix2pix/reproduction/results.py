"""From the points' own files to the tables and orderings: plain values, the same however often the work was stopped."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pix2pix.evaluation.scores import REAL, Score, over_seeds
from pix2pix.reproduction.methods import SCORES, Method, Task
from pix2pix.reproduction.orderings import judge_relation, orderings, overall
from pix2pix.reproduction.points import FINISHED_BY, point_folder
from pix2pix.reproduction.tables import Table, methods

RESAMPLES = 1000
MORE: Mapping[Task, tuple[str, ...]] = {  # shown beside the paper's scores
    "labels2photo": ("ssim", "log_spectrum_distance"),
    "photo2labels": (),
    "colour": ("psnr", "log_spectrum_distance"),
}
OfSeeds = Mapping[int, Mapping[str, Score]]


@dataclass(frozen=True)
class Scored:
    """What is known so far.

    Attributes:
        of_seeds: method → seed → score by name, of the points that are finished.
        means: method → score by name: the mean over its seeds.
    """

    of_seeds: Mapping[Method, OfSeeds]
    means: Mapping[Method, Mapping[str, Score]]


def gather(folder: Path, chosen: Iterable[Method], seeds: int) -> Scored:
    """Read the scores of every finished point, and take those of a method together."""
    of_seeds: dict[Method, dict[int, Mapping[str, Score]]] = {}
    for method in chosen:
        finished = {}
        for seed in range(seeds):
            point = point_folder(folder, method, seed)
            if (point / FINISHED_BY).exists():
                finished[seed] = point_scores(point, (point / FINISHED_BY).stat().st_mtime_ns)
        of_seeds[method] = finished
    # Another drawing of seeds for each method, whatever others there are.
    means = {
        method: over_seeds(list(runs.values()), seed=zlib.crc32(method.key.encode()))
        for method, runs in of_seeds.items()
        if runs
    }
    return Scored(of_seeds, means)


@lru_cache(maxsize=512)
def point_scores(point: Path, stamp: int) -> Mapping[str, Score]:
    """The scores of one point, resampled over its pictures.

    Args:
        stamp: of the file that says that it is finished; another one, and it is read again.
    """
    from pix2pix.evaluation.files import read
    from pix2pix.evaluation.scored import scored
    from pix2pix.evaluation.scores import scores_of

    stored = read(point / "evaluation" / "val")
    assert stored is not None, f"{point} is finished, but its evaluation is not there"
    target = _target_domain(point)
    scores: dict[str, Score] = {}
    for name, contributions in stored.measured.contributions.items():
        each = scored(name, target)
        scores |= scores_of(contributions, each.values, unit=each.unit, better=each.better, resamples=RESAMPLES)
    return scores


def histograms(folder: Path, method: Method, seeds: Iterable[int]) -> NDArray[np.float64] | None:
    """Pixels of all pictures and seeds in each bin of a and b: (translation and target, a and b, bins)."""
    from pix2pix.evaluation.files import read

    total = None
    for seed in seeds:
        stored = read(point_folder(folder, method, seed) / "evaluation" / "val")
        if stored is None or "lab_histogram" not in stored.measured.contributions:
            return None
        flat = stored.measured.contributions["lab_histogram"].sum(axis=0)
        channels = 2 if method.task == "colour" else 3
        counts = flat.reshape(2, channels, -1)[:, -2:]
        total = counts if total is None else total + counts
    return total


def as_plain(folder: Path, shown: Sequence[Table], seeds: int) -> dict[str, Any]:
    """Tables and orderings as plain values, for JSON, Markdown and the page."""
    found = gather(folder, methods(shown), seeds)
    return {
        "tables": [_table(table, found) for table in shown],
        "orderings": _orderings({table.name: table for table in shown}, found, seeds),
    }


def point_facts(folder: Path, chosen: Sequence[Method], seeds: int) -> list[dict[str, Any]]:
    """Minutes, images and environment of every finished point."""
    facts = []
    for method in chosen:
        for seed in range(seeds):
            path = point_folder(folder, method, seed) / FINISHED_BY
            if path.exists():
                said = json.loads(path.read_text(encoding="utf-8"))
                kept = {name: said[name] for name in ("minutes", "images", "judge", "environment")}
                facts.append({"method": method.key, "seed": seed, **kept})
    return facts


def _table(table: Table, found: Scored) -> dict[str, Any]:
    names = SCORES[table.task]
    rows = []
    for column in table.columns:
        of_seeds, means = found.of_seeds[column.method], found.means.get(column.method, {})
        ours = {
            name: {**means[name].to_dict(), "seeds": {seed: runs[name].value for seed, runs in of_seeds.items()}}
            for name in (*names, *MORE[table.task])
            if name in means
        }
        rows.append({"label": column.label, "method": column.method.key, "paper": column.paper, "ours": ours})
    return {
        "name": table.name,
        "title": table.title,
        "task": table.task,
        "scores": list(names),
        "more": list(MORE[table.task]),
        "rows": rows,
        "real": {"paper": table.real, "ours": _real(table, found)},
    }


def _real(table: Table, found: Scored) -> dict[str, Any]:
    """What the judge sees in the real photos; each point has measured it, on the same photos."""
    for column in table.columns:
        for runs in found.of_seeds[column.method].values():
            return {name: runs[REAL + name].to_dict() for name in SCORES[table.task] if REAL + name in runs}
    return {}


def _orderings(tables: Mapping[str, Table], found: Scored, seeds: int) -> list[dict[str, Any]]:
    listed = []
    for ordering in orderings(tables):
        relations = [judge_relation(relation, found.means, found.of_seeds, seeds) for relation in ordering.relations]
        listed.append(
            {
                "number": ordering.number,
                "text": ordering.text,
                "verdict": overall(relations),
                "relations": [
                    {
                        "text": each.relation.text,
                        "score": each.relation.score,
                        "verdict": each.verdict,
                        "value": _plain(each.value),
                        "low": _plain(each.low),
                        "high": _plain(each.high),
                        "signs": list(each.signs),
                        "reversed": each.reversed,
                    }
                    for each in relations
                ],
            }
        )
    return listed


def _plain(value: float) -> float | None:
    """JSON has no NaN."""
    return float(value) if np.isfinite(value) else None


def _target_domain(point: Path) -> Any:
    from pix2pix.data.domains import domain_from_dict
    from pix2pix.runs.run import RECORD, read_checkpoint

    return domain_from_dict(dict(read_checkpoint(point)[RECORD]["target_domain"]))
