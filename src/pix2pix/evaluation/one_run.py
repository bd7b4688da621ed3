"""The scores of one run: measured and written, or read again where they are there."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydantic
import torch
from pydantic import ConfigDict, TypeAdapter

from pix2pix.data.datamodule import PairedData
from pix2pix.data.domains import Domain, domain_from_dict
from pix2pix.data.reading import check_not_read
from pix2pix.evaluation import files, which_judge
from pix2pix.evaluation.compare import Evaluated
from pix2pix.evaluation.files import Stored
from pix2pix.evaluation.measure import Clipped, Measured, measure
from pix2pix.evaluation.ranked import ranked_grid
from pix2pix.evaluation.run import EvaluationError, Run
from pix2pix.evaluation.scored import CATALOGUE, JUDGE, Choice, Scored, choose, names_of, scored
from pix2pix.evaluation.scores import Score, scores_of
from pix2pix.files.atomic import check_folder
from pix2pix.hints import nearest
from pix2pix.inference.doubts import range_in_words
from pix2pix.metrics.catalogue import SET_METRICS
from pix2pix.schema.problems import schema_problems
from pix2pix.version import __version__

log = logging.getLogger(__name__)

RANKED_BY, ROWS = "ssim", 3
WITHOUT_EFFECT = ("cache", "num_workers")  # data settings that change no picture


@dataclass(frozen=True)
class Request:
    """What was asked for, of every run.

    Attributes:
        wanted: names in the catalogue; None for all that suit.
        weights: where trained weights are that some scores need.
        judge: a judge's folder, a folder of judges, or "none"; None for the usual folder of judges.
        pictures: only the first so many; None for all.
        rank_by, rows: of the grid; None for what is usual.
        again: whether to replace an evaluation that is there.
    """

    split: str
    wanted: Sequence[str] | None = None
    weights: Path | None = None
    judge: str | None = None
    pictures: int | None = None
    rank_by: str | None = None
    rows: int | None = None
    resamples: int = 1000
    device: str = "cpu"
    again: bool = False


@pydantic.dataclasses.dataclass(config=ConfigDict(extra="ignore"))
class _OfJudge:
    place: str | None
    digest: str | None


@pydantic.dataclasses.dataclass(config=ConfigDict(extra="ignore"))
class _Compared:
    """The settings of an evaluation that is there, which are compared with what is asked for."""

    weights: str
    images: int | None
    noise: Any
    statistics: Any
    seed: int
    data: dict[str, Any]
    pictures: int | None
    device: str
    pix2pix: str
    judge: _OfJudge
    asked: list[str] | None
    measured: list[str]
    rank_by: str
    rows: int
    resamples: int
    clipped: tuple[int, float] = (0, 0.0)  # of the targets
    clipped_sources: tuple[int, float] = (0, 0.0)


COMPARED = TypeAdapter(_Compared)


def evaluate(run: Run, request: Request) -> Evaluated:
    """The scores of one run: read again where they are there, else measured and written.

    Raises EvaluationError where an evaluation is there with other settings, and it was not asked to replace it.
    """
    folder = run.folder / request.split
    stored = None if request.again else files.read(folder)
    if stored is None or schema_problems(COMPARED, stored.settings):  # none, or a damaged one
        return _measured(run, request, folder)
    if changes := list(_changes(stored.settings, request, _identity(run, request))):
        raise EvaluationError(
            f"{folder} holds an evaluation with other settings: {'; '.join(changes)}. To replace it: --again"
        )
    log.info("%s is there already and was read again. To measure anew: --again", folder)
    kept = COMPARED.validate_python(stored.settings)
    _tell_clipped(run, (kept.clipped_sources, kept.clipped), len(stored.measured.names))
    scores = _scores(stored.measured, _target(run), request)
    if stored.settings["resamples"] != request.resamples:
        settings = {**stored.settings, "resamples": request.resamples}
        files.write_metrics(folder, run.shown, request.split, scores, replace(stored, settings=settings))
    judge = stored.settings["judge"]["digest"]
    return Evaluated(run, stored.measured, _asked(scores, request), stored.left_out, judge)


def _measured(run: Run, request: Request, folder: Path) -> Evaluated:
    check_folder(folder)
    data, translator = run.data(request.split), run.translator()
    try:
        check_not_read((folder / name for name in files.ALL), data.sources())
    except ValueError as error:
        raise EvaluationError(str(error)) from error
    found, choice = _choose(request, data, translator.target)
    rank_by = _rank_by(request.rank_by, choice.kept)
    measured = measure(
        translator,
        data,
        request.split,
        choice,
        judge=found.judge,
        pictures=request.pictures,
        device=request.device,
        title=run.shown,
    )
    _tell_clipped(run, measured.clipped, len(measured.names))
    of_pictures = list(_of_pictures(measured, choice.kept))
    grid = ranked_grid(
        translator,
        data,
        request.split,
        measured.names,
        [row[rank_by] for row in of_pictures],
        score=rank_by,
        better=next(each.better for each in choice.kept.values() if rank_by in each.names),
        rows=request.rows or ROWS,
        device=request.device,
    )
    settings = _identity(run, request) | {
        "asked": request.wanted,
        "judge": found.to_dict(),
        "resamples": request.resamples,
        "rank_by": rank_by,
        "rows": request.rows or ROWS,
        "targets": measured.targets,
        "clipped": measured.clipped[1],
        "clipped_sources": measured.clipped[0],
    }
    scores = _scores(measured, translator.target, request)
    stored = Stored(settings, choice.left_out, measured)
    files.write(folder, run.shown, request.split, scores, stored, of_pictures, grid)
    return Evaluated(run, measured, scores, choice.left_out, settings["judge"]["digest"])


def _tell_clipped(run: Run, clipped: tuple[Clipped, Clipped], count: int) -> None:
    """Scores of targets that are clipped are too good: what the network cannot say is not asked of it."""
    outcomes = (
        "The network sees them as if they lay at its ends",
        "They are compared as if they lay at its ends, but for rmse, and so the scores are better than the"
        " translations",
    )
    for side, (pictures, share), outcome in zip(("source", "target"), clipped, outcomes, strict=True):
        if pictures:
            log.warning(
                "%s: %d of %d %ss hold numbers beyond the range of the training's%s, %.2g %% of all. %s",
                *(run.shown, pictures, count, side),
                *(range_in_words(domain_from_dict(dict(run.record[f"{side}_domain"]))), 100 * share, outcome),
            )


def _choose(request: Request, data: PairedData, target: Domain) -> tuple[which_judge.Found, Choice]:
    """The judge, where one is asked for, and what can be measured."""
    there = len(data.readable(request.split))
    size = data.transform.size or _size(data.sample(request.split, 0).target)
    found = which_judge.Found()
    if request.wanted is None or JUDGE in request.wanted:
        found = which_judge.find(request.judge, data, required=request.wanted is not None)
    choice = choose(
        request.wanted,
        target,
        pictures=min(there, request.pictures or there),
        size=size,
        weights=request.weights,
        judge=found.judge,
    )
    if found.reason:
        choice = replace(choice, left_out={**choice.left_out, JUDGE: found.reason})
    return found, choice


def _identity(run: Run, request: Request) -> dict[str, Any]:
    """What the measured values depend on; the same again, and they need not be measured again."""
    settings = run.settings
    return {
        "checkpoint": run.path.name,
        "weights": run.weights,
        "images": run.images,
        "noise": settings["translation"]["noise"],
        "statistics": settings["translation"]["statistics"],
        "seed": settings["seed"],
        "data": _plain({name: value for name, value in settings["data"].items() if name not in WITHOUT_EFFECT}),
        "pictures": request.pictures,
        "device": request.device,
        "pix2pix": __version__,
    }


def _changes(stored: Mapping[str, Any], request: Request, identity: Mapping[str, Any]) -> Iterator[str]:
    """How what is asked for differs from what is there, in words."""
    if stored["weights"] != identity["weights"]:
        yield f"it is of other weights ({stored['images']} images seen then, {identity['images']} now)"
    if stored["data"] != identity["data"]:
        yield "the data settings were others"
    for name in ("noise", "statistics", "seed", "pictures", "device", "pix2pix"):
        if stored[name] != identity[name]:
            yield f"{name} was {stored[name]} and is {identity[name]}"
    asked_judge = request.wanted is None or JUDGE in request.wanted
    if asked_judge and (changed := which_judge.change(request.judge, stored["judge"])):
        yield changed
    if stored["asked"] is not None and request.wanted is None:
        yield f"it has {', '.join(stored['asked'])} alone"
    elif missing := [name for name in request.wanted or () if name not in stored["measured"]]:
        yield f"it has no {', '.join(missing)}"
    for option, now in (("rank_by", request.rank_by), ("rows", request.rows)):
        if now not in (None, stored[option]):
            yield f"{option} was {stored[option]} and is {now}"


def _scores(measured: Measured, target: Domain, request: Request) -> dict[str, Score]:
    """Every score that was measured, with its interval where it can have one."""
    scores: dict[str, Score] = {}
    for name, contributions in measured.contributions.items():
        each = scored(name, target)
        scores |= scores_of(contributions, each.values, unit=each.unit, better=each.better, resamples=request.resamples)
    for name, value in measured.whole.items():
        entry = next(entry for entry in SET_METRICS.values() if name in entry.names)
        scores[name] = Score(value, np.empty(0), entry.unit, entry.better)
    return scores


def _asked(scores: Mapping[str, Score], request: Request) -> dict[str, Score]:
    """Of the scores, those that were asked for."""
    wanted = (*CATALOGUE, JUDGE) if request.wanted is None else request.wanted
    names = {name for each in wanted for name in names_of(each)}
    if request.judge == which_judge.NONE:
        names -= set(names_of(JUDGE))
    return {name: score for name, score in scores.items() if name in names}


def _of_pictures(measured: Measured, kept: Mapping[str, Scored]) -> Iterator[dict[str, float]]:
    """Every score of each picture alone."""
    for index in range(len(measured.names)):
        row: dict[str, float] = {}
        for name, each in kept.items():
            row |= each.values(measured.contributions[name][index])
        yield row


def _rank_by(typed: str | None, kept: Mapping[str, Scored]) -> str:
    names = [name for each in kept.values() for name in each.names]
    if not names:
        raise EvaluationError("--metrics: none of these is a score of single pictures: name ssim or psnr too")
    if typed is None:
        return RANKED_BY if RANKED_BY in names else names[0]
    if typed not in names:
        near = nearest(typed, names)
        hint = f" Nearest: {near}" if near else ""
        raise EvaluationError(f"--rank-by: {typed!r} is not measured here; there are {', '.join(names)}.{hint}")
    return typed


def _plain(values: Any) -> Any:
    """As they come back from JSON, which has no tuples and no NaN."""
    return json.loads(json.dumps(values), parse_constant=str)


def _size(picture: torch.Tensor) -> tuple[int, int]:
    return int(picture.shape[-2]), int(picture.shape[-1])


def _target(run: Run) -> Domain:
    return domain_from_dict(dict(run.record["target_domain"]))
