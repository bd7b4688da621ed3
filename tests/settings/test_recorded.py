"""What a run's recorded settings name, and who is asked about it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.plugins.config_source import ConfigSource
from omegaconf import OmegaConf

from pix2pix.errors import ConfigError
from pix2pix.runs.trust import VARIABLE, check_entries, take_trust
from pix2pix.settings.recorded import check_trusted, foreign, read_plain, recorded_overrides
from pix2pix.settings.resolvers import register_resolvers
from pix2pix.settings.typed import conf_folder


@pytest.fixture(autouse=True)
def _untrusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")


def recorded(folder: Path, *overrides: str, **more: Any) -> Path:
    """What Hydra writes for these, with more settings beside."""
    register_resolvers()
    with initialize_config_dir(config_dir=str(conf_folder()), version_base="1.3"):
        settings: Any = OmegaConf.to_container(compose("train", list(overrides)), resolve=False)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({**settings, **more}))
    return path


@pytest.mark.parametrize(
    "group", ["generator", "discriminator", "data", "objective", "trainer", "logger", "experiment"]
)
def test_every_choice_of_ours_is_resumed_unasked(tmp_path: Path, group: str) -> None:
    for choice in sorted((conf_folder() / group).glob("[!_]*.yaml")):
        path = recorded(tmp_path / choice.stem, f"{group}={choice.stem}")
        assert list(foreign(path)) == []


@pytest.mark.parametrize(
    "overrides",
    [
        ["optimizer.algorithm._target_=torch.optim.AdamW"],
        ["optimizer.algorithm._target_=torch.optim.SGD", "~optimizer.algorithm.betas"],
        ["data=side_by_side", "data.root=${oc.env:HOME}/pairs"],
        ["data=side_by_side", "data.root=${oc.env:SCRATCH,/tmp}"],
        ["name=${data.task}_${size.name}"],
        ["name=2026-01-31"],
    ],
)
def test_what_people_type_is_resumed_unasked(tmp_path: Path, overrides: list[str]) -> None:
    assert list(foreign(recorded(tmp_path, *overrides))) == []


CALL = {"_target_": "os.system", "command": "true"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"x": CALL}, "x._target_: 'os.system'"),
        ({"x": [[CALL]]}, "x.0.0._target_: 'os.system'"),
        ({"x": {"_target_": ["os.system"]}}, "x._target_: \"['os.system']\""),
        ({"x": {"_target_": "${name}"}}, "x._target_: '${name}'"),
        ({"x": {"_target_": "torch.optim.lr_scheduler.LambdaLR"}}, "x._target_"),
        ({"x": {"_target_": "pix2pix.commands.train.os.system"}}, "x._target_"),
        ({"x": {"_target_": "torch.optim.Adam", "_args_": ["a"]}}, "x._args_.0: 'a', an argument without a name"),
        ({"x": "${oc.create:{}}"}, "x: '${oc.create:{}}'"),
        ({"x": "${${y}:{}}"}, "x: '${${y}:{}}'"),
        ({"x": "$${y}{oc.create:{}}"}, "x: "),
        ({"x": "\\${oc.create:{}}"}, "x: "),
        ({"hydra": {}}, "hydra: settings of Hydra's own"),
        ({"hydra/launcher": "x"}, "hydra/launcher: settings of Hydra's own"),
        ({"defaults": ["x"]}, "defaults: settings of Hydra's own"),
        ({"logger": {"csv": {"folder": "/home"}}}, "logger.csv.folder: '/home', a place outside the run"),
        ({"logger": {"csv": {"folder": "${data.root}"}}}, "a place outside the run"),
        ({"logger": {"m": {"tracking_uri": "http://elsewhere"}}}, "'http://elsewhere', a place outside the run"),
    ],
)
def test_what_is_not_ours_is_told_with_its_key(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    path = recorded(tmp_path / "run" / ".hydra", **more)
    assert any(each.startswith(said) or said in each for each in foreign(path))
    with pytest.raises(ConfigError) as raised:
        check_trusted(path, tmp_path / "run")
    assert said in str(raised.value)
    assert str(path) in str(raised.value)
    assert str(raised.value).endswith(f"pix2pix train --trust resume={tmp_path / 'run'}")


def test_trust_is_taken_from_the_arguments_and_holds_for_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recorded(tmp_path, x=CALL)
    assert take_trust(["-m", "seed=1"]) == ["-m", "seed=1"]
    with pytest.raises(ConfigError):
        check_trusted(path, tmp_path)
    assert take_trust(["--trust", "-m", "seed=1"]) == ["-m", "seed=1"]
    check_trusted(path, tmp_path)


@pytest.mark.parametrize("text", ["a: [", "a: !!python/name:os.system", "- 1", "", "a: " + "[" * 3000, "a: \x00"])
def test_files_that_are_no_settings(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"config\.yaml (cannot be read as|holds no) settings"):
        list(foreign(tmp_path / "config.yaml"))


def test_anchors_that_multiply(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (tmp_path / "config.yaml").write_text("\n".join(lines))
    with pytest.raises(ConfigError, match=r"it has aliases \(\*name\)"):
        list(foreign(tmp_path / "config.yaml"))


@pytest.mark.parametrize("value", ["a", "[[[[[a]]]]]", "{a: 1}"])
def test_a_large_file_of_settings_is_refused_at_once(tmp_path: Path, value: str) -> None:
    """Hydra would read 1.8 MB for minutes."""
    file = tmp_path / "config.yaml"
    file.write_text("\n".join(f"a{number}: {value}" for number in range(100_000)))
    began = time.process_time()
    with pytest.raises(ConfigError, match="it is larger than 256 KiB"):
        list(foreign(file))
    assert time.process_time() - began < 1


@pytest.mark.parametrize("text", ["|\n" + "\n" * 250_000, "#" * 250_000, " " * 250_000 + "b", "${name}" * 35_000])
def test_a_long_file_of_settings_is_read_at_once(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(f"a: {text}")
    began = time.process_time()
    assert list(foreign(tmp_path / "config.yaml")) == []
    assert time.process_time() - began < 1


def test_a_file_of_many_values_is_refused(tmp_path: Path) -> None:
    """Hydra would compose these 240 KB for a quarter of a minute."""
    (tmp_path / "config.yaml").write_text(f"a: [{'1,' * 120_000}1]")
    with pytest.raises(ConfigError, match=r"config\.yaml cannot be read as settings: it holds more than 20000 values"):
        list(foreign(tmp_path / "config.yaml"))


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\n\n \n", "\v", "\f", "\x1c", "\x85", "\u2028"])
def test_a_package_is_found_wherever_hydra_finds_one(tmp_path: Path, end: str) -> None:
    text = f"# @other x{end}#  @package hydra.callbacks\na: 1\n"
    assert ConfigSource._get_header_dict(text)["package"] == "hydra.callbacks"
    (tmp_path / "config.yaml").write_bytes(text.encode())
    try:
        found = list(foreign(tmp_path / "config.yaml"))
    except ConfigError:
        return  # these are no ends of lines in YAML, where they may not stand
    assert found == ["a line '# @package', by which the settings would be others'"]


def test_a_file_that_has_changed_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    for text in ("a: 1", "a: 23"):
        file.write_text(text)
        assert read_plain(file)[0] == text


def test_recorded_overrides_are_texts(tmp_path: Path) -> None:
    assert recorded_overrides(tmp_path) is None
    file = tmp_path / ".hydra" / "overrides.yaml"
    file.parent.mkdir()
    for text, found in (
        ("[]", []),
        ("", []),
        ("- seed=1\n- name='${oc.create:{}}'", ["seed=1", "name='${oc.create:{}}'"]),
    ):
        file.write_text(text)
        assert recorded_overrides(tmp_path) == found
    file.write_text("a: 1")
    with pytest.raises(ConfigError, match=r"overrides\.yaml is damaged"):
        recorded_overrides(tmp_path)


def test_a_record_that_is_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / ".hydra").mkdir()
    os.mkfifo(tmp_path / ".hydra" / "overrides.yaml")
    with pytest.raises(ConfigError, match=r"overrides\.yaml cannot be read as settings: it is no file"):
        recorded_overrides(tmp_path)


def test_links_out_of_a_folder_are_told_or_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for number in range(25):
        (run / f"link {number:02d}").symlink_to(tmp_path)
    with pytest.raises(ConfigError) as raised:
        check_entries(run)
    first, *listed, more, last = str(raised.value).splitlines()
    assert first.startswith(f"{run} holds links out of it")
    assert listed == [f"  link {number:02d}: a link to {tmp_path}" for number in range(20)]
    assert more == "  … and 5 more"
    assert "type --trust as well" in last
    assert f"for pix2pix reproduce set {VARIABLE}=1" in last
    check_entries(run, "metrics.csv")
    check_entries(run, trusted=True)
    take_trust(["--trust"])
    check_entries(run)
