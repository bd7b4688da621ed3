"""The paper's tables with its figures. A method that several tables show is one method."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from pix2pix.errors import ConfigError
from pix2pix.reproduction import TABLES
from pix2pix.reproduction.methods import Method, Objective, Setting, Task

FIELDS = {256: (1, 16, 70, 286), 128: (1, 7, 34, 142), 64: (1, 7, 16, 70)}  # shorter side from → receptive fields


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


def tables(names: Iterable[str], setting: Setting) -> list[Table]:
    """The tables of these names for these data. Raises ConfigError where pictures are too small for one."""
    made = {"losses": _losses, "generators": _generators, "fields": _fields, "colour": _colour}
    made["photo2labels"] = _photo2labels
    return [made[name](setting) for name in TABLES if name in names]


def methods(shown: Iterable[Table]) -> list[Method]:
    """Each method of some tables once."""
    return list(dict.fromkeys(column.method for table in shown for column in table.columns))


def needs_palette(shown: Iterable[Table], setting: Setting) -> bool:
    """Whether labels are a target, and are stored as colours of unknown meaning."""
    return setting.composed["data"]["name"] != "scenes" and any(table.task == "photo2labels" for table in shown)


def _losses(setting: Setting) -> Table:
    column = _column("labels2photo", setting)
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
    column = _column("colour", setting)
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
    column = _column("photo2labels", setting)
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


def _column(task: Task, setting: Setting) -> Callable[..., Column]:
    """What makes a column of a U-Net: its label, its objective, and the paper's figures where there are any."""

    def column(label: str, objective: Objective, *paper: float) -> Column:
        return Column(label, _method(task, objective, setting), paper or None)

    return column


def _method(task: Task, objective: Objective, setting: Setting) -> Method:
    return Method(task, objective, field=setting.own_field if "gan" in objective else None)
