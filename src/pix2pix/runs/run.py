"""What a run folder and a checkpoint hold, in one place, and how a generator is rebuilt from them.

A run folder has `.hydra/` (the settings), `checkpoints/`, `metrics.csv`, `samples/`, `train.log`, and once the run is
finished `score.json`. A checkpoint holds tensors and plain values alone, so reading one never runs code from it:

    pix2pix       format, settings (plain, resolved, with absolute paths), environment, source_domain, target_domain,
                  seen (see `data.seen`), pairs (by what those of train and val are known again)
    state_dict    generator.*, discriminator.*, and average.* where the run keeps an average
    …             Lightning's own: optimisers, loops, callbacks, the data module's place

A slim file holds `pix2pix` and `generator`, the weights that people translate with.
"""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.errors import ConfigError
from pix2pix.files.atomic import write_whole
from pix2pix.hints import typed
from pix2pix.runs.record import OF_A_RUN, check_record, natural_problem

if TYPE_CHECKING:
    from pix2pix.data.derive import Derivation
    from pix2pix.models.blocks import Generator

RECORD = "pix2pix"
FORMAT = 1


def results(folder: Path) -> list[str]:
    """What a run has left in its folder that another start from the beginning would write over."""
    found = [*sorted(folder.glob("checkpoints/*.ckpt")), *sorted(folder.glob("samples"))]
    found += [each for each in (folder / "metrics.csv", folder / "score.json") if each.exists()]
    return [each.relative_to(folder).as_posix() for each in found]


def check_unused(folder: Path) -> None:
    """Raises ConfigError where a folder holds a run, with the ways that lead on from what it holds."""
    if not (found := results(folder)):
        return
    another = f"For a new run type another hydra.run.dir=FOLDER, or move {folder} away"
    if not (folder / ".hydra" / "config.yaml").is_file():
        raise ConfigError(
            f"{folder} holds {', '.join(found)} of a run, and no .hydra/config.yaml by which it could be continued."
            f" {another}"
        )
    begins = "" if any(folder.glob("checkpoints/*.ckpt")) else ", from its beginning since it has no checkpoint yet"
    raise ConfigError(
        f"{folder} holds a run already. To continue it{begins}: pix2pix train {typed('resume', folder)}. {another}"
    )


def epochs_begun(folder: Path) -> int:
    """How many epochs a run has begun, by its `metrics.csv` and its samples; 0 where these do not say."""
    begun, table = [0], folder / "metrics.csv"
    if table.is_file():  # a pipe would be waited for
        with suppress(OSError, UnicodeDecodeError, csv.Error), table.open(encoding="utf-8", newline="") as file:
            begun += [1 + number for row in csv.DictReader(file) if (number := _epoch(row.get("epoch"))) is not None]
    names = (path.stem.removeprefix("epoch_").partition("-")[0] for path in folder.glob("samples/epoch_*.png"))
    return max([*begun, *(int(name) for name in names if name.isdecimal())])


def _epoch(text: str | None) -> int | None:
    """The number of an epoch as `metrics.csv` writes it; None where it is none."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return int(number) if 0 <= number < 1e9 else None


def checkpoint_of(path: str | Path) -> Path:
    """The checkpoint that a path means: itself, or a run folder's `checkpoints/last.ckpt`, or its slim file.

    Raises FileNotFoundError with what was looked for.
    """
    path = Path(path)
    if path.is_file():
        return path
    for name in ("last.ckpt", "generator.ckpt"):
        if (path / "checkpoints" / name).is_file():
            return path / "checkpoints" / name
    kind = "a folder without checkpoints/last.ckpt" if path.is_dir() else "neither a file nor a folder"
    raise FileNotFoundError(f"{path} is {kind}: expected a checkpoint or the folder of a run")


def other_runs(path: Path) -> str:
    """What somebody who typed a path without a run may have meant, as a sentence behind a space; empty if nothing."""
    pattern = "*/checkpoints/last.ckpt"  # not */, which takes in the folder of a sweep beside them
    if below := len(list(path.glob(pattern))) if path.is_dir() else 0:
        return f" It holds {below} run{'s' * (below > 1)}: type {shlex.quote(str(path))}/{pattern}"
    return latest_run("checkpoints/last.ckpt")


def latest_run(file: str) -> str:
    """The latest of the runs here that hold a file, as a sentence behind a space; empty if there is none."""
    found = sorted(Path("outputs").glob(f"*/*/{file}"), key=lambda path: path.stat().st_mtime)
    return f" The latest run here: {found[-1].parents[file.count('/')]}" if found else ""


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """A checkpoint's content, tensors mapped from the file: its checksums hold, and its record is one of a run.

    Raises ValueError where the file is damaged, with what else the run's folder holds, or is none of ours.
    """
    from pix2pix.files.torch_files import read_torch

    path = checkpoint_of(path)
    try:
        content = read_torch(path, "a checkpoint", mmap=True)
    except ValueError as error:
        raise type(error)(f"{error}{_others(path)}") from error
    if not isinstance(content, dict) or RECORD not in content:
        raise ValueError(f"{path} is a PyTorch file, but no checkpoint of pix2pix: {_what_else(content, path)}")
    record = content[RECORD]
    found = record.get("format") if isinstance(record, dict) else None
    if isinstance(found, int) and found > FORMAT:
        raise ValueError(f"{path} has format {found}, and this version reads up to {FORMAT}: install a newer pix2pix")
    try:
        if found != FORMAT:
            raise ValueError(f"its format is {found!r:.40}, expected {FORMAT}")
        check_record(record, OF_A_RUN)
        _check_weights(content)
        if problem := None if "generator" in content else natural_problem(content, "images_seen"):
            raise ValueError(problem)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return content


def _others(path: Path) -> str:
    """The checkpoints beside a damaged one that are whole, as sentences behind a full stop; empty if there is none."""
    beside = [each for each in path.parent.glob("*.ckpt") if each != path and each.is_file()]
    whole = [each for each in sorted(beside, key=lambda each: each.stat().st_mtime, reverse=True) if _is_whole(each)]
    if not whole:
        return ""
    listed = f". Whole are, the latest first: {', '.join(map(str, whole))}. Any of them can be typed in its place"
    full = [other for other in whole if other.name != "generator.ckpt"]
    if path.name != "last.ckpt" or not full:
        return listed
    return f"{listed}. To train on from one: {shlex.join(['cp', str(full[0]), str(path)])}, then resume"


def _is_whole(path: Path) -> bool:
    from pix2pix.files.torch_files import read_torch

    try:
        content = read_torch(path, "a checkpoint", mmap=True)
    except ValueError:
        return False
    return isinstance(content, dict) and RECORD in content


def _what_else(content: Any, path: Path) -> str:
    """What a PyTorch file is that is no checkpoint."""
    from torch import Tensor

    states = content if isinstance(content, Mapping) else {}
    if states and all(isinstance(value, Tensor) for value in states.values()):
        typed_path = shlex.quote(str(path))
        return (
            "it is a state dict, weights without a word about their network, as pytorch-CycleGAN-and-pix2pix writes"
            f" them. To make a run of it: pix2pix import {typed_path} -o RUN"
        )
    return f"it has no entry {RECORD!r}"


def _check_weights(content: Mapping[str, Any]) -> None:
    """Raises ValueError where there are no weights by name, or they are not numbers."""
    from torch import Tensor

    states = content.get("generator", content.get("state_dict"))
    if not isinstance(states, Mapping):
        raise ValueError("it holds no weights")
    for name, value in states.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise ValueError(f"its weights hold {name!r:.40}, a {type(value).__name__}, expected tensors by name")


def build_generator(record: Mapping[str, Any]) -> Generator:
    """The generator that a record describes, without weights: from an allow-list, never by what the file says to call.

    Raises ValueError for a class that is not in the list.
    """
    from pix2pix.data.domains import domain_from_dict
    from pix2pix.models import GENERATORS
    from pix2pix.models.classifier import Classifier
    from pix2pix.models.pixel_classes import classes_of

    section = record["settings"]["generator"]
    name, settings = str(section["_target_"]), {key: value for key, value in section.items() if key[0] != "_"}
    if name not in GENERATORS:
        raise ValueError(
            f"the checkpoint's generator is {name!r}, which is not one of {', '.join(GENERATORS)}: it can only be used"
            " by code that knows that class"
        )
    source, target = (domain_from_dict(dict(record[f"{side}_domain"])) for side in ("source", "target"))
    objective = record["settings"]["objective"]
    if objective.get("kind") == "classes":
        classes = classes_of(target, objective["temperature"])
        return Classifier(GENERATORS[name](source.channels, classes.count, **settings), classes)
    return GENERATORS[name](source.channels, target.channels, **settings)


def load_generator(record: Mapping[str, Any], weights: Mapping[str, Any]) -> Generator:
    """The generator that a record describes, with its weights.

    Raises ValueError where it is of a class that is not in the list, or where the weights are another network's or are
    not finite: before memory is taken for it.
    """
    from pix2pix.models.weights import filled

    return filled(lambda: build_generator(record), weights)


def derivation_of(record: Mapping[str, Any]) -> Derivation | None:
    """What made the sources of the training from photos; None where sources were stored, or photos were the sources."""
    from pix2pix.data.derive import make_derivation
    from pix2pix.data.sources.directions import parse_direction

    data = record["settings"]["data"]
    if data["name"] != "derived" or parse_direction(data["direction"]) != (0, 1):
        return None
    return make_derivation(data["derive"], data["edges"], data["holes"], data["factor"])


def generator_weights(content: Mapping[str, Any]) -> dict[str, Any]:
    """The weights that people translate with: the average's where there is one, else the generator's."""
    if "generator" in content:
        return dict(content["generator"])
    weights = content["state_dict"]
    prefix = "average." if any(name.startswith("average.") for name in weights) else "generator."
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}


def write_slim(checkpoint: Path, slim: Path) -> None:
    """Write the slim file of a checkpoint."""
    from pix2pix.runs.checkpoint_io import AtomicCheckpointIO

    content = read_checkpoint(checkpoint)
    AtomicCheckpointIO().save_checkpoint({RECORD: content[RECORD], "generator": generator_weights(content)}, slim)


def write_score(
    folder: Path,
    overrides: list[str],
    scores: Mapping[str, float],
    images: int,
    minutes: float,
    *,
    pictures: int | None = None,
) -> None:
    """Write `score.json`, which says that the run is finished. The last write of a run.

    Args:
        images: seen in training.
        pictures: that the scores are means over; None where that is not known.
    """
    content: dict[str, Any] = {"overrides": overrides, "scores": dict(scores)}
    content |= {} if pictures is None else {"pictures": pictures}
    content |= {"images": images, "minutes": round(minutes, 3)}
    write_whole(folder / "score.json", json.dumps(content, indent=1) + "\n")
