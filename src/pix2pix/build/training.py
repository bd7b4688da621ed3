"""A training, from its settings to its scores: what `pix2pix train` does, and whoever trains from Python."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pix2pix.build.assembly import Parts, assemble, resumed_checkpoint
from pix2pix.callbacks.beginning import AtFirstStep
from pix2pix.data.datamodule import PairedData
from pix2pix.hints import quote
from pix2pix.processes.ranks import ending_together
from pix2pix.processes.workers import telling_lost_workers
from pix2pix.runs.run import write_score
from pix2pix.settings.compose import check, composed
from pix2pix.settings.recorded import typed_overrides
from pix2pix.settings.recording import record_settings
from pix2pix.settings.resuming import resume_arguments
from pix2pix.training.learner import Learner
from pix2pix.training.resumable import restoring

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Attributes:
        scores: of the last validation, by name.
        again: whether all epochs had been done before, so that nothing was trained.
    """

    folder: Path
    scores: dict[str, float]
    module: Learner
    data: PairedData
    again: bool = False


def train(*overrides: str, folder: str | Path, resume: bool = False) -> Trained:
    """Train as `pix2pix train OVERRIDES hydra.run.dir=FOLDER` does, in this process.

    The folder is one that every command takes, and `pix2pix train resume=FOLDER` continues.

    Args:
        overrides: of the settings, such as "experiment=facades", "data.root=facades", "schedule.epochs=20".
        folder: of the run; made where it is not there.
        resume: continue the run in the folder; of the settings those may be changed that a resume may change.

    Raises what `run_training` does, and ConfigError for every mistake in the settings.
    """
    folder = Path(folder)
    ours = [f"resume={quote(folder)}"] if resume else [f"hydra.run.dir={quote(folder)}"]
    arguments = resume_arguments([*overrides, *ours])
    settings, _ = check(arguments)
    return run_training(settings, folder, begun=partial(record_settings, composed(arguments), folder))


def run_training(
    settings: Mapping[str, Any],
    folder: Path,
    *,
    prepared: Callable[[Parts], None] = lambda parts: None,
    begun: Callable[[], None] = lambda: None,
    stopped: Callable[[], None] = lambda: None,
) -> Trained:
    """Train as checked settings say, into a run's folder.

    Args:
        settings: plain. With `resume` the run in the folder is continued.
        prepared: called with the parts before anything is trained; what it raises ends the training.
        begun: called once on the first rank, when the first step begins: a run can be made of the settings.
        stopped: called on the first rank where a signal, or another rank, ends the training.

    Raises:
        ConfigError: the folder holds another run, or weights, pictures or what was trained do not fit the settings.
        BadPairError: a pair cannot be read and data.on_bad is error.
        NonFiniteLossError, CheckpointWriteError, RankLostError, WorkerLostError: see there.
        Interrupted: a signal came; the run has been saved.
    """
    resumed = resumed_checkpoint(settings, folder)
    parts = assemble(settings, folder, resumed)
    prepared(parts)
    folder.mkdir(parents=True, exist_ok=True)
    parts.trainer.callbacks.insert(0, AtFirstStep(begun))  # type: ignore[attr-defined]
    parts.log_facts()
    score = folder / "score.json"
    done_before = resumed is not None and resumed.place["epoch"] >= settings["schedule"]["epochs"]
    if parts.trainer.is_global_zero and not done_before:
        score.unlink(missing_ok=True)  # it says that the run is finished
    path = None if resumed is None else resumed.path
    with (
        ending_together(parts.trainer, stopped),
        telling_lost_workers(),
        restoring(path, lambda: parts.module.restoring),
    ):
        parts.trainer.fit(
            parts.module,
            datamodule=parts.data,
            ckpt_path=None if path is None else str(path),
            weights_only=True,
        )
    module = parts.module
    scores = {name.removeprefix("val/"): value for name, value in module.latest_scores.items()}
    if parts.trainer.is_global_zero and not (done_before and score.exists()):
        minutes, pictures = module.seconds / 60, module.pictures_scored
        write_score(folder, typed_overrides(folder), scores, module.images_seen, minutes, pictures=pictures)
        if skipped := parts.data.skipped:
            log.info("%d bad file%s left out; each is named above.", skipped, " was" if skipped == 1 else "s were")
    return Trained(folder, scores, module, parts.data, done_before)
