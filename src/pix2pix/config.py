"""The schema of the composed settings: what may be set, its type, its range. Torch-free: mistakes end at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    Tag,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.dataclasses import dataclass
from pydantic_core import PydanticCustomError

from pix2pix.config_checks import cross_problems, missing_values, schema_problems

STRICT = ConfigDict(extra="forbid")

# Strict: what is checked here is used as it was typed, and the text "no" would count as true.
Flag = Annotated[bool, Strict()]
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Count = Annotated[Whole, Field(ge=1)]
Natural = Annotated[Whole, Field(ge=0)]
Weight = Annotated[Number, Field(ge=0)]
Share = Annotated[Number, Field(ge=0, le=1)]
Probability = Annotated[Number, Field(ge=0, lt=1)]
Rate = Annotated[Number, Field(gt=0)]
Text = Annotated[str, Field(min_length=1)]


def _height_and_width(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        raise PydanticCustomError("size", "[HEIGHT,WIDTH] in pixels, such as [128,256]") from None


def _limits(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        expected = "[LOW,HIGH] with the low below the high, one such pair a channel, or 'measured'"
        raise PydanticCustomError("range", expected) from None


def _rising(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] >= limits[1]:
        raise ValueError
    return limits


Size = Annotated[tuple[Count, Count], WrapValidator(_height_and_width)]
Pair = Annotated[tuple[Number, Number], AfterValidator(_rising)]
Range = Annotated[Pair | list[Pair] | Literal["measured"], WrapValidator(_limits)]


class ConfigError(ValueError):
    """A mistake in the settings, told to the person who typed them: no traceback is wanted."""


@dataclass(config=STRICT)
class SizeSettings:
    name: str
    side: Count
    base_channels: Count
    depth: Count
    receptive_field: Count
    discriminator_channels: Count


@dataclass(config=STRICT)
class RgbDomain:
    kind: Literal["rgb"]
    bits: Literal[8, 16] = 8


@dataclass(config=STRICT)
class GreyDomain:
    kind: Literal["grey"]
    bits: Literal[8, 16] = 8


@dataclass(config=STRICT)
class LabelsDomain:
    kind: Literal["labels"]
    palette: list[tuple[Natural, Natural, Natural]] | None = None
    classes: Count | None = None
    encoding: Literal["planes", "colours"] = "planes"


@dataclass(config=STRICT)
class LabDomain:
    kind: Literal["lab_l", "lab_ab"]


@dataclass(config=STRICT)
class RawDomain:
    kind: Literal["raw"]
    channels: Count = 1
    range: Range = "measured"
    unit: str | None = None
    nodata: Annotated[float, Strict()] | None = None
    dtype: Literal["uint8", "uint16", "int16", "float32"] = "float32"


DomainSettings = Annotated[RgbDomain | GreyDomain | LabelsDomain | LabDomain | RawDomain, Field(discriminator="kind")]
DOMAIN_KINDS = ("rgb", "grey", "labels", "lab_l", "lab_ab", "raw")


@dataclass(config=STRICT)
class EdgesSettings:
    detector: Literal["canny"]
    sigma: Rate
    low: Rate
    high: Rate
    shortest: Natural


@dataclass(config=STRICT)
class HolesSettings:
    shape: Literal["centre", "block", "boxes"]
    side: Annotated[Number, Field(gt=0, lt=1)]
    count: Count
    only: Flag
    seed: Natural


@dataclass(config=STRICT)
class DataSettings:
    """Every kind of paired data; the settings of one kind alone are None for the others."""

    name: str
    pairs: dict[str, Any]
    size: Size | None
    direction: str
    jitter: Annotated[Number, Field(ge=1, le=4)]
    mirror: Flag
    quarter_turns: Flag
    colour_jitter: Share
    batch_size: Count
    num_workers: Natural | Literal["auto"]
    cache: Natural
    on_bad: Literal["error", "skip"]
    source: DomainSettings | None
    target: DomainSettings | None
    task: (
        Literal[
            "labels2photo",
            "photo2labels",
            "edges2photo",
            "grey2colour",
            "day2night",
            "photo2map",
            "map2photo",
            "thermal2colour",
            "inpaint",
        ]
        | None
    ) = None
    train_pairs: Count | None = None
    val_pairs: Count | None = None
    test_pairs: Count | None = None
    root: str | None = None
    panels: Count | None = None
    source_folder: str | None = None
    target_folder: str | None = None
    file: str | None = None
    derive: Literal["edges", "grey", "holes", "downscale"] | None = None
    edges: EdgesSettings | None = None
    holes: HolesSettings | None = None
    factor: Annotated[Whole, Field(ge=2)] | None = None
    val_fraction: Probability | None = None
    test_fraction: Probability | None = None
    split_seed: Natural | None = None


Norm = Literal["batch", "instance", "group", "none"]
Upsampling = Literal["transposed", "resize"]


@dataclass(config=STRICT)
class UNetSettings:
    base_channels: Count
    depth: Annotated[Whole, Field(ge=2, le=12)]
    norm: Norm
    dropout: Probability
    upsampling: Upsampling


@dataclass(config=STRICT)
class ResNetSettings:
    base_channels: Count
    blocks: Count
    norm: Norm
    dropout: Probability
    upsampling: Upsampling


@dataclass(config=STRICT)
class PixelwiseSettings:
    base_channels: Count
    layers: Count
    receptive_field: Count


@dataclass(config=STRICT)
class CoarseToFineSettings:
    base_channels: Annotated[Count, Field(multiple_of=2)]
    blocks: Count
    local_blocks: Count
    halvings: Count
    norm: Norm
    dropout: Probability
    upsampling: Upsampling


@dataclass(config=STRICT)
class PatchGANSettings:
    base_channels: Count
    receptive_field: Whole
    norm: Norm
    spectral_norm: Flag = False


@dataclass(config=STRICT)
class MultiScaleSettings(PatchGANSettings):
    scales: Count = 3


@dataclass(config=STRICT)
class CheckpointsSettings:
    every_epochs: Count
    every_images: Count | None
    keep: Count
    best: list[Literal["psnr", "ssim", "l1", "rmse", "log_spectrum_distance"]]
    slim: Flag


@dataclass(config=STRICT)
class SamplesSettings:
    count: Count
    every_epochs: Count


@dataclass(config=STRICT)
class DiscriminatorWonSettings:
    threshold: Rate
    patience_images: Count


# Sections that name their class have the schema of that class; a class from elsewhere is its author's to check.
CLASS_SETTINGS: dict[str, Any] = {
    "pix2pix.models.unet.UNet": UNetSettings,
    "pix2pix.models.encoder_decoder.EncoderDecoder": UNetSettings,
    "pix2pix.models.resnet.ResNet": ResNetSettings,
    "pix2pix.models.pixelwise.Pixelwise": PixelwiseSettings,
    "pix2pix.models.coarse_to_fine.CoarseToFine": CoarseToFineSettings,
    "pix2pix.models.patchgan.PatchGAN": PatchGANSettings,
    "pix2pix.models.multiscale.MultiScale": MultiScaleSettings,
    "pix2pix.callbacks.checkpoints.Checkpoints": CheckpointsSettings,
    "pix2pix.callbacks.samples.SampleGrid": SamplesSettings,
    "pix2pix.callbacks.guards.DiscriminatorWon": DiscriminatorWonSettings,
}


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
    vgg19: str | None = None
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
    average: Annotated[Number, Field(gt=0, lt=1)] | None
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
    resume: str | None = None
    init_from: str | None = None


SETTINGS = TypeAdapter(Settings)


def validate(plain: Mapping[str, Any]) -> None:
    """Check composed settings (plain containers, interpolations resolved) before anything heavy is imported.

    Raises ConfigError, which names every key that is wrong, what was found, what was expected, and what to type.
    """
    settings = {**plain, "data": {**plain.get("data", {})}}
    for side in ("source", "target"):
        if isinstance(settings["data"].get(side), str):
            settings["data"][side] = {"kind": settings["data"][side]}
    problems = missing_values(settings) or [*schema_problems(SETTINGS, settings), *_class_problems(settings)]
    if not problems:
        problems = list(cross_problems(settings))
    if problems:
        raise ConfigError("\n".join(problems))


def _class_problems(settings: Mapping[str, Any]) -> list[str]:
    sections = {"generator": settings.get("generator"), "discriminator": settings.get("discriminator")}
    sections |= {f"callbacks.{name}": section for name, section in (settings.get("callbacks") or {}).items()}
    problems = []
    for key, section in sections.items():
        if isinstance(section, Mapping) and section.get("_target_") in CLASS_SETTINGS:
            own = {name: value for name, value in section.items() if not name.startswith("_")}
            problems += schema_problems(TypeAdapter(CLASS_SETTINGS[section["_target_"]]), own, key)
    return problems
