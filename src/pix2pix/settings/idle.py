"""Settings that were typed and have no effect beside the others: whoever typed them would believe in what is not."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from hydra.core.override_parser.overrides_parser import OverridesParser

from pix2pix.errors import ConfigError
from pix2pix.schema.classes import CLASS_SCHEMAS
from pix2pix.schema.settings import with_whole_domains
from pix2pix.settings.rules import METRICS, stated_domain
from pix2pix.settings.typed import overrides

VARIABLE = "PIX2PIX_POINT"  # tells the points of sweeps and tables, which share settings, that they are such
OF_SWEEPS = ("hydra.sweep", "hydra/sweep", "hydra.launcher", "hydra/launcher", "sweep_metric")
# What only a discriminator heeds, or the terms that it gives.
OF_A_DISCRIMINATOR = (
    *("discriminator", "size.receptive_field", "size.discriminator_channels", "optimizer.discriminator_lr"),
    *("objective.conditional", "objective.r1_every", "callbacks.discriminator_won"),
)


class Reason(NamedTuple):
    """Why some keys have no effect, in words that follow their names, and what might be typed."""

    keys: Sequence[str]
    why: str
    advice: str = ""
    so: str = ""


def is_point() -> bool:
    """Whether this training is one of many that share settings, which need not have an effect on each."""
    return os.environ.get(VARIABLE) == "1"


def check_effect(arguments: Sequence[str], plain: Mapping[str, Any]) -> None:
    """Raises ConfigError for settings that were typed for one training and have no effect on it.

    Args:
        arguments: as they were typed, `resume=` among them.
        plain: the settings that they compose to, checked.
    """
    if told := [*idle(overrides(arguments), plain), *_of_sweeps(overrides(arguments))]:
        raise ConfigError("\n".join(told))


def check_effect_on_sweep(arguments: Sequence[str]) -> None:
    """Raises ConfigError where the folder of one run was typed for a sweep."""
    if found := [each for each in typed_keys(overrides(arguments)) if each == "hydra.run.dir"]:
        raise ConfigError(f"{found[0]}: a sweep has a folder for each of its runs. Type hydra.sweep.dir=FOLDER")


def idle_holdout(typed: Sequence[str], data: Mapping[str, Any], held_out: Sequence[str] | None) -> list[str]:
    """What is to be said of overrides that part data which are parted already: known once they are listed.

    Args:
        data: the settings under `data.`
        held_out: the splits whose pairs are drawn at random; None where that is not known.
    """
    keys = set(typed_keys(typed))
    told = []
    for split in ("val", "test"):
        key = f"{split}_fraction"
        if held_out is not None and split not in held_out and f"data.{key}" in keys and data[key]:
            own = "has val pairs of its own" if split == "val" else "says itself which pairs are for what"
            advice = "" if split == "val" else ", or part test pairs off there"
            told.append(f"data.{key}: {data['root']} {own}, so none are held out for {split}. Leave it out{advice}")
    if held_out is not None and "data.split_seed" in keys and not any(data[f"{each}_fraction"] for each in held_out):
        told.append("data.split_seed: no pairs are held out at random, so it has no effect. Leave it out")
    return told


def idle(typed: Sequence[str], plain: Mapping[str, Any]) -> list[str]:
    """What is to be said of those overrides that have no effect beside the other settings, a line a reason."""
    left = typed_keys(typed)
    told = []
    for reason in _reasons(with_whole_domains(plain)):
        if found := [key for key in left if any(_within(key, each) for each in reason.keys)]:
            left = [key for key in left if key not in found]
            them, have = ("them", "they have") if len(found) > 1 else ("it", "it has")
            so = reason.so or f"so {have} no effect"
            advice = f"{reason.advice}, or leave {them} out" if reason.advice else f"Leave {them} out"
            told.append(f"{', '.join(found)}: {reason.why}, {so}. {advice}")
    return told


def typed_keys(typed: Sequence[str]) -> list[str]:
    """The keys and groups of overrides that set something."""
    parsed = OverridesParser.create().parse_overrides(list(typed))
    return list(dict.fromkeys(each.key_or_group for each in parsed if not each.is_delete()))


def _within(key: str, of: str) -> bool:
    return key == of or key.startswith(f"{of}.")


def _of_sweeps(typed: Sequence[str]) -> Iterator[str]:
    if found := [key for key in typed_keys(typed) if key.startswith(OF_SWEEPS)]:
        yield f"{', '.join(found)}: for sweeps, and this is one training. Type -m too, or leave out what is for sweeps"


def _reasons(plain: Mapping[str, Any]) -> Iterator[Reason]:
    objective = plain["objective"]
    adversarial, weight = objective.get("adversarial"), objective.get("adversarial_weight")
    if not (adversarial and weight):
        own = ["objective.adversarial"] * bool(adversarial) + ["objective.adversarial_weight"] * bool(weight)
        advice = "Type an objective that has one, such as objective=l1_cgan"
        yield Reason([*OF_A_DISCRIMINATOR, *own], "this objective has no discriminator", advice)
    for key, needed in (("r1_every", "r1_gamma"), ("vgg19", "perceptual_weight"), ("l1_scale", "l1_weight")):
        if not objective.get(needed):
            yield Reason([f"objective.{key}"], f"objective.{needed} is 0", f"Type objective.{needed}=WEIGHT too")
    target = stated_domain(plain["data"], "target")
    if target is not None and target["kind"] == "labels":
        keys = ("objective.temperature", "objective.uniform")
        yield Reason(keys, "of colours, and data.target is labels", "Type data.target=lab_ab")
    yield from _of_data(plain["data"])
    yield from _of_sizes(plain)
    if plain["generator"].get("_target_") in CLASS_SCHEMAS:
        yield from _of_test_time(plain["translation"], plain["generator"])
    yield from _of_trainers(plain["trainer"])
    yield from _of_checkpoints(plain, target)


def _of_data(data: Mapping[str, Any]) -> Iterator[Reason]:
    if data["name"] != "derived":
        return
    for derive, key in (("edges", "data.edges"), ("holes", "data.holes"), ("downscale", "data.factor")):
        if data["derive"] != derive:
            yield Reason([key], f"of {derive}, and data.derive is {data['derive']}", f"Type data.derive={derive}")
    shape = data["holes"]["shape"]
    if shape != "boxes":
        yield Reason(
            ["data.holes.count"], f"data.holes.shape is {shape}, which is one hole", "Type data.holes.shape=boxes"
        )
    if shape == "centre":
        yield Reason(
            ["data.holes.seed"], "data.holes.shape is centre, which is one place", "Type data.holes.shape=block"
        )


def _of_sizes(plain: Mapping[str, Any]) -> Iterator[Reason]:
    """What `size` sets where another setting has taken its place, or nothing has it; a class of one's own may."""
    size, side = plain["size"], plain["size"]["side"]
    if list(plain["data"]["size"] or ()) != [side, side]:
        yield Reason(["size.side"], f"data.size is {plain['data']['size'] or 'null'}")
    for name, section, key in (
        ("base_channels", "generator", "base_channels"),
        ("depth", "generator", "depth"),
        ("receptive_field", "discriminator", "receptive_field"),
        ("discriminator_channels", "discriminator", "base_channels"),
    ):
        used = plain[section]
        if used.get("_target_") in CLASS_SCHEMAS and used.get(key) != size[name]:
            there = f"is {used[key]}" if key in used else f"is no setting of {str(used['_target_']).rpartition('.')[2]}"
            advice = "" if key in used else "Type generator=unet"
            yield Reason([f"size.{name}"], f"{section}.{key} {there}", advice)


def _of_test_time(translation: Mapping[str, Any], generator: Mapping[str, Any]) -> Iterator[Reason]:
    if translation["noise"] and not generator.get("dropout"):
        advice = "Type generator.dropout=0.5 too" if "dropout" in generator else "Type generator=unet"
        yield Reason(["translation.noise"], "this generator has no dropout", advice)
    if translation["statistics"] == "running" and generator.get("norm") != "batch":
        advice = "Type generator.norm=batch too" if "norm" in generator else "Type generator=unet"
        yield Reason(["translation.statistics"], "this generator has no batch norm", advice)


def _of_trainers(trainer: Mapping[str, Any]) -> Iterator[Reason]:
    if trainer.get("sync_batchnorm") and trainer.get("devices") == 1 and trainer.get("num_nodes") == 1:
        yield Reason(["trainer.sync_batchnorm"], "there is one device", "Type trainer=ddp")
    yield Reason(
        ["trainer.limit_test_batches", "trainer.limit_predict_batches"],
        "a training neither tests nor predicts",
        "Type pix2pix evaluate RUN --split test --pictures N after it",
    )
    yield Reason(
        ["trainer.log_every_n_steps"], "rows of metrics.csv are counted by pictures", "Type training.log_every_images=N"
    )


def _of_checkpoints(plain: Mapping[str, Any], target: Mapping[str, Any] | None) -> Iterator[Reason]:
    checkpoints = plain["callbacks"].get("checkpoints", {})
    key, best = "callbacks.checkpoints.best", checkpoints.get("best") or []
    if checkpoints.get("every_images", math.nan) is None:
        advice = "Type callbacks.checkpoints.every_images=N too"
        yield Reason(["callbacks.checkpoints.keep"], "callbacks.checkpoints.every_images is null", advice)
    every = plain["trainer"].get("check_val_every_n_epoch") or 1
    if best and (plain["trainer"].get("limit_val_batches") == 0 or every > plain["schedule"]["epochs"]):
        yield Reason([key], "this run would not validate", "Type trainer.limit_val_batches=1.0")
    elif target is not None and target.get("unit") is None and "rmse" in best:
        rest = ",".join(each for each in best if each in METRICS)
        advice = f"Type {key}=[{rest}], or 'data.target={{kind:raw,unit:UNIT,…}}'"
        yield Reason([key], "data.target has no unit for rmse", advice, "so there would be no best_rmse.ckpt")
