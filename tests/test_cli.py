"""The command `pix2pix`: its verbs, its help, and that neither waits for anything heavy."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from pix2pix import cli
from pix2pix.settings.help import help_text


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["pix2pix", *words])
    try:
        cli.main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",), ("help",)])
def test_help_lists_every_verb(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *words) == 0
    printed = capsys.readouterr().out
    for verb in cli.VERBS:
        assert f"\n  pix2pix {verb} " in printed


def test_the_version_is_that_of_the_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "--version") == 0
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert capsys.readouterr().out == f"pix2pix {project['version']}\n"


@pytest.mark.parametrize(
    ("verb", "message"),
    [
        ("trian", f"pix2pix: there is no command 'trian'; there are {', '.join(cli.VERBS)}. Nearest: pix2pix train\n"),
        ("xyz", f"pix2pix: there is no command 'xyz'; there are {', '.join(cli.VERBS)}.\n"),
    ],
)
def test_a_verb_that_is_not_there(
    verb: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, verb, "size=tiny") == 2
    assert capsys.readouterr().err == message


@pytest.mark.parametrize("verb", cli.VERBS)
def test_a_verb_becomes_its_module(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(os, "execv", lambda program, words: replaced.append((program, words)))
    assert run(monkeypatch, verb, "a b", "--c") == 0
    module = cli.VERBS[verb][0]
    assert replaced == [(sys.executable, [sys.executable, "-m", module, "a b", "--c"])]
    assert find_spec(module) is not None


def test_the_page_that_explains_training() -> None:
    page = help_text()
    assert "  data           derived manifest scenes side_by_side two_folders\n" in page
    assert "resume=RUN" in page
    assert max(map(len, page.splitlines())) <= 100


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "--help"), "Groups, and what each can be:"),
        (("train", "size=tiny", "-h"), "Groups, and what each can be:"),
        (("train", "--cfg", "job", "size=small"), "side: 128"),
        (("data", "--help"), "check"),
        (("evaluate", "--help"), "--split"),
        (("translate", "--help"), "--side-by-side"),
        (("reproduce", "--help"), "--hours H"),
    ],
    ids=str,
)
def test_help_is_there_before_torch_is(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPROFILEIMPORTTIME": "1"}
    script = Path(sys.executable).with_name("pix2pix")
    ran = subprocess.run([script, *words], capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
    assert said in ran.stdout
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "pix2pix.cli" in imported
    assert not {"torch", "lightning"} & imported
    assert list(tmp_path.iterdir()) == []
