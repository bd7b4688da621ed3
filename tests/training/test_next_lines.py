"""What a run says at its end: each line can be typed as it is, and says what to do next."""

from __future__ import annotations

import logging
import shlex
from pathlib import Path

import pytest
from tests.evaluation.untrained_runs import untrained
from tests.training.test_bad_pairs import record_as_hydra_does

from pix2pix.commands.evaluate import main as evaluate
from pix2pix.commands.train import _tell_end
from pix2pix.commands.translate import main as translate
from pix2pix.settings.compose import check
from pix2pix.settings.resuming import resume_arguments


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> dict[str, list[str]]:
    """The words of each line by its command, of a run that was extended from 2 epochs to 5, with choices of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my choices" / "experiment").mkdir(parents=True)
    (tmp_path / "my choices" / "experiment" / "mine.yaml").write_text("# @package _global_\nname: mine\n")
    run = untrained(tmp_path / "outputs" / "it's mine")
    typed = ["experiment=mine", "schedule.epochs=2", "seed=4", "data.train_pairs=7"]
    record_as_hydra_does(run, typed, tmp_path / "my choices")
    with caplog.at_level(logging.INFO):
        _tell_end(run, typed, 5)
    found = [shlex.split(line.message) for line in caplog.records if line.message.startswith("  pix2pix")]
    assert [words[1] for words in found] == ["evaluate", "translate", "train", "train"]
    return {"evaluate": found[0][2:], "translate": found[1][2:], "resume": found[2][2:], "sweep": found[3][2:]}


def test_the_run_is_evaluated_and_translates(lines: dict[str, list[str]]) -> None:
    assert evaluate(lines["evaluate"]) == 0
    assert translate(lines["translate"]) == 0
    assert len(list(Path("translated").rglob("*.png"))) == 6  # the pairs of val


def test_the_run_goes_on_for_longer(lines: dict[str, list[str]]) -> None:
    (Path("outputs/it's mine/.hydra/config.yaml")).write_text("schedule: {epochs: 5}\n")
    words = resume_arguments(lines["resume"])
    assert "schedule.epochs=10" in words
    assert any(word.startswith("resume=") and "it\\'s mine" in word for word in words)


def test_the_sweep_is_of_the_same_run_with_its_own_choices(lines: dict[str, list[str]]) -> None:
    words = lines["sweep"]
    assert words[0] == "-m"
    assert words[2] == "seed=1,2,3"
    settings, _ = check([word.replace("seed=1,2,3", "seed=1") for word in words[1:]])
    assert (settings["name"], settings["schedule"]["epochs"], settings["data"]["train_pairs"]) == ("mine", 5, 7)
