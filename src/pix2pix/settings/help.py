"""What `pix2pix train --help` says; read from `conf/` where it can be, so that it stays true."""

from __future__ import annotations

import textwrap
from pathlib import Path

GROUPS = {
    "experiment": "a task of the paper with its recipe, or a recipe for pairs of your own",
    "data": "where the pairs come from",
    "size": "tiny: 64 pixels and 16 channels; small: 128 and 32; paper: 256 and 64",
    "generator": "",
    "discriminator": "",
    "objective": "the terms of the loss; classes: per-pixel classification, of labels or of colours",
    "optimizer": "",
    "schedule": "",
    "trainer": "devices",
    "logger": "trackers; several at once: 'logger=[csv,wandb]'",
    "callbacks": "",
}
SETTINGS = {
    "data.root=FOLDER": "your pairs; pix2pix data check FOLDER gives the whole line",
    "data.direction=b_to_a": "which of the two pictures is the source",
    "size=small": "how large pictures and networks are",
    "schedule.epochs=200": "how long; the last schedule.decay_epochs with a falling rate",
    "data.batch_size=4": "pictures a step, on each device",
    "objective.l1_weight=100": "how much the distance to the target counts",
    "trainer=ddp trainer.devices=4": "several GPUs; trainer=cpu, trainer=gpu",
    "trainer.precision=32-true": "auto, 32-true, bf16-mixed, 16-mixed",
    "logger=[csv,tensorboard]": "where the curves go",
    "seed=1": "another run of the same; -m seed=1,2,3 makes three of them",
}


def help_text() -> str:
    """The page."""
    from pix2pix.settings.typed import conf_folder

    return (
        "pix2pix train [GROUP=CHOICE …] [KEY=VALUE …]\n\n"
        "Trains an image-to-image translation; without more, on embedded scenes. Runs go to outputs/.\n\n"
        f"Groups, and what each can be:\n{_groups(conf_folder())}\n"
        "The settings that people change most:\n"
        + "".join(f"  {_typed(setting):<32} {what}\n" for setting, what in SETTINGS.items())
        + "\nOther ways to run:\n"
        "  pix2pix train resume=RUN [schedule.epochs=N]   continue a run exactly, or train it for longer\n"
        "  pix2pix train --trust resume=RUN               … whose settings name code that is not pix2pix's\n"
        "  pix2pix train init_from=RUN …                  a new run from its weights\n"
        "  pix2pix train -m KEY=A,B,C …                   a sweep, a process a point; a table at the end\n"
        "  pix2pix train … --cfg job                      print every setting and stop\n"
    )


def _typed(setting: str) -> str:
    """In quotes where shells have a use of their own for a character."""
    return f"'{setting}'" if "[" in setting else setting


def _groups(folder: Path) -> str:
    lines = []
    for group, what in GROUPS.items():
        choices = sorted(path.stem for path in (folder / group).glob("*.yaml") if not path.stem.startswith("_"))
        listed = textwrap.fill(" ".join(choices), 80, subsequent_indent=" " * 17)
        lines.append(f"  {group:<14} {listed}\n" + (f"{'':17}{what}\n" if what else ""))
    return "".join(lines)
