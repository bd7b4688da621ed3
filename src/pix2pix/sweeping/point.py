"""A point of a sweep, what has become of it, and how its folder tells.

A point is a list of Hydra overrides and a run folder. It is finished when its folder holds `score.json`, which training
writes at its end, or the file that whoever does more with a point names.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hydra.errors import CompactHydraException

from pix2pix.errors import ConfigError
from pix2pix.files.json_files import read_json
from pix2pix.runs.record import LARGEST, is_number, natural_problem
from pix2pix.runs.run import results
from pix2pix.runs.trust import check_entries
from pix2pix.settings.recorded import recorded_overrides


class SweepError(ValueError):
    """A sweep that cannot be run as it was asked for."""


class PointsFailedError(CompactHydraException):
    """Points of a sweep have ended without a score."""


@dataclass(frozen=True)
class Point:
    """One training of a sweep: its settings as Hydra overrides, and a run folder for it alone.

    Attributes:
        finished_by: the file in its folder that says that it is finished: `overrides`, `scores` and `minutes` as JSON.
    """

    name: str
    overrides: list[str]
    folder: Path
    finished_by: str = "score.json"


@dataclass(frozen=True)
class Result:
    """What has become of a point.

    Attributes:
        scores: of the file that says that it is finished; empty where there is none.
        minutes: of training where it is finished, else of the time until it ended.
        exit_status: as a shell counts, 128 + n after signal n; None where it was not run this time.
        last_lines: the end of a failed point's log.
        pictures: that the scores are means over, where the file says.
    """

    point: Point
    status: Literal["waiting", "running", "finished", "failed", "stopped"]
    scores: dict[str, float] = field(default_factory=dict)
    minutes: float | None = None
    exit_status: int | None = None
    last_lines: str = ""
    pictures: int | None = None


def point_name(overrides: Sequence[str], limit: int = 100) -> str:
    """A folder's name: `seed=1,objective=l1`. Where it cannot hold the overrides exactly, a hash of them ends it."""
    exact = ",".join(overrides)
    readable = re.sub(r"[^\w.=,+-]+", "-", re.sub(r"[\s'\"\[\]{}]+", "", exact), flags=re.ASCII)[:limit].rstrip(",-")
    return (
        readable
        if readable == exact
        else f"{readable}_{hashlib.sha256(exact.encode(errors='surrogatepass')).hexdigest()[:6]}"
    )


def has_begun(point: Point) -> bool:
    """Whether its training has left something, so that it is continued."""
    return bool(results(point.folder))


def finished_result(point: Point) -> Result | None:
    """What its folder says of its end; None where it has not finished, SweepError where that cannot be read."""
    score_file = point.folder / point.finished_by
    if not score_file.is_file():
        return None
    try:
        score = read_json(score_file)
        scores, minutes = score["scores"], score["minutes"]
        if not (is_number(minutes) and isinstance(scores, dict) and all(map(is_number, scores.values()))):
            raise TypeError(f"expected numbers of at most {LARGEST:g}")
        if "pictures" in score and (problem := natural_problem(score, "pictures")):
            raise ValueError(problem)
        return Result(point, "finished", scores, minutes, pictures=score.get("pictures"))
    except (ValueError, KeyError, TypeError) as error:
        raise SweepError(f"{score_file} cannot be read ({error!r}): delete it to train this point again") from None


def result_so_far(point: Point) -> Result:
    """Finished or waiting; raises SweepError where the folder holds a run of other settings, or leads out of itself."""
    try:
        check_entries(point.folder)
    except ConfigError as error:
        raise SweepError(str(error)) from error
    result = finished_result(point)
    if result or has_begun(point):
        # Hydra's record is of the first start; a score may have been written by a run that was continued.
        try:
            found = recorded_overrides(point.folder)
        except ConfigError as error:
            raise SweepError(str(error)) from error
        if found is None:
            found = read_json(point.folder / point.finished_by).get("overrides") if result else None
        expected = [one for one in point.overrides if not one.lstrip("+~").startswith(("hydra.", "hydra/"))]
        if found != expected:
            raise SweepError(
                f"{point.folder} holds a run of other settings: found {found}, expected {expected}; "
                "move it away, or set another hydra.sweep.dir"
            )
    return result or Result(point, "waiting")
