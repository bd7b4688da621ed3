"""The schema of the composed settings: what may be set, its type, its range. Torch-free: mistakes end at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter
from pydantic.dataclasses import dataclass

from pix2pix.settings.complaints import MISSING, UNKNOWN, ConfigError, missing_values, schema_problems
from pix2pix.settings.rules import cross_problems
from pix2pix.settings.schema.classes import CLASS_SCHEMAS
from pix2pix.settings.schema.data import DataSettings, PairsSettings
from pix2pix.settings.schema.fields import (
    STRICT,
    Count,
    Flag,
    Halvings,
    Natural,
    Number,
    Rate,
    Text,
    Weight,
    Whole,
    Width,
)


@dataclass(config=STRICT)
class SizeSettings:
    name: str
    side: Count
    base_channels: Width
    depth: Halvings
    receptive_field: Count
    discriminator_channels: Width


@dataclass(config=STRICT)
class ObjectiveSettings:
    adversarial: Literal["vanilla", "least_squares", "hinge"] | None
    conditional: Flag
    adversarial_weight: Weight
    l1_weight: Weight
    l2_weight: Weight
    l1_scale: Literal[1, 2, 4] = 1
    feature_matching_weight: Weight = 0
    perceptual_weight: Weight = 0
    vgg19: Text | None = None
    r1_gamma: Weight = 0
    r1_every: Count = 1
    augment: list[Literal["colour", "translation", "cutout"]] = Field(default_factory=list)


@dataclass(config=STRICT)
class ClassesSettings:
    kind: Literal["classes"]
    temperature: Annotated[Number, Field(gt=0, le=1)]
    uniform: Annotated[Number, Field(gt=0, le=1)]


@dataclass(config=STRICT)
class OptimizerSettings:
    lr: Rate
    discriminator_lr: Rate
    algorithm: dict[str, Any]


@dataclass(config=STRICT)
class ScheduleSettings:
    epochs: Count
    decay_epochs: Natural


@dataclass(config=STRICT)
class TrainingSettings:
    accumulate: Count
    clip_norm: Rate | None
    average: Annotated[Number, Field(gt=0)] | None
    compile: Flag
    channels_last: Flag | Literal["auto"]
    log_every_images: Count


@dataclass(config=STRICT)
class TranslationSettings:
    noise: Flag
    statistics: Literal["picture", "running"]


@dataclass(config=STRICT)
class Settings:
    """The whole of what `pix2pix train` composes."""

    name: Text
    seed: Annotated[Whole, Field(ge=0, lt=2**32)]
    size: SizeSettings
    data: DataSettings
    generator: dict[str, Any]
    discriminator: dict[str, Any]
    objective: Annotated[
        Annotated[ObjectiveSettings, Tag("terms")] | Annotated[ClassesSettings, Tag("classes")],
        Discriminator(lambda objective: "classes" if "kind" in objective else "terms"),
    ]
    optimizer: OptimizerSettings
    schedule: ScheduleSettings
    trainer: dict[str, Any]
    logger: dict[str, Any]
    callbacks: dict[str, dict[str, Any]]
    training: TrainingSettings
    translation: TranslationSettings
    resume: Text | None = None
    init_from: Text | None = None
    sweep_metric: Text | list[Text] | None = None


SETTINGS = TypeAdapter(Settings)
SECTIONS = (
    *("size", "data", "generator", "discriminator", "objective", "optimizer", "schedule", "trainer", "logger"),
    *("callbacks", "training", "translation"),
)
OWN_SOURCES = "pix2pix.data.sources."  # where the pair sources of this package live


def validate(plain: Mapping[str, Any]) -> None:
    """Check composed settings (plain containers, interpolations resolved) before anything heavy is imported.

    Raises ConfigError, which names every key that is wrong, what was found, what was expected, and what to type.
    """
    settings = with_whole_domains(plain)
    problems = _unresolved(plain) or missing_values(settings)
    problems = problems or mistyped(plain) or list(cross_problems(settings))
    if problems:
        raise ConfigError("\n".join(problems))


def _unresolved(plain: Any, key: str = "") -> list[str]:
    """Texts that refer to something once more: whoever made a network of them would look it up, and call it."""
    if isinstance(plain, Mapping):
        return [each for name, value in plain.items() for each in _unresolved(value, f"{key}.{name}" if key else name)]
    if isinstance(plain, list | tuple):
        return [each for index, value in enumerate(plain) for each in _unresolved(value, f"{key}.{index}")]
    if isinstance(plain, str) and "${" in plain:
        return [f"{key}: found {plain!r}, expected a text without ${{"]
    return []


def mistyped(plain: Mapping[str, Any]) -> list[str]:
    """The values that no setting of theirs can have, each by itself, a line each."""
    settings = with_whole_domains(plain)
    return [*schema_problems(SETTINGS, settings), *_class_problems(settings)]


def recorded_problems(settings: Mapping[str, Any], needed: Sequence[str]) -> list[str]:
    """What is wrong with settings that a file holds, as far as it holds them, a line each; what is unknown is not.

    Args:
        settings: plain, with texts as keys.
        needed: dotted keys that must be there.
    """
    problems = [f"{name} is no section" for name in SECTIONS if not isinstance(settings.get(name, {}), dict)]
    problems += [f"{key} is missing" for key in needed if not problems and not _has(settings, key)]
    if problems:
        return problems
    plain = with_whole_domains(settings)
    problems = schema_problems(SETTINGS, plain, passed_over=(UNKNOWN, MISSING))
    if problems:
        return problems
    problems = _class_problems(plain, passed_over=(MISSING,))
    pairs = plain["data"].get("pairs") or {}
    if str(pairs.get("_target_")).startswith(OWN_SOURCES):
        problems += schema_problems(TypeAdapter(PairsSettings), _own(pairs), "data.pairs", passed_over=(UNKNOWN,))
    return problems


def _has(settings: Any, key: str) -> bool:
    for name in key.split("."):
        if not isinstance(settings, Mapping) or name not in settings:
            return False
        settings = settings[name]
    return True


def with_whole_domains(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Domains may be typed by their kind alone."""
    settings = {**plain, "data": {**plain.get("data", {})}}
    for side in ("source", "target"):
        if isinstance(settings["data"].get(side), str):
            settings["data"][side] = {"kind": settings["data"][side]}
    return settings


def _class_problems(settings: Mapping[str, Any], passed_over: Sequence[str] = ()) -> list[str]:
    sections = {"generator": settings.get("generator"), "discriminator": settings.get("discriminator")}
    sections |= {f"callbacks.{name}": section for name, section in (settings.get("callbacks") or {}).items()}
    problems = []
    for key, section in sections.items():
        if isinstance(section, Mapping) and str(section.get("_target_")) in CLASS_SCHEMAS:
            schema = TypeAdapter(CLASS_SCHEMAS[section["_target_"]])
            problems += schema_problems(schema, _own(section), key, passed_over)
    return problems


def _own(section: Mapping[str, Any]) -> dict[str, Any]:
    """What a section says of its class, less what Hydra is told."""
    return {name: value for name, value in section.items() if not name.startswith("_")}
