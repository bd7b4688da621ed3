"""The weights of another run that a new one starts from, and what they have learned that is something else here."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pix2pix.data.datamodule import PairedData
from pix2pix.data.sources.directions import parse_direction
from pix2pix.errors import ConfigError
from pix2pix.models.weights import check_finite
from pix2pix.runs.run import RECORD, generator_weights, read_checkpoint
from pix2pix.training.learner import Learner

log = logging.getLogger(__name__)


def load_weights(module: Learner, path: str) -> Mapping[str, Any]:
    """Start from a checkpoint's weights: the generator's, and the discriminator's where it has the same shape.

    Returns the checkpoint's record (see `runs`). Raises ConfigError where the generators differ, with the first tensor
    that does.
    """
    try:
        content = read_checkpoint(Path(path).expanduser())
    except (FileNotFoundError, ValueError) as error:
        raise ConfigError(f"init_from: {error}") from error
    weights, own = generator_weights(content), module.generator.state_dict()
    for name in dict.fromkeys([*own, *weights]):
        found, expected = (tuple(each[name].shape) if name in each else "absent" for each in (weights, own))
        if found != expected:
            raise ConfigError(
                f"init_from: the generator of {path} is another one: its {name} is {found}, and these settings make it"
                f" {expected}. Its own settings: {content[RECORD]['settings']['generator']}"
            )
    try:
        check_finite(weights)
    except ValueError as error:
        raise ConfigError(f"init_from: {path}: {error}") from error
    record: Mapping[str, Any] = content[RECORD]
    module.generator.load_state_dict(weights)
    if module.average is not None:
        module.average.load_state_dict(weights)
    discriminator = module.players.get("discriminator")
    if discriminator is None:
        return record
    judge = {
        name.removeprefix("discriminator."): value
        for name, value in content.get("state_dict", {}).items()
        if name.startswith("discriminator.")
    }
    own_judge = discriminator.state_dict()
    if {name: each.shape for name, each in judge.items()} == {name: each.shape for name, each in own_judge.items()}:
        discriminator.load_state_dict(judge)
    else:
        log.warning("init_from: %s has no discriminator of this shape; it starts from random weights.", path)
    return record


def tell_differences(record: Mapping[str, Any], settings: Mapping[str, Any], data: PairedData) -> None:
    """Tell what the pictures, or the generator, of a record's training were otherwise, once all ranges are known."""
    if differing := [*_of_pictures(record, settings, data), *_of_generators(record["settings"], settings)]:
        log.warning(
            "init_from: %s was trained otherwise: %s. Its weights are taken as they are",
            settings["init_from"],
            "; ".join(differing),
        )


# ----------------------------------------------------------------------------------------------------------------------


def _of_pictures(record: Mapping[str, Any], settings: Mapping[str, Any], data: PairedData) -> Iterator[str]:
    for side, domain in (("source", data.source_domain), ("target", data.target_domain)):
        before, now = record[f"{side}_domain"], domain.to_dict()
        if before["kind"] != now["kind"]:
            yield f"the {side} was {before['kind']} and is {now['kind']}"
            continue
        for name in now:
            if before.get(name) != now[name]:
                yield f"the {name} of the {side} was {_short(before.get(name))} and is {_short(now[name])}"
    own, here = record["settings"]["data"], settings["data"]
    for name in ("derive", "task"):
        then, now = own.get(name), here.get(name)
        if then != now and None not in (then, now):  # else stored pictures may be the same
            yield f"data.{name} was {then} and is {now}"
    before, sides = _sides(own), _sides(here)
    if before is not None and sides is not None and before in (sides, sides[::-1]):
        if before != sides:
            yield f"it went from {' to '.join(before)}, and this goes from {' to '.join(sides)}"
    elif own["name"] == here["name"] and own.get("direction") != here.get("direction"):
        yield f"data.direction was {own.get('direction')} and is {here.get('direction')}"


def _of_generators(own: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    """Settings that the shapes of the weights do not show, as the norm without any of its own; noise is a recipe."""
    for name, now in here["generator"].items():
        then = own["generator"].get(name, now)
        if then != now and name != "dropout":
            yield f"generator.{name} was {_short(then)} and is {_short(now)}"


def _sides(data: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What the source and the target are called in the data set, where settings say it."""
    for names in (data.get("folders"), (data.get("source_folder"), data.get("target_folder")), data.get("patterns")):
        if names and all(names):
            return tuple(str(names[place]) for place in parse_direction(data["direction"]))
    return None


def _short(value: Any) -> str:
    said = str(value)
    return said if len(said) <= 60 else f"{said[:60]}…"
