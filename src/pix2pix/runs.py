"""What a run folder and a checkpoint hold, in one place, and how a generator is rebuilt from them.

A run folder has `.hydra/` (the settings), `checkpoints/`, `metrics.csv`, `samples/`, `train.log`, and once the run is
finished `score.json`. A checkpoint holds tensors and plain values alone, so reading one never runs code from it:

    pix2pix       format, settings (plain, resolved), environment, source_domain, target_domain
    state_dict    generator.*, discriminator.*, and average.* where the run keeps an average
    …             Lightning's own: optimisers, loops, callbacks, the data module's place

A slim file holds `pix2pix` and `generator`, the weights that people translate with.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.settings.complaints import ConfigError
from pix2pix.settings.overrides import typed
from pix2pix.whole_files import write_whole

if TYPE_CHECKING:
    from pix2pix.data.derive import Derivation
    from pix2pix.models.blocks import Generator

RECORD = "pix2pix"
FORMAT = 1


def check_unused(folder: Path) -> None:
    """Raises ConfigError where a folder holds a run that can be continued."""
    if (folder / "checkpoints" / "last.ckpt").exists():
        raise ConfigError(f"{folder} holds a run already. To continue it: pix2pix train {typed('resume', folder)}")


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
    """A checkpoint's content, tensors mapped from the file. Raises ValueError where the file is none of ours."""
    from pix2pix.torch_files import read_torch

    path = checkpoint_of(path)
    content = read_torch(path, "a checkpoint", mmap=True)
    if not isinstance(content, dict) or RECORD not in content:
        raise ValueError(f"{path} is a PyTorch file, but no checkpoint of pix2pix: it has no entry {RECORD!r}")
    if content[RECORD]["format"] > FORMAT:
        found = content[RECORD]["format"]
        raise ValueError(f"{path} has format {found}, and this version reads up to {FORMAT}: install a newer pix2pix")
    return content


def build_generator(record: Mapping[str, Any]) -> Generator:
    """The generator that a record describes, without weights: from an allow-list, never by what the file says to call.

    Raises ValueError for a class that is not in the list.
    """
    from pix2pix.data.domains import domain_from_dict
    from pix2pix.models import GENERATORS
    from pix2pix.models.classifier import Classifier
    from pix2pix.models.pixel_classes import classes_of

    settings = dict(record["settings"]["generator"])
    name = settings.pop("_target_")
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
    from pix2pix.training.checkpoint_io import AtomicCheckpointIO

    content = read_checkpoint(checkpoint)
    AtomicCheckpointIO().save_checkpoint({RECORD: content[RECORD], "generator": generator_weights(content)}, slim)


def write_score(folder: Path, overrides: list[str], scores: Mapping[str, float], images: int, minutes: float) -> None:
    """Write `score.json`, which says that the run is finished. The last write of a run."""
    content = {"overrides": overrides, "scores": dict(scores), "images": images, "minutes": round(minutes, 3)}
    write_whole(folder / "score.json", json.dumps(content, indent=1) + "\n")
