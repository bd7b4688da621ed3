"""Loading processes: which signals reach them, that one ends them, and what is said when one has died."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from multiprocessing import resource_sharer
from multiprocessing.connection import Connection

import pytest
import torch

from pix2pix.processes.workers import WorkerLostError, spare_worker, starting_workers, telling_lost_workers

FORK = multiprocessing.get_context("fork")


def loading(told: Connection) -> None:
    spare_worker(0)
    told.send("ready")
    time.sleep(600)


def test_a_signal_to_the_group_passes_it_by_and_one_to_itself_ends_it() -> None:
    ready, told = FORK.Pipe(duplex=False)
    worker = FORK.Process(target=loading, args=(told,), daemon=True)
    worker.start()
    assert ready.recv() == "ready"
    assert worker.pid is not None
    assert os.getpgid(worker.pid) != os.getpgid(0)
    worker.terminate()  # PyTorch's and Python's way to be rid of it, once
    worker.join(60)
    assert worker.exitcode == -signal.SIGTERM


EARLY = """
import multiprocessing, os, signal, time
from pix2pix.processes.workers import spare_worker, starting_workers

def loading(begun, told):
    begun.send("begun")
    time.sleep({starts})
    spare_worker(0)
    told.send(str(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
    time.sleep(600)

for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, lambda signum, frame: print(signum, flush=True))
context = multiprocessing.get_context("fork")
begins, begun = context.Pipe(duplex=False)
ready, told = context.Pipe(duplex=False)
worker = context.Process(target=loading, args=(begun, told), daemon=True)
with starting_workers():
    worker.start()
begun.close(), told.close()
begins.recv()
os.killpg(0, {signum})
print(ready.recv(), worker.is_alive(), flush=True)
worker.kill()
"""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_group_passes_it_by_while_it_starts(signum: signal.Signals) -> None:
    """The one that trains hears it, and needs its workers for the step that it finishes."""
    ran = subprocess.run(
        [sys.executable, "-c", EARLY.format(starts=0.3, signum=int(signum))],
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,
    )
    assert ran.stdout.splitlines() == [str(int(signum)), "set() True"], ran.stderr
    assert ran.returncode == 0


PARENT = """
import multiprocessing, os, signal, sys, time
from pix2pix.processes.workers import kill_workers_at_exit, spare_worker

def loading(told):
    {before}
    told.send("loads")
    time.sleep(600)

context = multiprocessing.get_context("fork")
ready, told = context.Pipe(duplex=False)
context.Process(target=loading, args=(told,), daemon=True).start()
print(ready.recv(), flush=True)
{end}
"""


@pytest.mark.parametrize(
    ("before", "end"),
    [
        # It heeds no SIGTERM, as before `spare_worker` in a process with handlers: an error ends all the same.
        ("signal.signal(signal.SIGTERM, signal.SIG_IGN)", "kill_workers_at_exit(); raise RuntimeError"),
        ("spare_worker(0)", "raise RuntimeError"),
        pytest.param(
            "spare_worker(0)",
            "os.kill(os.getpid(), signal.SIGKILL)",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="elsewhere PyTorch's own watch ends it"),
        ),
    ],
)
def test_it_goes_with_who_loads(before: str, end: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PARENT.format(before=before, end=end)],
        stdout=subprocess.PIPE,  # which the worker holds too: nobody is left at its end
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode in (1, -signal.SIGKILL)
    assert ended.stdout == "loads\n"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("DataLoader worker (pid 12) is killed by signal: Killed. ", r"\(pid 12\) was killed, .* too little memory"),
        ("DataLoader worker (pid 12) is killed by signal: Segmentation fault. ", r"a fault \(Segmentation fault\)"),
        (
            "DataLoader worker (pid 12) is killed by signal: Bus error. It is possible that dataloader's workers are"
            " out of shared memory. Please try to raise your shared memory limit.",
            "--shm-size",
        ),
        ("DataLoader worker (pid(s) 12, 13) exited unexpectedly", r"\(pid 12, 13\) was gone without a word"),
    ],
)
def test_what_is_said_of_one_that_died(message: str, said: str) -> None:
    with pytest.raises(WorkerLostError, match=said) as told, telling_lost_workers():
        raise RuntimeError(message)
    assert "data.num_workers=0" in str(told.value)


def test_how_it_died_is_said_where_any_of_the_errors_knows_it() -> None:
    error = RuntimeError("DataLoader worker (pid(s) 12) exited unexpectedly")
    error.__context__ = RuntimeError("DataLoader worker (pid 12) is killed by signal: Killed. ")
    with pytest.raises(WorkerLostError, match="was killed"), telling_lost_workers():
        raise error


def test_other_errors_are_let_through() -> None:
    with pytest.raises(RuntimeError, match=r"^shapes$"), telling_lost_workers():
        raise RuntimeError("shapes")


class Zeros(torch.utils.data.Dataset[torch.Tensor]):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.zeros(3)


def test_one_that_dies_while_it_hands_over_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*arguments: object) -> None:
        raise ConnectionResetError("by peer")

    monkeypatch.setattr(resource_sharer.DupFd, "detach", cut_off)
    with (
        pytest.raises(WorkerLostError, match=r"a loading process was gone without a word\. Type a smaller"),
        telling_lost_workers(),
    ):
        list(torch.utils.data.DataLoader(Zeros(), num_workers=1))
    with pytest.raises(ConnectionResetError), telling_lost_workers():
        cut_off()


def test_a_death_while_others_start_is_told_when_they_have() -> None:
    """In the middle of a fork Python would print PyTorch's error and go on as if nothing had been."""
    heard: list[int] = []
    before = signal.signal(signal.SIGCHLD, lambda signum, frame: heard.append(signum))
    done = threading.Event()
    other = threading.Thread(target=done.wait)  # which takes a signal that the main thread blocks
    other.start()
    try:
        with starting_workers():
            os.kill(os.getpid(), signal.SIGCHLD)
            time.sleep(0.05)
            assert heard == []
        assert heard == [signal.SIGCHLD]
    finally:
        signal.signal(signal.SIGCHLD, before)
        done.set()
        other.join()


def test_a_handler_that_is_set_while_workers_start_stays() -> None:
    """PyTorch sets its own once, at the first start."""

    def of_pytorch(signum: int, frame: object) -> None: ...

    before = signal.signal(signal.SIGCHLD, lambda signum, frame: None)
    try:
        with starting_workers():
            signal.signal(signal.SIGCHLD, of_pytorch)
        assert signal.getsignal(signal.SIGCHLD) is of_pytorch
    finally:
        signal.signal(signal.SIGCHLD, before)
