"""Run folders as trainings leave them, but with weights as they were drawn: made in no time, and scored like others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from pix2pix.build.assembly import make_data
from pix2pix.hints import quote
from pix2pix.pictures.codecs import write_picture
from pix2pix.runs.run import FORMAT, RECORD, build_generator
from pix2pix.settings.compose import check

TINY = (
    *(
        "data.train_pairs=7",
        "data.val_pairs=6",
        "data.test_pairs=4",
        "data.size=[16,16]",
        "size.base_channels=4",
        "size.discriminator_channels=4",
    ),
    *("generator.depth=3", "discriminator.receptive_field=7", "trainer=cpu"),
)
FOLDER = (
    "data.size=[16,16]",
    "size.base_channels=4",
    "size.discriminator_channels=4",
    "generator.depth=3",
    "discriminator.receptive_field=7",
)


def untrained(folder: Path, *overrides: str, images: int = 7) -> Path:
    """A run of painted scenes, or of what the overrides say; returns its folder."""
    of_folder = any(each.startswith("data.root=") for each in overrides)
    settings, _ = check([*(FOLDER if of_folder else TINY), *overrides, f"hydra.run.dir={quote(folder)}"])
    data = make_data(settings)
    data.setup("fit")
    domains = {"source_domain": data.source_domain.to_dict(), "target_domain": data.target_domain.to_dict()}
    record = {"format": FORMAT, "settings": settings, "environment": {"precision": "32-true"}, **domains}
    record["seen"] = data.seen
    torch.manual_seed(settings["seed"])
    states = {f"generator.{name}": value for name, value in build_generator(record).state_dict().items()}
    save(folder / "checkpoints" / "last.ckpt", {RECORD: record, "state_dict": states, "images_seen": images})
    return folder


def save(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, path)


def change_record(run: Path, **data: Any) -> None:
    """Other data settings than those of the training, in the checkpoint."""
    path = run / "checkpoints" / "last.ckpt"
    content = torch.load(path, weights_only=True)
    content[RECORD]["settings"]["data"] |= data
    save(path, content)


def pairs_folder(root: Path, channels: int = 3, **splits: int) -> Path:
    """Pictures of noise side by side, so many in each split."""
    rng = np.random.default_rng(0)
    for split, count in splits.items():
        (root / split).mkdir(parents=True)
        for index in range(count):
            write_picture(root / split / f"{index}.png", rng.integers(0, 255, (16, 32, channels), dtype=np.uint8))
    return root
