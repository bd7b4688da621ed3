"""What `pix2pix publish` does: a folder in the layout of the Hugging Face hub, written at once; nothing is uploaded.

model.safetensors   the weights, with the description in the header: what `Translator.load` reads
config.json         the same description, for people and for the hub
README.md           the model card (see `model_card`)
samples.png         the last grid of the run's samples, where it has one, written anew: pixels and nothing else
"""

from __future__ import annotations

import csv
import json
import os
import shlex
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pix2pix.errors import BadPairError
from pix2pix.evaluation.run import Run, open_run
from pix2pix.exchange.model_card import Facts, Scores, model_card
from pix2pix.files.json_files import read_json
from pix2pix.inference.exported.extras import ExchangeError
from pix2pix.inference.exported.loading import WEIGHTS
from pix2pix.inference.exported.metadata import describe
from pix2pix.inference.exported.safetensors_file import write_safetensors
from pix2pix.inference.networks import TorchNetwork
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import read_picture, write_picture

SAMPLES = "samples.png"
VALIDATED = "val/"  # before the names of scores in metrics.csv


def publish(typed: str, folder: Path) -> list[str]:
    """Write the folder of a run, and say what is left to do, a line each.

    Args:
        typed: a run's folder, or a checkpoint.

    Raises ExchangeError or EvaluationError for a mistake.
    """
    if folder.exists():
        raise ExchangeError(f"-o: {folder} exists already; remove it or choose another name")
    run = open_run(typed)
    _check_own(typed, run, folder)
    network = run.translator().network
    assert isinstance(network, TorchNetwork)
    description = describe(
        run.record,
        multiple=network.multiple,
        precision="f32",
        noise=network.noise,
        images_seen=run.images,
    )
    samples, left_out = _newest_samples(run)
    scores = _scores(run)
    parameters = sum(parameter.numel() for parameter in network.generator.parameters())
    card = model_card(
        Facts(
            name=folder.absolute().name,
            record=run.record,
            images_seen=run.images,
            parameters=parameters,
            scores=scores,
            samples=None if samples is None else SAMPLES,
        )
    )
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.absolute().parent, prefix=f".{folder.name}.draft") as temporary:
        draft = Path(temporary) / folder.name
        draft.mkdir()
        write_safetensors(network.generator.state_dict(), description, draft / WEIGHTS)
        (draft / "config.json").write_text(json.dumps(description, indent=1, ensure_ascii=False) + "\n", "utf-8")
        (draft / "README.md").write_text(card, "utf-8")
        if samples is not None:
            write_picture(draft / SAMPLES, samples)
        draft.replace(folder)
    lines = [
        *(f"Left out: {each}" for each in left_out),
        f"{folder}: {', '.join(sorted(file.name for file in folder.iterdir()))}",
        "In README.md fill in what stands as FILL IN: the licence, and what the pictures are.",
    ]
    shown = f"{SAMPLES} shows pictures of the data: make sure that you may publish them."
    return lines if samples is None else [*lines, shown]


def _check_own(typed: str, run: Run, folder: Path) -> None:
    """Raises ExchangeError where a run's folder was typed, and its weights lie elsewhere: another's perhaps."""
    weights, own = Path(os.path.realpath(run.path)), Path(os.path.realpath(Path(typed).expanduser()))
    if own.is_dir() and not weights.is_relative_to(own):
        words = shlex.join(["pix2pix", "publish", str(weights), "-o", str(folder)])
        raise ExchangeError(f"{run.path} is a link out of the run, to {weights}. If that is to be published: {words}")


def _newest_samples(run: Run) -> tuple[Array | None, list[str]]:
    """The last grid that can be read, and why later ones cannot.

    Of one that is a link nobody knows whether it may be published.
    """
    left_out: list[str] = []
    if run.path.parent.name != "checkpoints":
        return None, left_out
    samples = run.path.parent.parent / "samples"
    for path in sorted(samples.glob("epoch_*.png"), key=_when, reverse=True):
        try:
            if samples.is_symlink() or path.is_symlink() or not path.is_file():
                raise BadPairError(f"{path}: is a link, or no file")
            return read_picture(path), left_out
        except BadPairError as error:
            left_out.append(str(error))
    return None, left_out


def _when(path: Path) -> tuple[int, str, bool, str]:
    """An order of samples by their names: those within an epoch come before that of its end."""
    epoch, _, batch = path.stem.removeprefix("epoch_").partition("-")
    return len(epoch), epoch, not batch, batch


def _scores(run: Run) -> Scores | None:
    """Of an evaluation of these weights where there is one, test before val, else of the last validation."""
    for split in ("test", "val"):
        file = run.folder / split / "metrics.json"
        if file.is_file():
            try:
                said = read_json(file)
                if said["settings"]["weights"] == run.weights:
                    values = {name: float(score["value"]) for name, score in said["scores"].items()}
                    return Scores(values, f"{int(said['pictures'])} pictures of {split}, by pix2pix evaluate")
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
                raise ExchangeError(f"{file} is damaged ({error!r}): evaluate the run anew, or delete it") from error
    return _last_validation(run)


def _last_validation(run: Run) -> Scores | None:
    file = run.path.parent.parent / "metrics.csv"
    if run.path.name != "last.ckpt" or run.path.parent.name != "checkpoints" or not file.is_file():
        return None
    try:
        with file.open(newline="", encoding="utf-8") as table:
            rows = [row for row in csv.DictReader(table) if row["images"] == str(run.images)]
        values = {name.removeprefix(VALIDATED): float(value) for name, value in _validated(rows).items() if value}
    except (ValueError, KeyError, csv.Error) as error:
        raise ExchangeError(f"{file} is damaged ({error!r}): mend it, or move it away") from error
    limit = run.settings["trainer"].get("limit_val_batches")
    part = "" if limit is None else f" (a part of them: trainer.limit_val_batches={limit})"
    return Scores(values, f"the pictures of val{part}, in the last validation of the training") if values else None


def _validated(rows: list[dict[str, Any]]) -> Mapping[str, str]:
    return {name: value for row in rows for name, value in row.items() if value and str(name).startswith(VALIDATED)}
