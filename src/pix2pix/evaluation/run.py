"""A finished run to be evaluated: its checkpoint, the data that it was trained on, and its generator, rebuilt."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.data.sources import SOURCES
from pix2pix.runs.run import RECORD, checkpoint_of, generator_weights, other_runs, read_checkpoint

if TYPE_CHECKING:
    from pix2pix.data.datamodule import PairedData
    from pix2pix.inference.translator import Translator

# Sections that change neither the weights nor the pictures.
WITHOUT_EFFECT = ("logger", "callbacks", "resume", "name", "sweep_metric", "data.cache", "data.num_workers")


class EvaluationError(ValueError):
    """What cannot be evaluated as it was asked for, in words."""


@dataclass(frozen=True)
class Run:
    """A checkpoint and what it says about its run.

    Attributes:
        shown: the path as it was typed.
        folder: where its evaluations go, one folder a split.
        record: settings and domains (see `runs`).
        weights: digest of the generator that people translate with.
        images: seen in training; None for a slim file, which does not say.
    """

    shown: str
    folder: Path
    path: Path
    record: Mapping[str, Any]
    weights: str
    images: int | None

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of the training."""
        settings: Mapping[str, Any] = self.record["settings"]
        return settings

    def data(self, split: str) -> PairedData:
        """The data as trained on, without a cache, since each picture is read once.

        Raises EvaluationError where the pictures are not there, or none are of this split.
        """
        from pix2pix.build.assembly import Resumed, make_data
        from pix2pix.errors import ConfigError

        settings = {**self.settings, "data": {**self.settings["data"], "cache": 0}}
        if isinstance(workers := settings["data"]["num_workers"], int):
            settings["data"]["num_workers"] = min(workers, os.cpu_count() or 1)  # of this machine
        root = settings["data"].get("root")
        if root is not None and not Path(root).expanduser().is_dir():
            raise EvaluationError(
                f"{self.shown} was trained on the pictures in {root}, and there is no such folder here."
                " Where they are now: --data-root FOLDER"
            )
        try:
            data = make_data(settings, Resumed(self.path, self.record, {}))
            data.readable(split)
        except (ConfigError, ValueError) as error:
            raise EvaluationError(f"{self.shown}: {error}") from error
        data.setup("test")
        return data

    def translator(self) -> Translator:
        """The generator with its weights. Raises EvaluationError where this version does not have its class."""
        from pix2pix.inference.translator import Translator

        try:
            return Translator.load(self.path)
        except ValueError as error:
            raise EvaluationError(f"{self.shown}: {error}") from error


def open_run(typed: str, *, data_root: str | None = None, trust: bool = False) -> Run:
    """The run that a folder, a checkpoint or a slim file means.

    Args:
        typed: the path.
        data_root: the folder where the pictures are now, if not where they were in training.
        trust: accept a pair source that is no class of this package.

    Raises:
        EvaluationError: there is no such run, it has no checkpoint, or it is not to be rebuilt.
    """
    try:
        path = checkpoint_of(Path(typed).expanduser())
        content = read_checkpoint(path)
    except (FileNotFoundError, ValueError) as error:
        raise EvaluationError(f"{error}.{other_runs(Path(typed).expanduser())}") from error
    record = dict(content[RECORD])
    record["settings"] = deepcopy(dict(record["settings"]))
    if not trust:
        _check_source(typed, record["settings"]["data"]["pairs"])
    if data_root is not None:
        _move(typed, record["settings"]["data"], data_root)
    folder = path.parent.parent if path.parent.name == "checkpoints" else path.parent
    name = "evaluation" if path.name in ("last.ckpt", "generator.ckpt") else f"evaluation_{path.stem}"
    return Run(
        typed,
        folder / name,
        path,
        record,
        _digest(generator_weights(content)),
        content.get("images_seen"),
    )


def flat_settings(run: Run) -> dict[str, Any]:
    """What a run's result depends on, by dotted keys."""
    return {
        key: value
        for key, value in _flat(run.settings)
        if not any(key == section or key.startswith(f"{section}.") for section in WITHOUT_EFFECT)
    }


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _check_source(typed: str, pairs: Mapping[str, Any]) -> None:
    """Nothing is called because a file names it: a pair source is one of this package's, looked up in a list."""
    if (name := str(pairs["_target_"])) not in SOURCES:
        raise EvaluationError(
            f"{typed} takes its pictures from {name!r:.200}, which is no pair source of this version of pix2pix."
            " If it is a class of your own, and the checkpoint too: --trust"
        )


def _move(typed: str, data: dict[str, Any], root: str) -> None:
    before = data.get("root")
    if before is None:
        raise EvaluationError(f"--data-root: {typed} was trained on data={data['name']}, which reads no folder")
    if not Path(root).expanduser().is_dir():
        raise EvaluationError(f"--data-root: there is no folder {root!r}")
    data["root"] = root
    data["pairs"] = {name: root if value == before else value for name, value in data["pairs"].items()}


def _digest(weights: Mapping[str, Any]) -> str:
    import torch

    digest = hashlib.blake2b(digest_size=16)
    for name, value in sorted(weights.items()):
        digest.update(name.encode())
        digest.update(value.contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()
