"""The list of training points: each method once a seed. Free of torch, as is all that runs before the training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pix2pix.errors import ConfigError
from pix2pix.reproduction.methods import Method, Setting
from pix2pix.scenes.pictures import PALETTE as SCENES_PALETTE
from pix2pix.sweeping.point import Point

FINISHED_BY = "reproduction.json"
EXAMPLES = "examples.npz"
DATA = ("scenes", "side_by_side", "two_folders", "manifest")  # that hold labels and photos

# What the points set themselves, or what would make them other runs than the tables say.
RESERVED = (
    *("generator", "objective", "discriminator.receptive_field", "size.receptive_field", "seed", "data.task"),
    *("data.source", "data.target", "data.pairs", "name", "resume", "init_from"),
)


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
