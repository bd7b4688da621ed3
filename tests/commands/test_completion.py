"""What a shell completes, asked of a real bash, and of what fish asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pix2pix import cli
from pix2pix.commands import completion

ASK = """
eval "$(pix2pix train -sc install=bash)"
COMP_LINE="$1"; COMP_POINT=${#1}; typed=($1); COMP_CWORD=$(( ${#typed[@]} - 1 ))
if [[ "$1" == *" " ]]; then COMP_CWORD=${#typed[@]}; fi
$(complete -p pix2pix | sed "s/.* -F //; s/ .*//")
echo "${COMPREPLY[*]}"
"""


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("pix2pix tr", "train translate"),
        ("pix2pix train experiment=fac", "experiment=facades"),
        ("pix2pix train size=tiny trainer=d", "trainer=ddp trainer=ddp_cpu"),
        ("pix2pix train size=tiny data.batch", "data.batch_size="),
        ("pix2pix evaluate --sp", ""),
    ],
)
def test_bash(line: str, completed: str, tmp_path: Path) -> None:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = ["bash", "-c", ASK, "bash", line]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
    assert (ran.stdout.strip(), ran.stderr) == (completed, "")
    assert list(tmp_path.iterdir()) == []


def test_a_verb_is_chosen_of_all(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COMP_LINE", "pix2pix ")
    assert completion.complete(["-sc", "query=fish"], cli.VERBS) == 0
    assert capsys.readouterr().out.split() == sorted(cli.VERBS)


@pytest.mark.parametrize("words", [[], ["install=tcsh"], ["query=bash"], ["size=tiny"]], ids=str)
def test_a_mistyped_flag_says_what_to_type(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COMP_LINE", raising=False)
    assert completion.complete(["-sc", *words], cli.VERBS) == 2
    assert completion.LINE in capsys.readouterr().err
