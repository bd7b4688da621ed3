"""The processes that load pictures: which signals reach them, who ends them, and what is said when one has died."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from traceback import extract_tb
from types import FrameType

from pix2pix.processes.starter import end_with

SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}  # that ask a training to save and end
LOST = re.compile(
    r"DataLoader worker \(pid(?:\(s\))? ([\d, ]+)\) (?:is killed by signal: (.*?)\. |exited unexpectedly)"
)
WHY = {
    "Killed": "killed, as a system does that has too little memory",
    "Bus error": "ended by a bus error: the shared memory, /dev/shm, is full (docker run --shm-size=8g enlarges it)",
}


class WorkerLostError(RuntimeError):
    """A loading process has died."""


@contextmanager
def starting_workers() -> Iterator[None]:
    """Let signals wait, here and in what is started here, until `spare_worker` has taken that out of the group."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        with _deaths_waiting():
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _deaths_waiting() -> Iterator[None]:
    """PyTorch's handler of a worker's death raises an error, which would be lost in what Python itself does at a fork.

    Blocking the signal would not do: any other thread of this process would take it, and Python call the handler here.
    """
    handler = signal.getsignal(signal.SIGCHLD)
    if not callable(handler) or threading.current_thread() is not threading.main_thread():
        yield
        return
    died: list[int] = []

    def wait(signum: int, frame: FrameType | None) -> None:
        died.append(signum)

    signal.signal(signal.SIGCHLD, wait)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGCHLD) is wait:  # PyTorch puts its own there once
            signal.signal(signal.SIGCHLD, handler)
    if died:
        signal.raise_signal(signal.SIGCHLD)


def spare_worker(worker: int) -> None:
    """A loader's `worker_init_fn`: a signal to the whole process group is for the process that loads to obey.

    It still needs its workers for the step or the validation under way, and they go when it does, however it does.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None
    assert parent.pid is not None
    os.setpgid(0, 0)
    for each in (signal.SIGINT, signal.SIGHUP):  # the handlers of who loads are not for this process
        signal.signal(each, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    end_with(parent.pid, signal.SIGKILL)
    while came := signal.sigpending() & SIGNALS:  # to the group, before this process had left it
        signal.sigwait(came)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


@cache
def kill_workers_at_exit() -> None:
    """At the end of this process kill what still loads, where Python would ask it to end and wait without end."""
    atexit.register(_kill_workers)  # before those of multiprocessing, since it is registered after them


def _kill_workers() -> None:
    _hear_no_deaths()
    for child in multiprocessing.active_children():
        if child.daemon:
            child.kill()


def _hear_no_deaths() -> None:
    """PyTorch's handler raises an error for a dead worker wherever this process is, were it at its very end."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


@contextmanager
def telling_lost_workers() -> Iterator[None]:
    """Raises WorkerLostError, with what to type, for the errors by which PyTorch says it, wherever they come out."""
    try:
        yield
    except Exception as error:
        if said := _lost(error):
            _hear_no_deaths()
            raise WorkerLostError(said) from error
        raise


def _lost(error: BaseException | None) -> str:
    """What to say of the errors that led to one another; nothing where none of them is about a loading process."""
    pid, how = "", ""
    cut_off = isinstance(error, ConnectionError | EOFError) and any(
        frame.filename.endswith("torch/utils/data/dataloader.py") for frame in extract_tb(error.__traceback__)
    )  # it died while it handed over a batch, which PyTorch does not say in its words
    while error is not None:
        if isinstance(error, RuntimeError) and (found := LOST.search(f"{error} ")):
            pid, how = found[1], found[2] or how
        error = error.__cause__ or error.__context__
    if not pid and not cut_off:
        return ""
    why = WHY.get(how, f"ended by a fault ({how})" if how else "gone without a word")
    which = f" (pid {pid})" if pid else ""
    return (
        f"a loading process{which} was {why}. Type a smaller data.num_workers=, or data.num_workers=0: then nothing but"
        " the process itself loads"
    )
