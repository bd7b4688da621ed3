"""What travels inside an exported file, as JSON: all that a program needs to use it, and this package to load it.

    format, pix2pix               of this description; the version that wrote it
    source_domain, target_domain  what the numbers of the pictures mean (see `data.domains`)
    settings                      those of the run that rebuild the generator and say how it translates
    seen                          what the sources of the training were like; null where it is not known
    multiple                      sides are padded to multiples of this; in .onnx and .xml the graph does it
    precision                     f32, bf16 or int8
    noise, statistics             the recipe at test time that the file follows; a graph has no noise
    images_seen                   in training; null where it is not known
    compared                      with what the file was compared, and how far it differs from its source

It is stored under `KEY` in ONNX's metadata_props, OpenVINO's rt_info and the header of safetensors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pix2pix.data.domains import domain_from_dict
from pix2pix.files.json_files import parse_json
from pix2pix.inference.exported.extras import ExchangeError
from pix2pix.runs.record import check_record, natural_problem
from pix2pix.version import __version__

KEY = "pix2pix"
FORMAT = 1
OBJECTIVE = ("kind", "temperature")  # what `runs.build_generator` looks at
# And `runs.derivation_of`, `inference.doubts`.
DATA = ("name", "direction", "size", "panels", "axis", "derive", "edges", "holes", "factor")
PRECISIONS = ("f32", "bf16", "int8")
INPUT, OUTPUT = "source", "target"  # names in the graph: float32 (B, C, H, W) in [-1, 1]


def describe(
    record: Mapping[str, Any],
    *,
    multiple: int,
    precision: str,
    noise: bool,
    images_seen: int | None,
) -> dict[str, Any]:
    """The description of a generator, but for what it was compared with.

    Args:
        record: of the checkpoint (see `runs`). Of its settings those travel that rebuild the generator, and no path.
        noise: whether dropout can act in the file.
    """
    settings = record["settings"]
    return {
        "format": FORMAT,
        "pix2pix": __version__,
        "source_domain": dict(record["source_domain"]),
        "target_domain": dict(record["target_domain"]),
        "settings": {
            "generator": dict(settings["generator"]),
            "objective": {name: value for name, value in settings["objective"].items() if name in OBJECTIVE},
            "translation": dict(settings["translation"]),
            "training": {"channels_last": settings["training"]["channels_last"]},
            "data": {name: settings["data"].get(name) for name in DATA},
            "seed": settings["seed"],
        },
        "seen": record.get("seen"),
        "multiple": multiple,
        "precision": precision,
        "noise": noise,
        "statistics": settings["translation"]["statistics"],
        "images_seen": images_seen,
        "compared": None,
    }


def to_text(description: Mapping[str, Any]) -> str:
    """As it is stored."""
    return json.dumps(description, ensure_ascii=False)


def from_text(text: str | None, path: Path) -> dict[str, Any]:
    """The description that a file holds. Raises ExchangeError where it has none, a damaged or a newer one."""
    if text is None:
        raise ExchangeError(f"{path} was not exported by pix2pix: its metadata have no entry {KEY!r}")
    try:
        description = parse_json(text)
        found = int(description["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise ExchangeError(f"{path}: its entry {KEY!r} is damaged ({error}): export the model again") from error
    if found > FORMAT:
        raise ExchangeError(
            f"{path} has format {found}, and this version reads up to {FORMAT}: install a newer pix2pix"
        )
    try:
        check_record(description)
        _check_rest(description)
    except ValueError as error:
        raise ExchangeError(f"{path}: {error}") from error
    return dict(description)


def _check_rest(description: Mapping[str, Any]) -> None:
    multiple, images = description.get("multiple"), description.get("images_seen")
    if multiple not in [1 << power for power in range(14)]:
        raise ValueError(f"multiple is {multiple!r:.40}, expected a power of two up to 8192")
    if description.get("precision") not in PRECISIONS:
        raise ValueError(f"precision is {description.get('precision')!r:.40}, expected one of {', '.join(PRECISIONS)}")
    if images is not None and (problem := natural_problem(description, "images_seen")):
        raise ValueError(problem)


def check_graph(ends: Mapping[str, Sequence[Any]], description: Mapping[str, Any], path: Path) -> None:
    """Raises ExchangeError where a graph does not translate pictures of the domains that its description names.

    Args:
        ends: the shape of each input and output, by name; sides that are free are no numbers.
    """
    for name in (INPUT, OUTPUT):
        channels = domain_from_dict(description[f"{name}_domain"]).channels
        shape = list(ends.get(name, ()))
        if len(shape) != 4 or shape[1] != channels:
            found = shape or "absent"
            raise ExchangeError(f"{path}: its {name} is {found}, expected 4 sides, the second of {channels} channels")
