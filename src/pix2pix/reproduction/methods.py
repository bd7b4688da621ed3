"""The methods that the tables show, and what all their trainings share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Task = Literal["labels2photo", "photo2labels", "colour"]
Objective = Literal["l1", "l2", "gan", "cgan", "l1_gan", "l1_cgan", "classes"]

JUDGED = ("judged_pixel_accuracy", "judged_class_accuracy", "judged_class_iou")
LABELLED = ("pixel_accuracy", "class_accuracy", "class_iou")
INTERSECTIONS = ("lab_a_intersection", "lab_b_intersection")
SCORES: Mapping[Task, tuple[str, ...]] = {"labels2photo": JUDGED, "photo2labels": LABELLED, "colour": INTERSECTIONS}


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
