"""Every file under conf/, found here by itself, composes, validates, and makes the parts that it describes."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import hydra.utils
import lightning.pytorch
import numpy as np
import pytest
import torch
from omegaconf import OmegaConf

import pix2pix.settings.making
from pix2pix.build.assembly import assemble
from pix2pix.pictures.codecs import write_picture
from pix2pix.schema.problems import dotted
from pix2pix.settings.compose import check
from pix2pix.settings.help import GROUPS, SETTINGS
from pix2pix.settings.trainer_rules import TRAINER_ARGUMENTS, TRAINER_REFUSES
from pix2pix.settings.typed import conf_folder

CONF = conf_folder()
FILES = sorted(path.relative_to(CONF).with_suffix("") for path in CONF.rglob("*.yaml"))
CHOICES = [file for file in FILES if len(file.parts) == 2 and not file.name.startswith("_")]
# Little networks; everything else is as the file says.
SMALL = ["generator.base_channels=2", "discriminator.base_channels=2"]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is each of the layouts at once: files of pairs or photos, two folders, a manifest."""
    root = tmp_path_factory.mktemp("pairs")
    picture = np.random.default_rng(0).integers(0, 256, (8, 16, 3), dtype=np.uint8)
    folders = [f"{side}/{split}" for side in ("A", "B", "lwir", "visible") for split in ("train", "val")]
    for folder in ("train", "val", *folders):
        for number in range(2):
            (root / folder).mkdir(parents=True, exist_ok=True)
            write_picture(root / folder / f"{number}.png", picture)
    rows = [f"A/{split}/{name}.png,B/{split}/{name}.png,{split}" for split in ("train", "val") for name in "01"]
    (root / "pairs.csv").write_text("\n".join(["source,target,split", *rows]))
    return root


def settings_of(choice: Path, pairs: Path) -> dict[str, Any]:
    """The checked settings with this one choice typed, and what that choice cannot do without."""
    group, name = choice.parts
    overrides = [f"{group}={name}"]
    if group == "experiment" and "override /data: scenes" not in (CONF / f"{choice}.yaml").read_text():
        overrides.append(f"data.root={pairs}")
    if group == "data" and name != "scenes":
        overrides.append(f"data.root={pairs}")
    if choice == Path("data", "derived"):
        overrides.append("data.derive=edges")
    if choice == Path("objective", "classes"):
        overrides.append("data.task=photo2labels")
    if group == "trainer" and not torch.cuda.is_available():
        overrides += ["trainer.accelerator=cpu", *(["trainer.devices=2"] if name == "ddp" else [])]
    return check([*overrides, *SMALL])[0]


@pytest.mark.parametrize("choice", CHOICES, ids=str)
def test_every_choice_makes_a_whole_run(
    choice: Path, pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the trackers' folder is the run's, below outputs/
    settings = settings_of(choice, pairs)
    parts = assemble(settings, tmp_path, None)
    try:
        size = settings["data"]["size"]
        sample = parts.data.val_samples(1)[0]
        assert sample.source.shape[2:] == sample.target.shape[2:] == tuple(size)
        with torch.no_grad():
            translated = parts.module.translate(sample.source, sample.names)
        assert translated.shape == sample.target.shape
        assert len(parts.trainer.loggers) == len(settings["logger"])
        assert len(parts.module.configure_optimizers()) == (2 if settings["objective"].get("adversarial") else 1)
    finally:
        for tracker in parts.trainer.loggers:
            tracker.finalize("success")


def test_every_file_is_a_choice_or_used_by_one() -> None:
    used = {file for file in FILES if file == Path("train") or file in CHOICES}
    for choice in CHOICES:
        content = OmegaConf.to_container(OmegaConf.load(CONF / f"{choice}.yaml"), resolve=False)
        assert isinstance(content, dict)
        used |= {Path(choice.parts[0], each) for each in content.get("defaults", []) if isinstance(each, str)}
    assert used == set(FILES)


@pytest.mark.parametrize("experiment", [file.name for file in CHOICES if file.parts[0] == "experiment"])
def test_an_experiment_is_named_after_its_file(experiment: str, pairs: Path) -> None:
    settings = settings_of(Path("experiment", experiment), pairs)
    assert settings["name"] == experiment


def test_every_argument_of_lightnings_trainer_is_allowed_or_refused_with_a_reason() -> None:
    arguments = set(inspect.signature(lightning.pytorch.Trainer.__init__).parameters) - {"self"}
    assert arguments == TRAINER_ARGUMENTS | TRAINER_REFUSES.keys()
    assert not TRAINER_ARGUMENTS & TRAINER_REFUSES.keys()


def test_what_the_run_gives_the_trainer_itself_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: set[str] = set()

    def instantiate(config: Any, **arguments: Any) -> Any:
        if str(config.get("_target_", "")).endswith("Trainer"):
            given.update(arguments)
        return hydra.utils.instantiate(config, **arguments)

    monkeypatch.setattr(pix2pix.settings.making, "instantiate", instantiate)
    assemble(settings_of(Path("size/tiny"), tmp_path), tmp_path, None)
    assert "max_epochs" in given
    assert {name for name in given if name[0] != "_"} <= TRAINER_REFUSES.keys()


def test_help_names_every_group_and_its_ten_settings_compose(pairs: Path) -> None:
    assert set(GROUPS) == {path.name for path in CONF.iterdir() if path.is_dir()} - {"hydra"}
    assert len(SETTINGS) == 10
    typed = [word for setting in SETTINGS for word in setting.split()]
    plain = [word.replace("FOLDER", str(pairs)) for word in typed]
    settings, _ = check(["data=side_by_side", *plain])
    assert settings["trainer"]["devices"] == 4
    assert settings["data"]["root"] == str(pairs)


def _keys() -> set[str]:
    """Every setting of `conf/` that is a value, as it is typed, less what only the project itself fills in."""
    found = set()
    for file in FILES:
        group = "" if len(file.parts) == 1 else f"{file.parts[0]}."
        if group == "experiment.":
            continue
        content = OmegaConf.to_container(OmegaConf.load(CONF / f"{file}.yaml"), resolve=False)
        keys = list(dotted(content))
        leaves = [key for key in keys if not any(other.startswith(f"{key}.") for other in keys)]
        found |= {f"{group}{key}" for key in leaves}
    return {key for key in found if not re.search(r"(^|\.)(_|defaults|pairs\.|hydra\.|folder$|extra$)", key)} - {
        *("data.name", "size.name")
    }


def test_the_documents_name_every_setting_and_no_other() -> None:
    documented = set()
    for line in (CONF.parent / "docs" / "settings.md").read_text().splitlines():
        before = ""
        for key in re.findall(r"`([a-z_]*(?:\.[a-z_0-9]+)*)(?:=[^`]*)?`", line):
            # `.entity` after `logger.wandb.factory.project`
            before = f"{before.rpartition('.')[0]}{key}" if key.startswith(".") else key
            documented.add(before)
    keys = _keys()
    assert keys - documented == set()
    groups = {key.partition(".")[0] for key in keys}
    assert {key for key in documented if "." in key and key.partition(".")[0] in groups} - keys == set()
