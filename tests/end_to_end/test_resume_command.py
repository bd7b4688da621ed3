"""`pix2pix train` is killed, ended by signals and continued from outside: the run comes out as if nothing had been."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.end_to_end.running_command import RunningCommand, Whom
from tests.training.stopped_run import assert_same_run

RANKS = ("trainer=ddp_cpu", "trainer.precision=32-true")
HINT = re.compile(r"Stopped\. To continue: pix2pix train (\S*resume=.*)")


def scores(folder: Path) -> dict[str, float]:
    return json.loads((folder / "score.json").read_text())["scores"]  # type: ignore[no-any-return]


def test_one_process(tmp_path: Path) -> None:
    """SIGKILL at its first step and before its first checkpoint, SIGTERM and Ctrl-C to loading processes too.

    It is also extended, once: nobody types schedule.epochs again.
    """
    whole, folder = tmp_path / "whole", tmp_path / "stopped often"
    reference = RunningCommand.start(whole)

    run = RunningCommand.start(folder, "schedule.epochs=1")
    run.wait_until(lambda: run.has_settings)
    run.signal(signal.SIGKILL)
    assert run.status() == -signal.SIGKILL

    run = RunningCommand.resume(folder, "schedule.epochs=4")
    run.wait_for_images(10)
    run.signal(signal.SIGSTOP)  # as long as it lives, nobody else continues it
    second = RunningCommand.resume(folder)
    assert second.status() == 2
    assert "another pix2pix train works there" in second.output.read_text()
    run.signal(signal.SIGCONT)
    run.signal(signal.SIGKILL)
    assert run.status() == -signal.SIGKILL

    run = RunningCommand.resume(folder, "data.num_workers=2")
    run.wait_for_images(120)
    run.signal(signal.SIGTERM)
    assert run.status() == 128 + signal.SIGTERM

    run = RunningCommand.resume(folder)
    run.wait_for_images(230)
    run.signal(signal.SIGINT)
    assert run.status() == 128 + signal.SIGINT

    assert RunningCommand.resume(folder).status() == 0
    assert reference.status() == 0
    assert_same_run(folder, whole, "last", "best_ssim")
    assert scores(folder) == scores(whole)
    said = run.output.read_text()
    assert len(HINT.findall(said)) == 2
    assert "Traceback" not in said

    # Once more, though nothing is left to be done: the score stays what it was.
    before = (folder / "score.json").read_bytes()
    run = RunningCommand.resume(folder)
    assert run.status() == 0
    assert "All epochs are done. For more: pix2pix train " in run.output.read_text()
    assert (folder / "score.json").read_bytes() == before


def stopped_and_continued(tmp_path: Path, signals: Sequence[tuple[signal.Signals, Whom, int]]) -> None:
    """Two ranks; signals, to whom, and after how many images."""
    whole, folder = tmp_path / "whole", tmp_path / "stopped"
    run = RunningCommand.start(folder, *RANKS)
    for signum, whom, images in signals:
        run.wait_for_images(images)
        run.signal(signum, whom)
        assert run.status() == 128 + signum, (signum, whom)
        run = RunningCommand.resume(folder)
    assert run.status() == 0
    assert RunningCommand.start(whole, *RANKS).status() == 0
    assert_same_run(folder, whole, "last", "best_ssim")
    assert scores(folder) == scores(whole)
    said = run.output.read_text()
    assert len(HINT.findall(said)) == len(signals)  # the first rank speaks for all
    assert "Traceback" not in said


def test_two_ranks(tmp_path: Path) -> None:
    stopped_and_continued(tmp_path, [(signal.SIGTERM, "rank 1", 30), (signal.SIGTERM, "group", 150)])


@pytest.mark.slow
def test_two_ranks_more(tmp_path: Path) -> None:
    signals: list[tuple[signal.Signals, Whom, int]] = [(signal.SIGTERM, "rank 0", 30), (signal.SIGINT, "group", 130)]
    stopped_and_continued(tmp_path, [*signals, (signal.SIGINT, "rank 1", 230)])


@pytest.mark.parametrize(
    ("signum", "whom", "status"),
    [
        (signal.SIGTERM, "group", 143),
        (signal.SIGKILL, "rank 0", -signal.SIGKILL),
        pytest.param(signal.SIGINT, "group", 130, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, "group", 129, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, "rank 0", 143, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, "rank 1", 143, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, "rank 1", 1, marks=pytest.mark.slow),
    ],
)
def test_two_ranks_that_do_not_train_yet(signum: signal.Signals, whom: Whom, status: int, tmp_path: Path) -> None:
    """The first rank waits where it hears nothing, and the second imports: neither is left waiting for the other."""
    run = RunningCommand.start(tmp_path / "run", *RANKS)
    run.wait_until(lambda: run.rank_1() is not None)
    run.signal(signum, whom)
    assert run.status() == status  # and no process is left
    said = run.output.read_text()
    if signum != signal.SIGKILL:
        assert "Stopped before the training." in said
    elif whom == "rank 1":
        assert "rank 1 has ended by SIGKILL" in said
    assert "Traceback" not in said
    assert not (tmp_path / "run" / "checkpoints").exists()
