"""Rules that span several settings, and what breaks them, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path, PurePath
from typing import Any

from pix2pix.data.sources.directions import parse_direction
from pix2pix.hints import nearest, typed
from pix2pix.models.receptive_field import RECEPTIVE_FIELDS, pixelwise_fields, smallest_side
from pix2pix.settings.trainer_rules import trainer_problems

# The scores of every validation, those of `metrics.scores.Scores`.
METRICS = ("psnr", "ssim", "l1", "log_spectrum_distance")


def cross_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    """Rules that span several settings, for settings that each have the right type."""
    data, objective, schedule = plain["data"], plain["objective"], plain["schedule"]
    resumed = plain.get("resume")
    name = PurePath(plain["name"])
    if name.is_absolute() or not name.parts or ".." in name.parts:
        yield (
            f"name: found {plain['name']!r}, expected the name of a folder below outputs/."
            " For a folder elsewhere type hydra.run.dir=FOLDER, or of a sweep hydra.sweep.dir=FOLDER"
        )
    yield from _data_problems(data, resumed)
    yield from _size_problems(plain)
    yield from trainer_problems(plain["trainer"])
    for name, tracker in plain["logger"].items():
        if "extra" in tracker and find_spec(tracker["extra"]) is None:
            yield f"logger={name}: it is not installed. Type: pip install 'pix2pix-lightning[{tracker['extra']}]'"
    if schedule["decay_epochs"] > schedule["epochs"]:
        yield (
            f"schedule.decay_epochs: found {schedule['decay_epochs']}, expected at most schedule.epochs, which is"
            f" {schedule['epochs']}: the decay is the last part of the epochs"
        )
    yield from _classes_problems(data) if objective.get("kind") == "classes" else _objective_problems(plain)
    yield from _sweep_metric_problems(plain)
    # A run that is continued has its own weights by now, and where it has none, whoever reads these says so.
    if plain.get("init_from") and not resumed and not Path(plain["init_from"]).expanduser().exists():
        yield f"init_from: there is no {plain['init_from']!r}. Type the path of a checkpoint or of a run's folder"


def _sweep_metric_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    """What a training is to return that it will not have."""
    asked, trainer = plain.get("sweep_metric"), plain["trainer"]
    if asked is None:
        return
    target = stated_domain(plain["data"], "target") or {}
    there = [*METRICS, *(["rmse"] if target.get("unit") is not None else [])]
    for name in [asked] if isinstance(asked, str) else asked or [""]:
        if name not in there:
            near = nearest(name, there)
            unit = " (rmse needs a target with a unit)" if name == "rmse" else ""
            hint = f". Nearest: type sweep_metric={near}" if near and near != name else ""
            yield f"sweep_metric: found {name!r}, expected one of {', '.join(there)}{unit}, or a list of them{hint}"
    every, epochs = trainer.get("check_val_every_n_epoch") or 1, plain["schedule"]["epochs"]
    if trainer.get("limit_val_batches") == 0 or every > epochs:
        yield "sweep_metric: this run would not validate, so it has no scores. Type trainer.limit_val_batches=1.0"


def _objective_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    objective, discriminator = plain["objective"], plain["discriminator"]
    adversarial = objective["adversarial_weight"] if objective["adversarial"] else 0
    weights = (objective.get(name) for name in ("l1_weight", "l2_weight", "perceptual_weight"))
    if not adversarial and not any(weights):
        yield "objective: every weight is 0, so there is nothing to learn. Type objective=l1_cgan, or a weight"
    for name, off in (("feature_matching_weight", 0), ("r1_gamma", 0), ("augment", [])):
        found = objective.get(name, off)
        if found != off and not adversarial:
            yield (
                f"objective.{name}: found {found}, but this objective has no discriminator."
                f" Type objective.{name}={off}, or an objective that has one, such as objective=l1_cgan"
            )
    if objective.get("r1_gamma") and plain["trainer"].get("sync_batchnorm") and discriminator.get("norm") == "batch":
        yield (
            "objective.r1_gamma: synchronised batch norm cannot be differentiated twice."
            " Type discriminator.norm=instance, or trainer.sync_batchnorm=false"
        )
    if objective.get("perceptual_weight"):
        yield from _perceptual_problems(objective.get("vgg19"), plain["data"])


def _perceptual_problems(file: str | None, data: Mapping[str, Any]) -> Iterator[str]:
    if file is not None and not Path(file).expanduser().is_file():
        yield (
            f"objective.vgg19: there is no file {file!r}. It is to hold torchvision's weights of VGG19:"
            " https://download.pytorch.org/models/vgg19-dcbb9e9d.pth (548 MB)"
        )
    if data["size"] is not None and min(data["size"]) < 16:
        yield (
            f"objective.perceptual_weight: VGG19 needs sides of at least 16 pixels, and data.size is"
            f" {list(data['size'])}. Type a larger data.size, or objective.perceptual_weight=0"
        )


def _classes_problems(data: Mapping[str, Any]) -> Iterator[str]:
    target, advice = stated_domain(data, "target"), "data.source=lab_l data.target=lab_ab for the colours of photos"
    labels = "'data.target={kind:labels,palette:[[R,G,B],…]}' or 'data.target={kind:labels,classes:N}' for labels"
    if data["name"] == "scenes":
        labels, advice = "data.task=photo2labels for labels", "data.task=grey2colour for the colours of photos"
    elif data["name"] == "derived":
        advice = "data.derive=grey for the colours of photos"
    if target is not None and target.get("encoding") == "colours":
        yield "data.target: objective=classes needs a channel for every class. Type encoding:planes, or leave it out"
    if target is not None and target["kind"] not in ("labels", "lab_ab"):
        yield f"objective=classes: a target of kind {target['kind']} has no classes. Type {labels}, or {advice}"


def stated_domain(data: Mapping[str, Any], side: str) -> Mapping[str, Any] | None:
    """The domain of a side: the one that is typed, else the one that the kind of data states; None: it states none."""
    typed: Mapping[str, Any] | None = data[side]
    if typed is None and data["name"] == "scenes":
        from pix2pix.data.sources.scenes import DOMAINS  # not needed for anything else before the training

        return DOMAINS[data["task"]][side == "target"]
    if typed is None and data["name"] == "derived":
        lab = {"source": "lab_l", "target": "lab_ab"}
        return {"kind": lab[side] if data["derive"] == "grey" else "rgb"}
    return typed


def _data_problems(data: Mapping[str, Any], resumed: str | None) -> Iterator[str]:
    if data.get("root") is not None and not Path(data["root"]).expanduser().is_dir():
        moved = f". If the pictures have moved: pix2pix train {typed('resume', resumed)} data.root=FOLDER"
        yield _no_folder(Path(data["root"]).expanduser()) + (moved if resumed else "")
    yield from _direction_problems(data)
    if data["quarter_turns"] and data["size"] is not None and data["size"][0] != data["size"][1]:
        yield (
            f"data.quarter_turns: quarter turns need a square, and data.size is {list(data['size'])}."
            f" Type data.quarter_turns=false or data.size=[{max(data['size'])},{max(data['size'])}]"
        )
    kind = (stated_domain(data, "source") or {}).get("kind")
    if data["colour_jitter"] and kind in ("labels", "lab_l", "lab_ab"):
        yield (f"data.colour_jitter: a source of kind {kind} has no colours to change. Type data.colour_jitter=0")
    for side in ("source", "target"):
        domain = data[side] or {}
        if domain.get("kind") == "labels" and not domain.get("palette") and not domain.get("classes"):
            yield (
                f"data.{side}: labels need a palette or, for pictures of indices, a number of classes."
                f" Type 'data.{side}={{kind:labels,palette:[[R,G,B],…]}}' or 'data.{side}={{kind:labels,classes:N}}';"
                " pix2pix data check FOLDER prints the palette of your pictures"
            )
        if domain.get("encoding") == "colours" and not domain.get("palette"):
            yield f"data.{side}: encoding is colours, and there is no palette of any. Type palette:[[R,G,B],…] too"
    if data["name"] == "scenes" and data["size"] is None:
        yield "data.size: scenes are painted at a size; type data.size=[64,64]"
    if data["name"] == "derived":
        yield from _derived_problems(data)


def _derived_problems(data: Mapping[str, Any]) -> Iterator[str]:
    derive, edges = data["derive"], data["edges"]
    if derive == "edges" and find_spec("skimage") is None:
        yield (
            "data.derive=edges: its detector is scikit-image's, which is not installed."
            " Type: pip install 'pix2pix-lightning[edges]'"
        )
    if edges["low"] > edges["high"]:
        yield f"data.edges.low: found {edges['low']}, expected at most data.edges.high, which is {edges['high']}"
    if derive != "grey" and data["size"] is None and data["jitter"] > 1:
        yield (
            "data.jitter: photos that keep their size are derived from at that size, and would be enlarged afterwards."
            " Type data.jitter=1 or data.size=[256,256]"
        )


def _no_folder(root: Path) -> str:
    if root.is_file():
        return f"data.root: {str(root)!r} is a file, expected a folder. Type {typed('data.root', root.parent)}"
    parent = next(folder for folder in root.absolute().parents if folder.is_dir())
    near = nearest(root.name, [folder.name for folder in parent.iterdir() if folder.is_dir()])
    hint = f"The nearest folder that exists is {parent}"
    if near:
        hint = f"Nearest: type {typed('data.root', parent / near)}"
    return f"data.root: there is no folder {str(root)!r}. {hint}"


def _direction_problems(data: Mapping[str, Any]) -> Iterator[str]:
    direction = data["direction"]
    try:
        parse_direction(direction, data.get("panels") or 2)
    except ValueError as error:
        meant = f"{direction[:1]}_to_{direction[-1:]}".lower()
        yield f"{error}{f'. Nearest: type data.direction={meant}' if meant in ('a_to_b', 'b_to_a') else ''}"
        return
    if data["name"] == "scenes" and direction not in ("a_to_b", "AtoB"):
        yield (
            f"data.direction: found {direction!r}, but scenes have theirs in the task."
            " Type data.task=photo2labels, or another task"
        )


def too_short(side: int, depth: int) -> bool:
    """Whether a side in pixels cannot be padded by reflection to what so many halvings need."""
    return (-side % (1 << depth) + 1) // 2 >= side


def _size_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    size, generator, discriminator = plain["data"]["size"], plain["generator"], plain["discriminator"]
    field, scales = discriminator.get("receptive_field"), discriminator.get("scales", 1)
    if field is not None and field not in RECEPTIVE_FIELDS:
        near = min(RECEPTIVE_FIELDS, key=lambda known: abs(known - field))
        yield (
            f"discriminator.receptive_field: found {field}, expected one of {', '.join(map(str, RECEPTIVE_FIELDS))}."
            f" Nearest: type discriminator.receptive_field={near}"
        )
    elif (
        field is not None
        and size is not None
        and plain["objective"].get("adversarial")
        and min(size) < smallest_side(field) << scales - 1
    ):
        smallest = min(size) >> scales - 1  # of the picture that the last scale sees
        fitting = max((known for known in RECEPTIVE_FIELDS if smallest_side(known) <= smallest), default=0)
        fewer = f"discriminator.receptive_field={fitting}" if fitting else "fewer discriminator.scales"
        on_scales = f" on {scales} scales" if scales > 1 else ""
        yield (
            f"discriminator.receptive_field: {field}{on_scales} needs sides of at least"
            f" {smallest_side(field) << scales - 1} pixels, and data.size is {list(size)}."
            f" Type {fewer} or a larger data.size"
        )
    layers, own_field = generator.get("layers"), generator.get("receptive_field")
    if layers is not None and own_field is not None and own_field not in pixelwise_fields(layers):
        fitting = max(known for known in pixelwise_fields(layers) if known <= max(own_field, 1))
        yield (
            f"generator.receptive_field: found {own_field}, expected an odd number of at most {2 * layers + 1}, which"
            f" generator.layers={layers} can have. Nearest: type generator.receptive_field={fitting}"
        )
    if size is not None and (halvings := generator.get("halvings")) is not None and min(size) <= 2 << halvings:
        fitting = max((min(size) - 1).bit_length() - 2, 1)
        yield (
            f"generator.halvings: {halvings} of a picture of half size need sides of more than {2 << halvings} pixels,"
            f" and data.size is {list(size)}. Type generator.halvings={fitting} or a larger data.size"
        )
    depth = generator.get("depth")
    if size is not None and depth is not None:
        multiple = 2**depth
        for side in size:
            if too_short(side, depth):
                yield (
                    f"generator.depth: {depth} halvings need sides that are multiples of {multiple}, and {side} pixels"
                    f" are too few to pad by reflection to {side + -side % multiple}."
                    f" Type generator.depth={side.bit_length() - 1} or less"
                )
                break
