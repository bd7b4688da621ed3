"""The pair source of painted scenes: every task of the program from the same street scenes, nothing to fetch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pix2pix.data.pairs import Pair
from pix2pix.data.sources.splits import SPLITS
from pix2pix.scenes import pictures
from pix2pix.scenes.world import make_world, random_stream

_RGB: dict[str, Any] = {"kind": "rgb"}
_GREY: dict[str, Any] = {"kind": "grey"}
_LABELS: dict[str, Any] = {"kind": "labels", "palette": [list(colour) for colour in pictures.PALETTE]}

# Task: what the numbers of source and target mean, as `domain_from_dict` takes it.
DOMAINS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "labels2photo": (_LABELS, _RGB),
    "photo2labels": (_RGB, _LABELS),
    "edges2photo": (_GREY, _RGB),
    "grey2colour": ({"kind": "lab_l"}, {"kind": "lab_ab"}),
    "day2night": (_RGB, _RGB),
    "photo2map": (_RGB, _RGB),
    "map2photo": (_RGB, _RGB),
    "thermal2colour": (_GREY, _RGB),
    "inpaint": (_RGB, _RGB),
}

# Random streams of a scene beyond those of its things.
_GRAIN, _HOLE = 100, 101


class Scenes:
    """Painted street scenes as pairs, uint8, (H, W, 3), and (H, W, 1) for edges and heat.

    Each pair is a function of (seed, split, index) alone: neither `count` nor the order of access changes it, and at
    another `size` (height, width) it is the same scene. For `grey2colour` both sides are the photo: its domains take
    lightness and colour apart.

    `count` is the number of pairs, or that of each split. `domains` are those of source and target.

    Raises ValueError where an argument is out of range.
    """

    def __init__(
        self,
        split: str,
        count: int | Mapping[str, int],
        size: tuple[int, int],
        task: str = "labels2photo",
        seed: int = 0,
    ) -> None:
        if split not in SPLITS:
            raise ValueError(f"data.split: found {split!r}, expected one of {', '.join(SPLITS)}")
        if task not in DOMAINS:
            raise ValueError(f"data.task: found {task!r}, expected one of {', '.join(DOMAINS)}")
        count = count if isinstance(count, int) else count[split]
        if count < 1:
            raise ValueError(f"number of {split} scenes: found {count}, expected 1 or more")
        if min(size) < 16:
            raise ValueError(f"data.size: found {size[0]}x{size[1]}, expected height and width of 16 pixels or more")
        if seed < 0:
            raise ValueError(f"seed of the scenes: found {seed}, expected 0 or more")
        self.split, self.size, self.task, self.seed = split, (int(size[0]), int(size[1])), task, seed
        self.domains = DOMAINS[task]
        self.names: Sequence[str] = [f"{split}-{index:06d}" for index in range(count)]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Pair:
        """Paint one pair."""
        index = range(len(self.names))[index]
        height, width = self.size
        world = make_world(self.seed, SPLITS.index(self.split), index, width / height)
        painted = pictures.paint(world, self.size, self._stream(index, _GRAIN))
        source, target = self._sides(painted, index)
        return Pair(source, target, self.names[index])

    def _stream(self, index: int, kind: int) -> np.random.Generator:
        return random_stream(self.seed, SPLITS.index(self.split), index, kind)

    def _sides(self, painted: pictures.Painted, index: int) -> tuple[pictures.Bytes, pictures.Bytes]:
        photo = pictures.photo(painted)
        match self.task:
            case "labels2photo":
                return pictures.labels(painted), photo
            case "photo2labels":
                return photo, pictures.labels(painted)
            case "edges2photo":
                return pictures.edges(painted), photo
            case "day2night":
                return photo, pictures.night(painted)
            case "photo2map":
                return photo, pictures.cartography(painted)
            case "map2photo":
                return pictures.cartography(painted), photo
            case "thermal2colour":
                return pictures.heat(painted), photo
            case "inpaint":
                return pictures.with_hole(photo, self._stream(index, _HOLE)), photo
            case _:
                return photo, photo
