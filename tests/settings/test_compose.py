"""From what is typed to checked settings; a run's own settings again where it is resumed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from pix2pix.errors import ConfigError
from pix2pix.hints import quote
from pix2pix.settings.compose import check
from pix2pix.settings.mistakes import explanation
from pix2pix.settings.overrides import readable
from pix2pix.settings.resuming import resume_arguments
from pix2pix.settings.typed import FLAGS_WITH_VALUE, HYDRAS_FLAGS, check_flags, conf_folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run, with what Hydra leaves there, under a name that is hard to type."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "outputs" / "an odd [name], it's {so}=$1" / "2024-01-01_00-00-00"
    (folder / ".hydra").mkdir(parents=True)
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "last.ckpt").touch()
    overrides = ["generator=resnet", "generator.blocks=6", "schedule.epochs=4", "logger=[csv,tensorboard]"]
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        OmegaConf.save(compose("train", overrides), folder / ".hydra" / "config.yaml")
    OmegaConf.save(overrides, folder / ".hydra" / "overrides.yaml")
    return folder


def test_what_is_composed_without_more() -> None:
    settings, folder = check([])
    assert settings["data"]["name"] == "scenes"
    assert settings["generator"]["base_channels"] == settings["size"]["base_channels"]
    assert re.fullmatch(r"outputs/scenes/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d", str(folder))
    assert settings["logger"]["csv"]["folder"] == str(folder)
    assert "hydra" not in settings


def test_later_words_win_and_hydras_own_are_taken() -> None:
    settings, folder = check(["size=small", "seed=1", "seed=2", "data.size=[64,96]", "hydra.run.dir=/somewhere/else"])
    assert (settings["seed"], settings["size"]["name"], settings["data"]["size"]) == (2, "small", [64, 96])
    assert folder == Path("/somewhere/else")


def test_a_resumed_run_has_its_own_settings(run: Path) -> None:
    before = OmegaConf.to_container(OmegaConf.load(run / ".hydra" / "config.yaml"), resolve=False)
    arguments = resume_arguments([f"resume={quoted(run)}", "schedule.epochs=9", "data.num_workers=2"])
    settings, folder = check(arguments)
    assert folder == run
    assert settings["resume"] == str(run)
    assert settings["schedule"]["epochs"] == 9
    assert settings["data"]["num_workers"] == 2
    assert settings["generator"] == {
        "_target_": "pix2pix.models.resnet.ResNet",
        "base_channels": 16,
        "blocks": 6,
        "norm": "instance",
        "dropout": 0.0,
        "upsampling": "transposed",
    }
    assert settings["logger"]["tensorboard"]["factory"]["folder"] == str(run)
    assert OmegaConf.to_container(OmegaConf.load(run / ".hydra" / "config.yaml"), resolve=False) == before


def test_without_resume_arguments_stay_as_they_are() -> None:
    for arguments in ([], ["seed=1", "-m"], ["resume=null", "seed=1"]):
        assert resume_arguments(arguments) == arguments


@pytest.mark.parametrize(
    "typed", ["generator=unet", "generator.blocks=9", "data.batch_size=2", "seed=1", "+objective.l1_weight=3"]
)
def test_a_resumed_run_stays_the_run_it_was(run: Path, typed: str) -> None:
    with pytest.raises(ConfigError) as raised:
        resume_arguments([f"resume={quoted(run)}", typed])
    assert str(raised.value).startswith(f"{typed}: a run is continued as it was.")
    advised = shlex.split(str(raised.value).partition("from its weights: ")[2])
    assert advised[:2] + advised[3:4] == ["pix2pix", "train", typed]
    assert OverridesParser.create().parse_override(advised[2]).value() == str(run)


def test_a_run_without_weights_is_not_offered_as_a_start(run: Path) -> None:
    (run / "checkpoints" / "last.ckpt").unlink()
    with pytest.raises(ConfigError, match=r"no last\.ckpt yet to start a new run from: .* settings without resume=$"):
        resume_arguments([f"resume={quoted(run)}", "seed=1"])


def test_mistakes_beside_resume_are_explained_from_the_runs_settings(run: Path) -> None:
    arguments = resume_arguments([f"resume={quoted(run)}", "schedule.epoch=9"])
    with pytest.raises(ConfigError, match=r"^schedule\.epoch is no setting\. Nearest: type schedule\.epochs=9\."):
        check(arguments)


def test_no_run_folder_names_the_latest(run: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        resume_arguments(["resume=nowhere"])
    latest = run.relative_to(Path.cwd())
    assert str(raised.value) == (
        f"resume: 'nowhere' is no run folder: it has no .hydra/config.yaml. The latest run here: {latest}"
    )


def test_flags_hold_beside_resume(run: Path) -> None:
    resume = f"resume={quote(run)}"
    assert {"--cfg", "job"} <= set(resume_arguments([resume, "--cfg", "job"]))
    assert "--cfg=job" in resume_arguments(["--cfg=job", resume])
    with pytest.raises(ConfigError, match=r"^resume=.*a sweep starts runs of its own"):
        resume_arguments(["-m", resume, "schedule.epochs=12,24"])


def test_choices_of_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("# @package _global_\nname: mine\nseed: 7\n")
    for flag in (f"--config-dir={tmp_path}", f"-cd={tmp_path}"):
        settings, _ = check([flag, "experiment=mine"])
        assert (settings["name"], settings["seed"]) == ("mine", 7)
    assert check(["--config-dir", str(tmp_path), "experiment=mine"])[0]["seed"] == 7
    with pytest.raises(
        ConfigError, match=r"experiment: there is no 'min'; .*facades.*mine.*Nearest: type experiment=mine"
    ):
        check([f"--config-dir={tmp_path}", "experiment=min"])


def test_letters_that_hydra_cannot_read_are_quoted_for_it() -> None:
    parser = OverridesParser.create()
    for text in ("outputs/größe/x", "日本", "a;b", "50%µ"):
        assert parser.parse_override(readable(f"data.root={text}")).value() == text
    for argument in ("data.size=[1,2", "seed=1,2", "-m", "size", "data.root='ü'", "x=1e3", "+a.b={c:1}"):
        assert readable(argument) == argument


def test_hydras_flags_are_all_known() -> None:
    actions = get_args_parser()._actions
    assert {flag for action in actions for flag in action.option_strings} == HYDRAS_FLAGS
    with_value = {flag for action in actions if action.nargs != 0 for flag in action.option_strings}
    assert with_value == FLAGS_WITH_VALUE


def test_flags_that_hydra_does_not_have() -> None:
    check_flags(["-m", "--cfg", "job", "--config-dir=/x", "seed=1"])
    with pytest.raises(ConfigError, match=r"^there is no flag --epochs\. Settings are typed without dashes"):
        check_flags(["--epochs=3"])


def test_right_arguments_need_no_explanation() -> None:
    assert explanation(["--cfg", "job", "size=tiny", "~callbacks.samples", "+callbacks.mine._target_=x.Y"]) == ""
    assert explanation(["-m", "seed=1,2", "generator=unet,resnet", "optimizer.lr=choice(1e-4,2e-4)"]) == ""


def test_explanations_list_every_mistake() -> None:
    assert explanation(["-m", "seeds=1,2", "generator=unet,resnt", "sizetiny"]).splitlines() == [
        "'sizetiny' is no setting: those are typed as KEY=VALUE, without spaces.",
        "generator: there is no 'resnt'; the choices are coarse_to_fine, encoder_decoder, pixelwise, resnet, unet."
        " Nearest: type generator=resnet",
        "seeds is no setting. Nearest: type seed=1,2. All settings: pix2pix train --cfg job",
    ]


def test_names_and_values_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        check(["seeds=1", "schedule.epochs=many", "data.jitter=9", "size=tiny"])
    assert str(raised.value).splitlines() == [
        "seeds is no setting. Nearest: type seed=1. All settings: pix2pix train --cfg job",
        "data.jitter: found 9, expected a number of at most 4",
        "schedule.epochs: found 'many', expected a whole number",
    ]


def quoted(path: Path) -> str:
    """A path as a value for Hydra, written here by its grammar: in single quotes, those inside escaped."""
    return "'" + str(path).replace("'", "\\'") + "'"
