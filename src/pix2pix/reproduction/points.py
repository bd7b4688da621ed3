"""What is trained: the methods of each table with the paper's figures, and the list of training points they make.

A method that several tables show is one method, trained once a seed. Free of torch, as is all that runs before the
training.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pix2pix.data.sources.scenes.pictures import PALETTE as SCENES_PALETTE
from pix2pix.reproduction import TABLES
from pix2pix.settings.complaints import ConfigError
from pix2pix.sweeping.point import Point

Task = Literal["labels2photo", "photo2labels", "colour"]
Objective = Literal["l1", "l2", "gan", "cgan", "l1_gan", "l1_cgan", "classes"]

FINISHED_BY = "reproduction.json"
EXAMPLES = "examples.npz"
DATA = ("scenes", "side_by_side", "two_folders", "manifest")  # that hold labels and photos
FIELDS = {256: (1, 16, 70, 286), 128: (1, 7, 34, 142), 64: (1, 7, 16, 70)}  # shorter side from → receptive fields

JUDGED = ("judged_pixel_accuracy", "judged_class_accuracy", "judged_class_iou")
LABELLED = ("pixel_accuracy", "class_accuracy", "class_iou")
INTERSECTIONS = ("lab_a_intersection", "lab_b_intersection")
SCORES: Mapping[Task, tuple[str, ...]] = {"labels2photo": JUDGED, "photo2labels": LABELLED, "colour": INTERSECTIONS}

# What the points set themselves, or what would make them other runs than the tables say.
RESERVED = (
    *("generator", "objective", "discriminator.receptive_field", "size.receptive_field", "seed", "data.task"),
    *("data.source", "data.target", "data.pairs", "name", "resume", "init_from"),
)


@dataclass(frozen=True)
class Method:
    """A way to translate.

    Attributes:
        field: the discriminator's receptive field in pixels; None where there is no discriminator.
    """

    task: Task
    objective: Objective
    generator: Literal["unet", "encoder_decoder"] = "unet"
    field: int | None = None

    @property
    def key(self) -> str:
        """Its name in files."""
        field = "" if self.field is None else f"_field{self.field}"
        return f"{self.task}_{self.generator}_{self.objective}{field}"

    @property
    def overrides(self) -> list[str]:
        """What makes a training one of this method, whatever the data."""
        field = [] if self.field is None else [f"discriminator.receptive_field={self.field}"]
        return [f"generator={self.generator}", f"objective={self.objective}", *field]


@dataclass(frozen=True)
class Column:
    """A method as one table shows it.

    Attributes:
        label: what the paper calls it there.
        paper: the paper's figures, in the order of the task's SCORES; of `colour` the share of people fooled instead.
    """

    label: str
    method: Method
    paper: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Table:
    """A table of the paper.

    Attributes:
        real: the paper's figures for the ground truth.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    real: tuple[float, ...] | None = None

    @property
    def task(self) -> Task:
        """Of all its methods."""
        return self.columns[0].method.task

    def method(self, label: str) -> Method:
        """The one of this label."""
        return next(column.method for column in self.columns if column.label == label)


@dataclass(frozen=True)
class Setting:
    """What all points share.

    Attributes:
        overrides: as they were typed.
        composed: the settings that they compose to, for labels → photo.
        fields: receptive fields, from the smallest to the largest; the third is that of `discriminator`.
        palette: classes of labels that are stored as colours.
    """

    overrides: tuple[str, ...]
    composed: Mapping[str, Any]
    palette: tuple[tuple[int, int, int], ...] | None = None

    @property
    def own_field(self) -> int:
        """The discriminator's where a table says nothing of it: 70 pixels of 256, or as many as the size has it."""
        return int(self.composed["discriminator"]["receptive_field"])

    @property
    def side(self) -> int | None:
        """The pictures' shorter side; None where they keep their sizes."""
        size = self.composed["data"]["size"]
        return None if size is None else min(size)

    @property
    def direction(self) -> tuple[str, str]:
        """Letters of the labels and of the photos."""
        source, _, target = str(self.composed["data"]["direction"]).partition("_to_")
        return source, target


def tables(names: Iterable[str], setting: Setting) -> list[Table]:
    """The tables of these names for these data. Raises ConfigError where pictures are too small for one."""
    made = {"losses": _losses, "generators": _generators, "fields": _fields, "colour": _colour}
    made["photo2labels"] = _photo2labels
    return [made[name](setting) for name in TABLES if name in names]


def methods(shown: Iterable[Table]) -> list[Method]:
    """Each method of some tables once."""
    return list(dict.fromkeys(column.method for table in shown for column in table.columns))


def points(chosen: Sequence[Method], setting: Setting, *, seeds: int, epochs: int, folder: Path) -> list[Point]:
    """The training points: all methods with the first seed, then all with the second, …"""
    return [
        Point(
            f"{method.key} seed {seed}",
            point_overrides(method, setting, seed=seed, epochs=epochs),
            point_folder(folder, method, seed),
            FINISHED_BY,
        )
        for seed in range(seeds)
        for method in chosen
    ]


def point_folder(folder: Path, method: Method, seed: int) -> Path:
    """Where a point's run is."""
    return folder / "points" / f"{method.key}_seed{seed}"


def point_overrides(method: Method, setting: Setting, *, seed: int, epochs: int) -> list[str]:
    """What is typed to train it."""
    own = [
        *_task_overrides(method, setting),
        *method.overrides,
        f"seed={seed}",
        f"schedule.epochs={epochs}",
    ]
    if not any(typed.startswith("callbacks.checkpoints.best=") for typed in setting.overrides):
        own.append("callbacks.checkpoints.best=[]")
    return [*(typed for typed in setting.overrides if not typed.startswith("schedule.epochs=")), *own]


def check_typed(overrides: Iterable[str]) -> None:
    """Raises ConfigError for settings that the points have of their own."""
    for typed in overrides:
        key = typed.partition("=")[0].lstrip("+~")
        taken = next((each for each in RESERVED if key == each or key.startswith(f"{each}@")), None)
        # A term of the objective would make other methods of those that the tables name: of GAN L1+GAN, say.
        if taken is None and key.startswith(("objective.", "data.pairs.", "hydra.", "hydra/")):
            taken = key
        if taken is not None:
            raise ConfigError(
                f"{typed}: the points of the tables set {taken} themselves. What may be typed: data= with its root and"
                " direction, size=, schedule., trainer., optimizer., training. and the like; --seeds N says how many"
            )


def check_data(setting: Setting) -> None:
    """Raises ConfigError where the data are none that the tables can be made from."""
    data = setting.composed["data"]
    if data["name"] not in DATA:
        raise ConfigError(
            f"data={data['name']}: the tables need pairs of labels and photos, so data is one of {', '.join(DATA)}"
        )


def needs_palette(shown: Iterable[Table], setting: Setting) -> bool:
    """Whether labels are a target, and are stored as colours of unknown meaning."""
    return setting.composed["data"]["name"] != "scenes" and any(table.task == "photo2labels" for table in shown)


def _task_overrides(method: Method, setting: Setting) -> list[str]:
    task = method.task
    if setting.composed["data"]["name"] == "scenes":
        overrides = [f"data.task={'grey2colour' if task == 'colour' else task}"]
        if task == "photo2labels" and method.objective != "classes":
            overrides.append(_labels_target(SCENES_PALETTE, method))
        return overrides
    labels, photo = setting.direction
    if task == "labels2photo":
        return [f"data.direction={labels}_to_{photo}"]
    if task == "colour":
        return [f"data.direction={photo}_to_{photo}", "data.source=lab_l", "data.target=lab_ab"]
    assert setting.palette is not None
    return [f"data.direction={photo}_to_{labels}", _labels_target(setting.palette, method)]


def _labels_target(palette: Sequence[Sequence[int]], method: Method) -> str:
    """Labels as the paper regresses them, in their colours; classified, they are classes."""
    colours = ",".join(f"[{red},{green},{blue}]" for red, green, blue in palette)
    encoding = "" if method.objective == "classes" else ",encoding:colours"
    return f"data.target={{kind:labels,palette:[{colours}]{encoding}}}"


def _losses(setting: Setting) -> Table:
    def column(label: str, objective: Objective, *paper: float) -> Column:
        return Column(label, _method("labels2photo", objective, setting), paper)

    return Table(
        "losses",
        "Losses",
        (
            column("L1", "l1", 0.42, 0.15, 0.11),
            column("GAN", "gan", 0.22, 0.05, 0.01),
            column("cGAN", "cgan", 0.57, 0.22, 0.16),
            column("L1+GAN", "l1_gan", 0.64, 0.20, 0.15),
            column("L1+cGAN", "l1_cgan", 0.66, 0.23, 0.17),
        ),
        (0.80, 0.26, 0.21),
    )


def _generators(setting: Setting) -> Table:
    simple: Literal["encoder_decoder"] = "encoder_decoder"
    return Table(
        "generators",
        "Generators",
        (
            Column("encoder-decoder, L1", Method("labels2photo", "l1", simple), (0.35, 0.12, 0.08)),
            Column(
                "encoder-decoder, L1+cGAN",
                Method("labels2photo", "l1_cgan", simple, setting.own_field),
                (0.29, 0.09, 0.05),
            ),
            Column("U-Net, L1", _method("labels2photo", "l1", setting), (0.48, 0.18, 0.13)),
            Column("U-Net, L1+cGAN", _method("labels2photo", "l1_cgan", setting), (0.55, 0.20, 0.14)),
        ),
    )


def _fields(setting: Setting) -> Table:
    side = setting.side
    fields = next((fields for least, fields in FIELDS.items() if side is not None and side >= least), None)
    if fields is None:
        raise ConfigError(
            f"data.size: {'pictures keep their sizes' if side is None else f'found a side of {side} pixels'}, and the"
            f" table of receptive fields needs one of at least {min(FIELDS)}. Type --tables without fields, or"
            " size=tiny"
        )
    paper = ((0.39, 0.15, 0.10), (0.65, 0.21, 0.17), (0.66, 0.23, 0.17), (0.42, 0.16, 0.11))
    columns = (
        Column(f"{field}×{field}", Method("labels2photo", "l1_cgan", field=field), figures)
        for field, figures in zip(fields, paper, strict=True)
    )
    return Table("fields", "Receptive field of D", tuple(columns))


def _colour(setting: Setting) -> Table:
    def column(label: str, objective: Objective, *paper: float) -> Column:
        return Column(label, _method("colour", objective, setting), paper or None)

    return Table(
        "colour",
        "Colourisation",
        (
            column("L2", "l2", 0.163),
            column("L1", "l1"),
            column("classification", "classes", 0.278),
            column("L1+cGAN", "l1_cgan", 0.225),
            column("cGAN", "cgan"),
        ),
    )


def _photo2labels(setting: Setting) -> Table:
    def column(label: str, objective: Objective, *paper: float) -> Column:
        return Column(label, _method("photo2labels", objective, setting), paper or None)

    return Table(
        "photo2labels",
        "Photo → labels",
        (
            column("L1", "l1", 0.86, 0.42, 0.35),
            column("cGAN", "cgan", 0.74, 0.28, 0.22),
            column("L1+cGAN", "l1_cgan", 0.83, 0.36, 0.29),
            column("classification", "classes"),
        ),
    )


def _method(task: Task, objective: Objective, setting: Setting) -> Method:
    return Method(task, objective, field=setting.own_field if "gan" in objective else None)
