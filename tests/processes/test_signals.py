"""Signals: remembered while there is something to save, obeyed at once where there is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.training.stopped_run import At, checkpoint, settings_of, signalled, train

from pix2pix.commands.train import _trained
from pix2pix.data.datamodule import PairedData
from pix2pix.processes.signals import SIGNALS, Interrupted, StopRequest, interrupting, remembering


def handlers() -> list[Any]:
    return [signal.getsignal(each) for each in SIGNALS]


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_is_remembered(signum: signal.Signals) -> None:
    stop = StopRequest()
    with interrupting():  # puts the handlers back
        stop.listen()
        assert stop.signum is None
        signal.raise_signal(signum)
        assert stop.signum == signum


def test_sigterm_twice_changes_nothing() -> None:
    """Who ends a process group may well do so twice."""
    stop = StopRequest()
    with interrupting():
        stop.listen()
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert stop.signum == signal.SIGTERM


@pytest.mark.parametrize("first", SIGNALS)
def test_ctrl_c_after_a_signal_ends_the_process(first: signal.Signals) -> None:
    program = f"""
import signal
from pix2pix.processes.signals import StopRequest
StopRequest().listen()
signal.raise_signal({first:d})
print("goes on", flush=True)
signal.raise_signal(signal.SIGINT)
print("still goes on", flush=True)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (-signal.SIGINT, "goes on\n")


@pytest.mark.parametrize("signum", SIGNALS)
def test_interrupting(signum: signal.Signals) -> None:
    def carry_on_after_failures() -> None:
        with suppress(Exception):
            signal.raise_signal(signum)

    before = handlers()
    with pytest.raises(Interrupted) as stop, interrupting():
        carry_on_after_failures()
    assert stop.value.exit_status == 128 + signum
    assert not stop.value.in_order
    assert handlers() == before


def test_handlers_are_not_for_forked_processes() -> None:
    """They have these handlers until they install their own: a signal to the group is for their parent to answer."""
    stop = StopRequest()
    with interrupting():
        for training in (False, True):
            if training:
                stop.listen()
            forked = os.fork()
            if forked == 0:
                with suppress(BaseException):
                    signal.raise_signal(signal.SIGTERM)
                    os._exit(7 if stop.signum is None else 8)
                os._exit(9)
            assert os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]) == 7


def test_the_end_of_the_terminal_is_heeded_but_not_under_nohup() -> None:
    before = signal.getsignal(signal.SIGHUP)
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with interrupting():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            StopRequest().listen()
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_whether_signals_are_remembered() -> None:
    with interrupting():
        assert not remembering()
        StopRequest().listen()
        assert remembering()
    assert not remembering()


def test_handlers_are_given_back_after_a_training(tmp_path: Path) -> None:
    before = handlers()
    train(tmp_path / "whole", "schedule.epochs=1")
    assert handlers() == before
    with pytest.raises(Interrupted):
        train(tmp_path / "stopped", extra=[signalled("on_train_batch_start", 3)])
    assert handlers() == before

    def fail() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        train(tmp_path / "failed", extra=[At("on_train_batch_start", 3, fail)])
    assert handlers() == before


def test_twice_in_one_step(tmp_path: Path) -> None:
    def twice() -> None:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Interrupted) as stop:
        train(tmp_path, extra=[At("on_train_batch_start", 3, twice)])
    assert stop.value.in_order
    assert checkpoint(tmp_path)["images_seen"] == 4


@pytest.mark.parametrize("hook", ["setup", "on_fit_start"])
def test_before_the_training_starts(tmp_path: Path, hook: str) -> None:
    """There is nothing to save: it ends at once."""
    with pytest.raises(Interrupted) as stop, interrupting():
        train(tmp_path, extra=[signalled(hook, 0)])
    assert not stop.value.in_order
    assert not (tmp_path / "checkpoints").exists()


def test_while_the_loaders_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lightning has taken over SIGTERM by then, and would end with status 0."""
    original = PairedData.train_dataloader

    def signalled_loader(data: PairedData) -> Any:
        signal.raise_signal(signal.SIGTERM)
        return original(data)

    monkeypatch.setattr(PairedData, "train_dataloader", signalled_loader)
    assert _trained(settings_of(tmp_path), tmp_path) == (143, None)


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_exit_status_and_what_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, signum: signal.Signals, status: int
) -> None:
    caplog.set_level("INFO")
    settings = settings_of(tmp_path, "+callbacks.stop._target_=tests.processes.test_signals.StopAtThree")
    StopAtThree.signum = signum
    assert _trained(settings, tmp_path) == (status, None)
    assert f"{signum.name}: finishing this step, then saving. Ctrl-C aborts at once." in caplog.text
    assert "Stopped. To continue: pix2pix train resume=" in caplog.text
    assert checkpoint(tmp_path)["images_seen"] == 4


def test_a_rank_that_lightning_started_reports_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lightning kills the first rank once one that it has started reports one, and its exit status would be lost."""
    settings = settings_of(tmp_path, "+callbacks.stop._target_=tests.processes.test_signals.StopAtThree")
    StopAtThree.signum = signal.SIGTERM
    monkeypatch.setattr("pix2pix.commands.train.started_by_lightning", lambda: True)
    assert _trained(settings, tmp_path) == (0, None)


class StopAtThree(At):
    """A callback by name, as people add their own."""

    signum = signal.SIGTERM

    def __init__(self) -> None:
        super().__init__("on_train_batch_start", 3, lambda: signal.raise_signal(self.signum))
