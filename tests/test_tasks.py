"""The paper's tasks: each experiment has the recipe of the paper, and reads its set as people have it on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args, get_type_hints

import numpy as np
import pytest

from pix2pix.build.assembly import make_data
from pix2pix.data.domains import LabAb, LabL
from pix2pix.data.sources.scenes import DOMAINS
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import write_picture
from pix2pix.schema.data import DataSettings
from pix2pix.settings.compose import check
from pix2pix.settings.typed import conf_folder


class Task(NamedTuple):
    """A row of the paper's table, what its source and target are, and the experiment of it."""

    epochs: int
    batch_size: int
    jitter: bool
    mirror: bool
    source: str
    target: str
    domains: tuple[str, str]
    scenes: str  # data.task


# Paper, section 6.2: epochs, batch size, jitter, mirror.
TASKS = {
    "cityscapes": Task(200, 1, True, True, "labels", "photo", ("rgb", "rgb"), "labels2photo"),
    "photo2labels": Task(200, 1, True, True, "photo", "labels", ("rgb", "rgb"), "photo2labels"),
    "facades": Task(200, 1, True, True, "labels", "photo", ("rgb", "rgb"), "labels2photo"),
    "maps": Task(200, 1, True, True, "photo", "map", ("rgb", "rgb"), "photo2map"),
    "colourise": Task(6, 4, False, True, "photo", "photo", ("lab_l", "lab_ab"), "grey2colour"),
    "edges2shoes": Task(15, 4, False, False, "edges", "photo", ("rgb", "rgb"), "edges2photo"),
    "edges2handbags": Task(15, 4, False, False, "edges", "photo", ("rgb", "rgb"), "edges2photo"),
    "day2night": Task(17, 4, True, True, "day", "night", ("rgb", "rgb"), "day2night"),
    "thermal2colour": Task(10, 4, True, True, "thermal", "photo", ("grey", "rgb"), "thermal2colour"),
    "inpaint": Task(25, 4, False, True, "holed", "photo", ("rgb", "rgb"), "inpaint"),
}
# A colour for each kind of picture, so that it is known again.
FLAT = {
    "photo": (200, 150, 100),
    "labels": (128, 64, 128),
    "map": (240, 230, 210),
    "edges": (255, 255, 255),
    "day": (180, 200, 255),
    "night": (10, 10, 40),
    "thermal": (90, 90, 90),
}


def flat(kind: str, channels: int = 3) -> Array:
    return np.full((256, 256, channels), FLAT[kind][:channels], np.uint8)


def store(path: Path, picture: Array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_picture(path, picture)


def packed(left: str, right: str, *splits: str) -> Callable[[Path], None]:
    """Files of two pictures, as the sets of the usual PyTorch code are packed."""

    def write(root: Path) -> None:
        for split in splits:
            for number in (1, 2):
                store(root / split / f"{number}.jpg", np.concatenate([flat(left), flat(right)], axis=1))

    return write


def alone(*folders: str) -> Callable[[Path], None]:
    """Photos in folders."""

    def write(root: Path) -> None:
        for folder in folders:
            for number in (1, 2):
                store(root / folder / f"{number}.JPEG", flat("photo"))

    return write


def kaist(root: Path) -> None:
    for split in ("train", "test"):
        for number in ("set00_V000/I00001", "set00_V001/I00003"):
            store(root / "lwir" / split / f"{number}.jpg", flat("thermal", 1))
            store(root / "visible" / split / f"{number}.jpg", flat("photo"))


LAYOUTS: Mapping[str, Callable[[Path], None]] = {
    "cityscapes": packed("photo", "labels", "train", "val"),
    "photo2labels": packed("photo", "labels", "train", "val"),
    "facades": packed("photo", "labels", "train", "val", "test"),
    "maps": packed("photo", "map", "train", "val"),
    "colourise": alone("train/n01440764", "train/n01443537", "val", "test"),
    "edges2shoes": packed("edges", "photo", "train", "val"),
    "edges2handbags": packed("edges", "photo", "train", "val"),
    "day2night": packed("night", "day", "train", "val", "test"),
    "thermal2colour": kaist,
    "inpaint": alone("."),
}


@pytest.fixture(params=TASKS)
def experiment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def settings_of(experiment: str, root: Path) -> dict[str, Any]:
    return check([f"experiment={experiment}", f"data.root={root}"])[0]


def test_the_recipe_is_the_papers(experiment: str, tmp_path: Path) -> None:
    settings, task = settings_of(experiment, tmp_path), TASKS[experiment]
    data, schedule = settings["data"], settings["schedule"]
    assert schedule == {"epochs": task.epochs, "decay_epochs": 0}
    assert data["batch_size"] == task.batch_size
    assert data["jitter"] == (1.117 if task.jitter else 1)  # 286 for 256
    assert data["mirror"] == task.mirror
    assert not data["quarter_turns"]
    assert data["colour_jitter"] == 0
    assert data["size"] == [256, 256]
    objective, optimizer = settings["objective"], settings["optimizer"]
    assert objective["adversarial"] == "vanilla"
    assert objective["conditional"]
    assert (objective["adversarial_weight"], objective["l1_weight"], objective["l2_weight"]) == (1, 100, 0)
    assert (optimizer["lr"], optimizer["discriminator_lr"]) == (2e-4, 2e-4)
    assert settings["discriminator"]["receptive_field"] == 70
    assert (settings["generator"]["base_channels"], settings["generator"]["depth"]) == (64, 8)


def test_the_set_is_read_as_it_lies_on_disk(experiment: str, tmp_path: Path) -> None:
    task = TASKS[experiment]
    LAYOUTS[experiment](tmp_path)
    data = make_data(settings_of(experiment, tmp_path))
    assert (data.source_domain.kind, data.target_domain.kind) == task.domains
    for split in ("train", "val"):
        pairs = data.readable(split)
        for index in range(len(pairs)):
            pair = pairs[index]
            if task.source != "holed":
                assert np.abs(pair.source[0, 0].astype(int) - FLAT[task.source][: pair.source.shape[2]]).max() <= 2
            assert np.abs(pair.target[0, 0].astype(int) - FLAT[task.target]).max() <= 2
    batch = data.val_samples(1)[0]
    assert batch.source.shape[2:] == batch.target.shape[2:] == (256, 256)
    assert batch.weight is None


def test_every_experiment_of_the_papers_is_in_the_table() -> None:
    own = {"pairs", "scenes"}  # for pairs of one's own, and the embedded ones
    beyond = {"pix2pixhd"}
    found = {path.stem for path in (conf_folder() / "experiment").glob("*.yaml")}
    assert found - own - beyond == set(TASKS)


def test_every_task_is_painted_too() -> None:
    painted = {task.scenes for task in TASKS.values()} | {"map2photo"}
    choices, _ = get_args(get_type_hints(DataSettings)["task"])
    assert painted == set(DOMAINS) == set(get_args(choices))
    assert tuple(domain["kind"] for domain in DOMAINS["grey2colour"]) == TASKS["colourise"].domains


def test_the_middle_of_a_photo_is_missing(tmp_path: Path) -> None:
    alone(".")(tmp_path)
    pair = make_data(settings_of("inpaint", tmp_path)).readable("train")[0]
    changed = (pair.source != pair.target).any(axis=2)
    expected = np.zeros((256, 256), bool)
    expected[64:192, 64:192] = True
    np.testing.assert_array_equal(changed, expected)


def test_colours_are_learned_from_lightness(tmp_path: Path) -> None:
    """L, a and b of the colour of the photo, against scikit-image."""
    colour = pytest.importorskip("skimage.color")
    for number in (1, 2):
        write_picture(tmp_path / f"{number}.png", flat("photo"))
    data = make_data(settings_of("colourise", tmp_path))
    assert (data.source_domain, data.target_domain) == (LabL(), LabAb())
    batch = data.val_samples(1)[0]
    lightness, a, b = colour.rgb2lab(np.array(FLAT["photo"]) / 255)
    assert batch.source[0, 0].numpy() == pytest.approx(lightness / 50 - 1, abs=1e-4)
    assert batch.target[0, 0].numpy() == pytest.approx(a / 110, abs=1e-4)
    assert batch.target[0, 1].numpy() == pytest.approx(b / 110, abs=1e-4)
