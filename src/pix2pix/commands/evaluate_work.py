"""What `pix2pix evaluate` does: each run is scored, or its scores are read again; several are compared."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pix2pix.errors import ConfigError
from pix2pix.evaluation import compare, files
from pix2pix.evaluation.compare import Evaluated
from pix2pix.evaluation.one_run import Request, evaluate
from pix2pix.evaluation.run import EvaluationError, Run, open_run
from pix2pix.evaluation.scored import CATALOGUE, JUDGE, wanted_metrics
from pix2pix.evaluation.tables import aligned, markdown, one_run
from pix2pix.evaluation.which_judge import NONE
from pix2pix.files.atomic import write_whole
from pix2pix.processes.devices import usable_device
from pix2pix.processes.memory import keep_freed_memory
from pix2pix.runs.trust import check_entries


def run_command(arguments: argparse.Namespace) -> None:
    """Evaluate and print. Raises EvaluationError for what is not as it was typed, BadPairError for bad pictures."""
    request = Request(
        split=arguments.split,
        wanted=None if arguments.metrics is None else wanted_metrics(arguments.metrics.split(",")),
        weights=arguments.weights,
        judge=arguments.judge,
        pictures=arguments.pictures,
        rank_by=arguments.rank_by,
        rows=arguments.rows,
        resamples=arguments.resamples,
        device=_device(arguments.device),
        again=arguments.again,
    )
    _check_heeded(request)
    runs = [open_run(typed, data_root=arguments.data_root, trust=arguments.trust) for typed in arguments.runs]
    if arguments.output is not None and len(runs) == 1:
        runs = [replace(runs[0], folder=arguments.output)]
    else:
        _check_places(runs, trusted=arguments.trust)
    for place, run in enumerate(runs):
        same = next((other for other in runs[:place] if other.weights == run.weights), None)
        if same is not None:
            raise EvaluationError(f"{same.shown} and {run.shown} have the same weights: name each run once")
    if request.device == "cpu":
        keep_freed_memory()
    evaluated = [evaluate(run, request) for run in runs]
    if len(evaluated) > 1:
        _compare(evaluated, arguments.split, arguments.output)
    else:
        _print_one(evaluated[0], arguments.split)


def _check_heeded(request: Request) -> None:
    """Raises EvaluationError for what no score that was asked for would heed."""
    weighed = [name for name, entry in CATALOGUE.items() if entry.weights is not None]
    if request.weights is not None and not set(weighed) & set(request.wanted or ()):
        raise EvaluationError(
            f"--weights: for {', '.join(weighed)}, and --metrics names none of them: name one, or leave it out"
        )
    if request.judge not in (None, NONE) and request.wanted is not None and JUDGE not in request.wanted:
        raise EvaluationError("--judge: --metrics asks for no score of a judge: add judge to it, or leave --judge out")


def _check_places(runs: Sequence[Run], *, trusted: bool) -> None:
    """Raises EvaluationError where what is written into a run would go elsewhere."""
    try:
        for run in runs:
            check_entries(run.folder.parent, run.folder.name, trusted=trusted)
    except ConfigError as error:
        raise EvaluationError(str(error)) from error


def _device(typed: str) -> str:
    try:
        return usable_device(typed)
    except ValueError as error:
        raise EvaluationError(f"--device: {error}") from error


def _print_one(each: Evaluated, split: str) -> None:
    print(f"{each.run.shown} · {len(each.measured.names)} pictures of {split}\n")
    print(aligned(one_run(each.scores)))
    for name, reason in each.left_out.items():
        print(f"\nLeft out: {name} {reason}")
    folder = each.run.folder / split
    print(f"\n{folder}: {files.GRID} to look at, {files.PICTURES}, {files.METRICS}")


def _compare(evaluated: Sequence[Evaluated], split: str, output: Path | None) -> None:
    compare.check_same_pictures(evaluated)
    found = compare.methods(evaluated)
    pairs = compare.differences(found)
    tables = [(f"{len(evaluated[0].measured.names)} pictures of {split}", compare.method_rows(found))]
    if any(len(method.runs) > 1 for method in found):
        tables.append(("Each run", compare.run_rows(found)))
    tables += [(f"{pair.first.label} minus {pair.second.label}", compare.difference_rows(pair)) for pair in pairs]
    legend, caution = compare.legend(found), compare.caution(found)
    print("\n".join(legend))
    for title, rows in tables:
        print(f"\n{title}\n\n{aligned(rows)}")
    if caution:
        print(f"\n{caution}")
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        page = ["\n".join(f"- {line}" for line in legend)]
        page += [f"## {title}\n\n{markdown(rows)}" for title, rows in tables]
        page += [caution] if caution else []
        files.write_json(output / "comparison.json", compare.comparison(split, found, pairs))
        write_whole(output / "comparison.md", "\n\n".join(page) + "\n")
        print(f"\n{output}: comparison.md, comparison.json")
