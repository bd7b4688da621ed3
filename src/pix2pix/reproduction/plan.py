"""How many seeds and epochs fit into so many hours, from what an image costs; kept for whoever continues."""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pix2pix.errors import ConfigError
from pix2pix.files.atomic import write_whole
from pix2pix.files.json_files import read_json
from pix2pix.reproduction.methods import Method
from pix2pix.runs.record import natural_problem

USUAL_SEEDS, MOST_SEEDS = 3, 5
SPARE = 0.93  # of the hours that are planned for; the rest is for what was measured too fast
FILE = "plan.json"


@dataclass(frozen=True)
class Cost:
    """Seconds of a method's training point, where as many run at a time as will.

    Attributes:
        start: from the start of its process to the first step, and from the last to the scores, pictures aside.
        image: of a training picture.
        picture: of a validation picture, once an epoch.
        scoring: of a validation picture, at the end.
    """

    start: float
    image: float
    picture: float
    scoring: float

    def seconds(self, epochs: int, images: int, pictures: int) -> float:
        """Of the whole point."""
        return self.start + epochs * (images * self.image + pictures * self.picture) + pictures * self.scoring


@dataclass(frozen=True)
class Load:
    """What a point has to go through: training and validation pictures, and how many points run at a time."""

    images: int
    pictures: int
    jobs: int

    def hours(self, costs: Sequence[Cost], *, seeds: int, epochs: int) -> float:
        """Until the last point has ended, each starting when another ends, in the order of the points."""
        free = [0.0] * self.jobs
        ended = 0.0
        for _ in range(seeds):
            for cost in costs:
                end = heapq.heappop(free) + cost.seconds(epochs, self.images, self.pictures)
                heapq.heappush(free, end)
                ended = max(ended, end)
        return ended / 3600


@dataclass(frozen=True)
class Plan:
    """What was decided, and what it was decided from.

    Attributes:
        overrides, seeds_typed, hours: as they were typed.
        seeds, epochs: of every point.
    """

    overrides: tuple[str, ...]
    seeds_typed: int | None
    hours: float | None
    seeds: int
    epochs: int

    def write(self, folder: Path) -> None:
        """Keep it."""
        write_whole(folder / FILE, json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, folder: Path) -> Plan | None:
        """That of a folder, if there is one. Raises ConfigError where it cannot be read."""
        path = folder / FILE
        if not path.is_file():
            return None
        try:
            said = read_json(path)
            if problem := natural_problem(said, "seeds", "epochs"):
                raise ValueError(problem)
            return cls(**said | {"overrides": tuple(said["overrides"])})
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ConfigError(f"{path} cannot be read as a plan ({error!r}): move {folder} away") from None


def fit_hours(
    costs: Mapping[Method, Cost],
    load: Load,
    hours: float,
    *,
    usual_epochs: int,
    gone: float = 0.0,
    seeds: int | None = None,
    epochs: int | None = None,
) -> tuple[int, int]:
    """Seeds and epochs that fit.

    Three seeds, if half of the usual epochs fit then, else two, else one; four or five, if twice the usual epochs fit
    then. What is given for `seeds` or `epochs` stays. Of the hours, `gone` have been spent on what comes before.

    Raises ConfigError where not even the least fits, with what it takes.
    """
    each = list(costs.values())
    limit = (hours - gone) * SPARE
    for tried in [seeds] if seeds is not None else [*range(MOST_SEEDS, USUAL_SEEDS, -1), USUAL_SEEDS, 2, 1]:
        fitting = _epochs_that_fit(each, load, limit, tried)
        if epochs is not None:
            if fitting >= epochs:
                return tried, epochs
            continue
        asked = 1
        if seeds is None and tried > 1:
            asked = 2 * usual_epochs if tried > USUAL_SEEDS else max(1, usual_epochs // 2)
        if fitting >= asked:
            return tried, fitting
    least = gone + load.hours(each, seeds=seeds or 1, epochs=epochs or 1) / SPARE
    least = math.ceil(105 * least) / 100  # hours to two digits, with a little more than what was measured
    raise ConfigError(
        f"--hours: found {hours:g}, but {len(each)} methods with {seeds or 1} seed(s) and {epochs or 1} epoch(s) take"
        f" about {least:g} h here. Type --hours {least:g} or more, fewer --tables, a smaller size="
        " or fewer training pairs"
    )


def _epochs_that_fit(costs: Sequence[Cost], load: Load, hours: float, seeds: int) -> int:
    """0 where none do."""
    epochs = 0
    step = 1 << 16
    while step:
        if load.hours(costs, seeds=seeds, epochs=epochs + step) <= hours:
            epochs += step
        step >>= 1
    return epochs
