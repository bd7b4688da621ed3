"""Several runs on the same pictures: seeds of one method taken together, methods compared pair by pair."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from string import ascii_uppercase
from typing import Any

from pix2pix.evaluation.measure import Measured
from pix2pix.evaluation.run import EvaluationError, Run, flat_settings
from pix2pix.evaluation.scores import REAL, Score, over_seeds, verdict
from pix2pix.evaluation.tables import columns, limits, number, titled


@dataclass(frozen=True)
class Evaluated:
    """A run and how it did."""

    run: Run
    measured: Measured
    scores: Mapping[str, Score]
    left_out: Mapping[str, str]  # why others were not measured
    judge: str | None  # digest of the one whose scores are among them


@dataclass(frozen=True)
class Method:
    """Runs that differ in nothing but their seeds, often a single one.

    Attributes:
        label: a letter.
        differing: the settings in which it differs from the other methods.
        scores: means over its runs; intervals over seeds and pictures.
    """

    label: str
    runs: Sequence[Evaluated]
    differing: Mapping[str, Any]
    scores: Mapping[str, Score]

    @property
    def labels(self) -> list[str]:
        """Of its runs."""
        if len(self.runs) == 1:
            return [self.label]
        return [f"{self.label}{number}" for number in range(1, len(self.runs) + 1)]


@dataclass(frozen=True)
class Difference:
    """First minus second, of every score that both have, on the same pictures."""

    first: Method
    second: Method
    scores: Mapping[str, Score]

    def winner(self, name: str) -> str | None:
        """The label of the better one; None where the interval leaves it open."""
        labels = {"first": self.first.label, "second": self.second.label}
        found = verdict(self.scores[name])
        return labels[found] if found else None


def check_same_pictures(evaluated: Sequence[Evaluated]) -> None:
    """Raises EvaluationError where runs were not scored on the same pictures, or by one judge."""
    first = evaluated[0]
    for other in evaluated[1:]:
        ours, theirs = first.measured.names, other.measured.names
        if ours != theirs:
            name = next((each for each in (*ours, *theirs) if (each in ours) != (each in theirs)), None)
            which = "in another order" if name is None else f"only one of them has {name!r}"
            raise EvaluationError(
                f"{first.run.shown} and {other.run.shown} cannot be compared: the first has {len(ours)} pictures, the"
                f" second {len(theirs)}, and they are not the same: {which}"
            )
        if first.measured.targets != other.measured.targets:
            raise EvaluationError(
                f"{first.run.shown} and {other.run.shown} cannot be compared: their pictures have the same names, but"
                f" their targets differ: {_target_difference(first.run, other.run)}"
            )
    judged = [each for each in evaluated if each.judge is not None]
    for other in judged[1:]:
        if judged[0].judge != other.judge:
            raise EvaluationError(
                f"{judged[0].run.shown} and {other.run.shown} were scored by different judges."
                " To have both scored by the one that is there now: --again"
            )


def methods(evaluated: Sequence[Evaluated]) -> list[Method]:
    """The runs by method, in the order in which they were given."""
    groups: dict[str, list[Evaluated]] = {}
    for number_, each in enumerate(evaluated):
        kind = json.dumps(_kind(each.run), sort_keys=True)
        seeds = [other.run.settings["seed"] for other in groups.get(kind, [])]
        if each.run.settings["seed"] in seeds:
            kind += f" again {number_}"
        groups.setdefault(kind, []).append(each)
    kinds = [_kind(runs[0].run) for runs in groups.values()]
    found = []
    for place, (runs, kind_) in enumerate(zip(groups.values(), kinds, strict=True)):
        differing = {key: kind_.get(key) for key in _differing(kinds)}
        found.append(Method(_letter(place), runs, differing, over_seeds([run.scores for run in runs], seed=place)))
    return found


def differences(found: Sequence[Method]) -> list[Difference]:
    """Every pair of methods."""
    return [
        Difference(
            one,
            other,
            {
                name: one.scores[name] - other.scores[name]
                for name in one.scores
                if name in other.scores and not name.startswith(REAL)
            },
        )
        for one, other in combinations(found, 2)
    ]


def comparison(split: str, found: Sequence[Method], pairs: Sequence[Difference]) -> dict[str, Any]:
    """The content of `comparison.json`."""
    return {
        "split": split,
        "pictures": len(found[0].runs[0].measured.names),
        "methods": [
            {
                "label": method.label,
                "settings": dict(method.differing),
                "scores": {name: score.to_dict() for name, score in method.scores.items()},
                "runs": [
                    {
                        "label": label,
                        "run": each.run.shown,
                        "seed": each.run.settings["seed"],
                        "scores": {name: score.to_dict() for name, score in each.scores.items()},
                    }
                    for label, each in zip(method.labels, method.runs, strict=True)
                ],
            }
            for method in found
        ],
        "differences": [
            {
                "first": pair.first.label,
                "second": pair.second.label,
                "scores": {
                    name: {**score.to_dict(), "winner": pair.winner(name)} for name, score in pair.scores.items()
                },
            }
            for pair in pairs
        ],
    }


def legend(found: Sequence[Method]) -> list[str]:
    """A line a run: its label, path and seed, and the settings in which its method differs."""
    lines = []
    for method in found:
        differing = " ".join(f"{key}={_typed(value)}" for key, value in method.differing.items())
        for label, each in zip(method.labels, method.runs, strict=True):
            lines.append(f"{label}: {each.run.shown}, seed {each.run.settings['seed']}{differing and f', {differing}'}")
    return lines


def caution(found: Sequence[Method]) -> str | None:
    """What the intervals do not cover; None where every method has several seeds."""
    single = [method.label for method in found if len(method.runs) == 1]
    if not single:
        return None
    return (
        f"Of {' and '.join(single)} there is one seed: the intervals are over pictures and hold for that training;"
        " another seed may differ by more."
    )


def method_rows(found: Sequence[Method]) -> list[list[str]]:
    """Scores with intervals, a column a method."""
    return columns({_head(method): method.scores for method in found})


def run_rows(found: Sequence[Method]) -> list[list[str]]:
    """Values of each run."""
    labelled = (pair for method in found for pair in zip(method.labels, method.runs, strict=True))
    return columns({label: each.scores for label, each in labelled}, with_limits=False)


def difference_rows(pair: Difference) -> list[list[str]]:
    """A row a score: difference, interval, who is better."""
    one, other = pair.first.label, pair.second.label
    rows = [["", f"{one} − {other}", "95 % interval", "better"]]
    for name, score in pair.scores.items():
        shown = limits(score, signed=True)
        better = "–" if shown == "–" else pair.winner(name) or "open"
        rows.append([titled(name, score), number(score.value, signed=True), shown, better])
    return rows


def _kind(run: Run) -> dict[str, Any]:
    """What makes a run's method: everything but the seeds, and how far the training got."""
    settings = {key: value for key, value in flat_settings(run).items() if key != "seed"}
    environment = run.record["environment"]
    settings |= {"images": run.images, "trainer.precision": environment["precision"]}
    return settings


def _differing(kinds: Sequence[Mapping[str, Any]]) -> list[str]:
    keys: Iterable[str] = dict.fromkeys(key for kind in kinds for key in kind)
    differing = [key for key in keys if any(kind.get(key) != kinds[0].get(key) for kind in kinds)]
    # What the pair source is called with repeats the settings above it.
    return [key for key in differing if not key.startswith("data.pairs.")] or differing


def _target_difference(one: Run, other: Run) -> str:
    for what, ours, theirs in (
        ("data.size", one.settings["data"]["size"], other.settings["data"]["size"]),
        ("the domain", one.record["target_domain"], other.record["target_domain"]),
        ("data.task", one.settings["data"].get("task"), other.settings["data"].get("task")),
        ("data.holes", one.settings["data"].get("holes"), other.settings["data"].get("holes")),
        ("data.root", one.settings["data"].get("root"), other.settings["data"].get("root")),
    ):
        if ours != theirs:
            return f"{what} is {ours} and {theirs}"
    return "the files have changed between the two evaluations. To evaluate both now: --again"


def _head(method: Method) -> str:
    return method.label if len(method.runs) == 1 else f"{method.label}, {len(method.runs)} seeds"


def _letter(place: int) -> str:
    return ascii_uppercase[place] if place < len(ascii_uppercase) else f"R{place + 1}"


def _typed(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
