"""What can be wrong in composed settings, in words: the schema's complaints, and rules that span several settings."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pix2pix.models.receptive_field import RECEPTIVE_FIELDS, smallest_side

# Arguments of lightning.Trainer that people may set under `trainer.`; a test holds the list against Lightning's.
TRAINER_ARGUMENTS = frozenset(
    {
        *("accelerator", "strategy", "devices", "num_nodes", "precision", "fast_dev_run", "min_epochs", "min_steps"),
        *("limit_train_batches", "limit_val_batches", "limit_test_batches", "limit_predict_batches", "overfit_batches"),
        *("val_check_interval", "check_val_every_n_epoch", "num_sanity_val_steps", "log_every_n_steps"),
        *("enable_progress_bar", "enable_model_summary", "deterministic", "benchmark", "inference_mode", "profiler"),
        *("detect_anomaly", "barebones", "plugins", "sync_batchnorm", "reload_dataloaders_every_n_epochs"),
        *("enable_autolog_hparams", "model_registry"),
    }
)
# Those that cannot hold here, each with what to type instead.
TRAINER_REFUSES = {
    "accumulate_grad_batches": "both players are stepped by hand: type training.accumulate=N",
    "gradient_clip_val": "both players are stepped by hand: type training.clip_norm=X",
    "gradient_clip_algorithm": "both players are stepped by hand: type training.clip_norm=X",
    "max_epochs": "the schedule says how long: type schedule.epochs=N",
    "max_steps": "the schedule says how long: type schedule.epochs=N",
    "max_time": "type timeout -s TERM 8h pix2pix train …: it finishes the step and saves",
    "logger": "type logger=csv, tensorboard, wandb, mlflow, or several: logger=[csv,wandb]",
    "callbacks": "callbacks have a section of their own: type +callbacks.NAME._target_=…",
    "use_distributed_sampler": "the data module shares the pairs among the ranks itself",
    "default_root_dir": "type hydra.run.dir=FOLDER",
    "enable_checkpointing": "type callbacks.checkpoints.every_epochs=N",
}
PRECISIONS = ("auto", "32-true", "bf16-mixed", "16-mixed")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like the given one, or None where none is like it."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def dotted(plain: Any, prefix: str = "") -> Iterator[str]:
    """Every key of nested mappings, joined by dots."""
    if isinstance(plain, Mapping):
        for name, value in plain.items():
            yield f"{prefix}{name}"
            yield from dotted(value, f"{prefix}{name}.")


def missing_values(plain: Mapping[str, Any]) -> list[str]:
    """Settings that have no default and were not given."""
    return [
        f"{key} is not set. It has no default: type {key}={'FOLDER' if key.endswith('root') else 'VALUE'}"
        for key in dotted(plain)
        if _value(plain, key.split(".")) == "???" and not key.startswith("data.pairs.")
    ]


def schema_problems(schema: TypeAdapter[Any], plain: Mapping[str, Any], prefix: str = "") -> list[str]:
    """What a schema has against plain settings, a line a key."""
    try:
        schema.validate_python(plain)
    except ValidationError as error:
        expected: dict[tuple[str, ...], list[str]] = {}
        for complaint in error.errors():
            path = _path_within(plain, complaint["loc"], unknown=complaint["type"] in ("extra_forbidden", "missing"))
            expected.setdefault(path, []).append(_expectation(complaint, plain, path))
        return [_line(plain, path, prefix, said) for path, said in expected.items()]
    return []


def _line(plain: Mapping[str, Any], path: tuple[str, ...], prefix: str, said: Sequence[str]) -> str:
    key = ".".join(([prefix] if prefix else []) + list(path))
    if said[0].startswith("is "):
        return f"{key} {said[0]}"
    line = f"{key}: found {_value(plain, path)!r}, expected {' or '.join(dict.fromkeys(said))}"
    choices = re.findall(r"'([^']*)'", line.partition("expected")[2])
    near = nearest(str(_value(plain, path)), choices)
    return f"{line}. Nearest: type {key}={near}" if near else line


def _path_within(plain: Any, loc: Sequence[int | str], unknown: bool) -> tuple[str, ...]:
    """The part of pydantic's location that is keys of the settings; the rest names members of unions."""
    path: list[str] = []
    for step in loc:
        in_list = isinstance(plain, list | tuple) and isinstance(step, int) and step < len(plain)
        if in_list or (isinstance(plain, Mapping) and step in plain):
            plain = plain[step]
        elif not (unknown and step == loc[-1]):
            continue
        path.append(str(step))
    return tuple(path)


def _value(plain: Any, path: Sequence[str]) -> Any:
    for step in path:
        if isinstance(plain, Mapping):
            plain = plain.get(step)
        elif isinstance(plain, Sequence) and step.isdigit():
            plain = plain[int(step)]
    return plain


def _expectation(complaint: Mapping[str, Any], plain: Mapping[str, Any], path: tuple[str, ...]) -> str:
    kind, context = complaint["type"], complaint.get("ctx", {})
    if kind == "extra_forbidden":
        near = nearest(path[-1], _value(plain, path[:-1]))
        return f"is no setting{f'. Nearest: {near}' if near and near != path[-1] else ''}"
    if kind == "missing":
        return "is missing"
    if kind in ("int_type", "int_parsing", "int_from_float"):
        return "a whole number"
    if kind in ("float_type", "float_parsing", "finite_number"):
        return "a number"
    if kind in ("bool_type", "bool_parsing"):
        return "true or false"
    if kind == "string_type":
        return "a text"
    if kind == "literal_error":
        return str(context["expected"])
    if kind == "union_tag_invalid":
        return str(context["expected_tags"])
    for bound, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
        if bound in context:
            return f"a number {words} {context[bound]}"
    return str(complaint["msg"])[:1].lower() + str(complaint["msg"])[1:]


def cross_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    """Rules that span several settings, for settings that each have the right type."""
    data, objective, schedule = plain["data"], plain["objective"], plain["schedule"]
    yield from _data_problems(data)
    yield from _size_problems(plain)
    yield from _trainer_problems(plain["trainer"])
    for name, tracker in plain["logger"].items():
        if "extra" in tracker and find_spec(tracker["extra"]) is None:
            yield f"logger={name}: it is not installed. Type: pip install 'pix2pix-lightning[{tracker['extra']}]'"
    if schedule["decay_epochs"] > schedule["epochs"]:
        yield (
            f"schedule.decay_epochs: found {schedule['decay_epochs']}, expected at most schedule.epochs, which is"
            f" {schedule['epochs']}: the decay is the last part of the epochs"
        )
    adversarial = objective["adversarial_weight"] if objective["adversarial"] else 0
    if not adversarial and not objective["l1_weight"] and not objective["l2_weight"]:
        yield "objective: every weight is 0, so there is nothing to learn. Type objective=l1_cgan, or a weight"
    if plain.get("init_from") and not Path(plain["init_from"]).exists():
        yield f"init_from: there is no {plain['init_from']!r}. Type the path of a checkpoint or of a run's folder"


def _data_problems(data: Mapping[str, Any]) -> Iterator[str]:
    root = data.get("root")
    if root is not None and not Path(root).is_dir():
        parent = next((p for p in Path(root).absolute().parents if p.is_dir()), Path("/"))
        near = nearest(Path(root).name, [p.name for p in parent.iterdir() if p.is_dir()])
        hint = f" Nearest: {parent / near}" if near else f" The nearest folder that exists is {parent}"
        yield f"data.root: there is no folder {root!r}.{hint}"
    if not re.fullmatch(r"[a-z]_to_[a-z]|AtoB|BtoA", data["direction"]):
        yield f"data.direction: found {data['direction']!r}, expected a_to_b or b_to_a (or c_to_a, with more panels)"
    if data["quarter_turns"] and data["size"] is not None and data["size"][0] != data["size"][1]:
        yield f"data.quarter_turns: quarter turns need a square, and data.size is {list(data['size'])}"
    if data["colour_jitter"] and (data["source"] or {}).get("kind") in ("labels", "lab_l", "lab_ab"):
        yield f"data.colour_jitter: a source of kind {data['source']['kind']} has no colours to change; set it to 0"
    for side in ("source", "target"):
        domain = data[side] or {}
        if domain.get("kind") == "labels" and not domain.get("palette") and not domain.get("classes"):
            yield f"data.{side}: labels need a palette ([[r,g,b],…]) or, for pictures of indices, classes: N"
    if data["name"] == "scenes" and data["size"] is None:
        yield "data.size: scenes are painted at a size; type data.size=[64,64]"


def _size_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    size, generator, discriminator = plain["data"]["size"], plain["generator"], plain["discriminator"]
    field = discriminator.get("receptive_field")
    if field is not None and field not in RECEPTIVE_FIELDS:
        near = min(RECEPTIVE_FIELDS, key=lambda known: abs(known - field))
        yield (
            f"discriminator.receptive_field: found {field}, expected one of {', '.join(map(str, RECEPTIVE_FIELDS))}."
            f" Nearest: type discriminator.receptive_field={near}"
        )
    elif (
        field is not None
        and size is not None
        and plain["objective"]["adversarial"]
        and min(size) < smallest_side(field)
    ):
        fitting = max(known for known in RECEPTIVE_FIELDS if smallest_side(known) <= min(size))
        yield (
            f"discriminator.receptive_field: {field} needs sides of at least {smallest_side(field)} pixels, and"
            f" data.size is {list(size)}. Type discriminator.receptive_field={fitting} or a larger data.size"
        )
    depth = generator.get("depth")
    if size is not None and depth is not None:
        multiple = 2**depth
        for side in size:
            if (-side % multiple + 1) // 2 >= side:
                yield (
                    f"generator.depth: {depth} halvings need sides that are multiples of {multiple}, and {side} pixels"
                    f" are too few to pad by reflection to {side + -side % multiple}."
                    f" Type generator.depth={side.bit_length() - 1} or less"
                )
                break


def _trainer_problems(trainer: Mapping[str, Any]) -> Iterator[str]:
    for name in trainer:
        if name in TRAINER_REFUSES:
            yield f"trainer.{name} cannot be set: {TRAINER_REFUSES[name]}"
        elif name not in TRAINER_ARGUMENTS and not name.startswith("_"):
            near = nearest(name, TRAINER_ARGUMENTS)
            yield f"trainer.{name} is no argument of Lightning's Trainer.{f' Nearest: trainer.{near}' if near else ''}"
    precision = trainer.get("precision")
    if precision not in PRECISIONS:
        near = nearest(str(precision), PRECISIONS) or "auto"
        yield (
            f"trainer.precision: found {precision!r}, expected one of {', '.join(PRECISIONS)}."
            f" Nearest: type trainer.precision={near}"
        )
    if str(trainer.get("strategy")).startswith(("fsdp", "deepspeed", "model_parallel")):
        yield (f"trainer.strategy: {trainer['strategy']!r} cannot step two players by hand. Type trainer=ddp")
    devices = trainer.get("devices")
    if not (
        devices == "auto" or (isinstance(devices, int) and (devices >= 1 or devices == -1)) or isinstance(devices, list)
    ):
        yield f"trainer.devices: found {devices!r}, expected a number of at least 1, a list of devices, or 'auto'"
