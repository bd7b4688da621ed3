"""Whether a run can be continued as it was asked for: from what, for how long, and with which pairs."""

from __future__ import annotations

import logging
import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pix2pix.data.known_by import replaced
from pix2pix.errors import ConfigError
from pix2pix.hints import typed
from pix2pix.runs.run import epochs_begun, read_checkpoint, results
from pix2pix.settings.recording import absolute

log = logging.getLogger(__name__)


def newest_checkpoint(folder: Path) -> Path | None:
    """Of a run that has no `last.ckpt`, the checkpoint of most images that can be continued; None if it has none."""
    found = (path for path in folder.glob("checkpoints/*.ckpt") if path.is_file())
    whole = (path for path in found if path.name != "generator.ckpt")
    return max(whole, key=lambda path: read_checkpoint(path).get("images_seen", -1), default=None)


def check_none_lost(settings: Mapping[str, Any], folder: Path, newest: Path | None) -> None:
    """Raises ConfigError where a run has no `last.ckpt` though it must have had one: it would be trained over.

    It has had one if it is finished, or has begun an epoch after one that writes it. A run that was killed before has
    lost nothing that it does not make again.
    """
    every = settings["callbacks"].get("checkpoints", {}).get("every_epochs", math.inf)
    if not (folder / "score.json").exists() and epochs_begun(folder) <= every:
        return
    last = folder / "checkpoints" / "last.ckpt"
    ways = [f"For a new run, type its settings without resume=, or move {folder} away"]
    if newest is not None:
        ways = [
            f"To go on from {newest.name}, which is of {read_checkpoint(newest)['images_seen']} images:"
            f" {shlex.join(['cp', str(newest), str(last)])}, and the same again",
            f"For a new run from its weights: pix2pix train {typed('init_from', newest)} …",
        ]
    raise ConfigError(
        f"resume: {last} is gone, and a start from the beginning would write over {', '.join(results(folder))}."
        f" {'. '.join(ways)}"
    )


def check_epochs(asked: int, place: Mapping[str, int]) -> None:
    """Raises ConfigError where a run has begun more epochs than are asked for.

    Args:
        place: batches of an epoch that are done, both counted from 0.
    """
    within = place["batch"] > 0
    if (begun := place["epoch"] + within) > asked:
        raise ConfigError(
            f"schedule.epochs: found {asked}, and the run {'is within' if within else 'has done'} its epoch {begun}."
            f" Type schedule.epochs={begun} or more; a shorter run is a new one"
        )


def check_same_pairs(
    known_by: Mapping[str, Any], settings: Mapping[str, Any], record: Mapping[str, Any], folder: Path
) -> None:
    """Raises ConfigError where the pairs are others than those that the run in a folder was trained on.

    Of pairs of the same names it is told where their files are others: they may have been mended.

    Args:
        known_by: the pairs that are there now (see `PairedData.known_by`).
        record: of the checkpoint (see `runs`); those of earlier versions do not say.
    """
    before = record.get("pairs", known_by)
    differing = [
        f"{split} pairs: {now['count']}"
        + (" of other names" if now["count"] == before[split]["count"] else f" and not {before[split]['count']}")
        for split, now in known_by.items()
        if any(now[name] != before[split][name] for name in ("count", "names"))
    ]
    then, now = (
        absolute(data["root"]) if data.get("root") else "" for data in (record["settings"]["data"], settings["data"])
    )
    found = f"data.root={now}{f' (it was {then})' if then != now else ''}: found"
    if differing:
        raise ConfigError(
            f"{found} {', '.join(differing)}. A run is continued with the pairs that it was begun with, wherever they"
            f" are now. For a new run on these from its weights: pix2pix train {typed('init_from', folder)}"
            f" {typed('data.root', now)} …"
        )
    others = [
        f"{split} pairs {said}" for split, now in known_by.items() if (said := replaced(before[split], now)) is not None
    ]
    if others:
        log.warning(
            "%s other files under the same names: %s. The run goes on with what they hold now; what it has learned is"
            " of those before",
            found,
            ", ".join(others),
        )
