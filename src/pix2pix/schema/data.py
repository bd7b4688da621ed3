"""The schema of `data.`: where pairs come from, and the domains of source and target."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, Strict
from pydantic.dataclasses import dataclass

from pix2pix.schema.fields import (
    STRICT,
    Count,
    Flag,
    Names,
    Natural,
    Number,
    Pairs,
    Probability,
    Range,
    Rate,
    Share,
    Size,
    Text,
    Whole,
    Width,
)


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
    classes: Annotated[Whole, Field(ge=1, le=65536)] | None = None
    encoding: Literal["planes", "colours"] = "planes"
    nodata: Whole | None = None


@dataclass(config=STRICT)
class LabDomain:
    kind: Literal["lab_l", "lab_ab"]


@dataclass(config=STRICT)
class RawDomain:
    kind: Literal["raw"]
    channels: Width = 1
    range: Range = "measured"
    unit: str | None = None
    nodata: Annotated[float, Strict()] | None = None
    dtype: Literal["uint8", "uint16", "int16", "float32"] = "float32"


DomainSettings = Annotated[RgbDomain | GreyDomain | LabelsDomain | LabDomain | RawDomain, Field(discriminator="kind")]


@dataclass(config=STRICT)
class EdgesSettings:
    detector: Literal["canny"]
    sigma: Annotated[Rate, Field(le=100)]
    low: Rate
    high: Rate
    shortest: Natural


@dataclass(config=STRICT)
class HolesSettings:
    shape: Literal["centre", "block", "boxes"]
    side: Annotated[Number, Field(gt=0, lt=1)]
    count: Annotated[Count, Field(le=1000)]
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
    num_workers: Annotated[Natural, Field(le=256)] | Literal["auto"]
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
    train_pairs: Pairs | None = None
    val_pairs: Pairs | None = None
    test_pairs: Pairs | None = None
    root: Text | None = None
    panels: Annotated[Count, Field(le=26)] | None = None
    folders: Names | None = None
    patterns: Names | None = None
    axis: Literal["axial", "coronal", "sagittal", 0, 1, 2] | None = None
    source_folder: Text | None = None
    target_folder: Text | None = None
    file: Text | None = None
    columns: Names | None = None
    derive: Literal["edges", "grey", "holes", "downscale"] | None = None
    edges: EdgesSettings | None = None
    holes: HolesSettings | None = None
    factor: Annotated[Whole, Field(ge=2, le=64)] | None = None
    val_fraction: Probability | None = None
    test_fraction: Probability | None = None
    split_seed: Natural | None = None


@dataclass(config=STRICT)
class PairsSettings:
    """Of `data.pairs`: what a file may say that the pair sources of this package are opened with."""

    root: str = ""
    direction: str = ""
    panels: Annotated[Count, Field(le=26)] = 2
    source_folder: str | None = None
    target_folder: str | None = None
    folders: Names | None = None
    patterns: Names | None = None
    file: str = ""
    columns: Names | None = None
    derive: Literal["edges", "grey", "holes", "downscale"] = "grey"
    size: Size | None = None
    jitter: Annotated[Number, Field(ge=1, le=4)] = 1
    edges: EdgesSettings | None = None
    holes: HolesSettings | None = None
    factor: Annotated[Whole, Field(ge=2, le=64)] = 4
    val_fraction: Probability = 0
    test_fraction: Probability = 0
    seed: Natural = 0
    count: Pairs | dict[Literal["train", "val", "test"], Pairs] = 1
    task: str = ""
