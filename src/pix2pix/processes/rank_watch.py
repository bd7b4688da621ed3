"""The first rank's watch over those that it has started, for when it waits in a call that hears neither signals nor
deaths: it ends all, with a word and the right exit status.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from subprocess import Popen
from typing import Any

from pix2pix.processes.signals import SIGNALS, remembering

log = logging.getLogger(__name__)

GRACE = 3.0  # seconds in which the first rank finds out by itself


@contextmanager
def watched_ranks(ranks: Callable[[], Sequence[Popen[Any]]], stopped: Callable[[], None]) -> Iterator[None]:
    """End this process and its ranks where a signal came or a rank died, and the `with` has not ended soon after.

    Signals that a training remembers are its own affair: a step may take its time. For the main thread only.

    Args:
        ranks: the processes that have been started so far.
        stopped: says that a signal has ended the run.
    """
    ours, signals = socket.socketpair()
    signals.setblocking(False)
    before = signal.set_wakeup_fd(signals.fileno(), warn_on_full_buffer=False)
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(ours, ranks, stopped, over), name="rank watch", daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()
        signal.set_wakeup_fd(before)
        ours.close()
        signals.close()


def _watch(
    ours: socket.socket, ranks: Callable[[], Sequence[Popen[Any]]], stopped: Callable[[], None], over: threading.Event
) -> None:
    asked, deadline = 0, 0.0
    lost: list[tuple[int, int]] = []  # ranks that have ended in an error, with their status
    while not deadline or time.monotonic() < deadline:
        came = ours.recv(1024) if select.select([ours], [], [], 0.1)[0] else b""
        if over.is_set():
            return
        for thread in threading.enumerate():
            if thread.name == "child-process-observer":  # Lightning's, that kills this process without a word
                thread._child_processes = []  # type: ignore[attr-defined]
        lost = lost or [(index, status) for index, rank in enumerate(ranks(), start=1) if (status := rank.poll())]
        if not remembering():
            came += bytes(-status if status < 0 else max(status - 128, 0) for _, status in lost)
            asked = asked or next((number for number in came if number in SIGNALS), 0)
        if (asked or lost) and not deadline:
            deadline = time.monotonic() + GRACE
    for process in ranks():
        process.kill()
    if asked:
        stopped()
    else:
        rank, status = lost[0]
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        why = ", as a system ends what needs too much memory" if status == -signal.SIGKILL else ", and has said why"
        log.error("rank %d has ended %s%s", rank, how, why)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(128 + asked if asked else 1)
