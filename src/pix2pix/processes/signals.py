"""Ctrl-C, SIGTERM, SIGHUP: a training finishes its step and saves before the process ends; all else ends at once."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal asked the program to stop. The exit status is 128 + signum.

    No Exception, as KeyboardInterrupt is none: code that carries on after failures must not take it for one.
    `in_order` says that all ranks have agreed and the run has been saved.
    """

    def __init__(self, signum: int, *, in_order: bool) -> None:
        super().__init__(f"stopped by {signal.Signals(signum).name}")
        self.signum = signum
        self.exit_status = 128 + signum
        self.in_order = in_order


def heeded() -> list[signal.Signals]:
    """Those of SIGNALS that are obeyed: under nohup the end of a terminal is none of our business."""
    return [each for each in SIGNALS if each != signal.SIGHUP or signal.getsignal(each) != signal.SIG_IGN]


@contextmanager
def interrupting() -> Iterator[None]:
    """Where there is nothing to save, a signal raises Interrupted wherever the program is (main thread only).

    Not in processes that are forked meanwhile: they are for this one to end.
    """
    process = os.getpid()

    def interrupt(signum: int, frame: FrameType | None) -> None:
        if os.getpid() == process:
            raise Interrupted(signum, in_order=False)

    before = {each: signal.signal(each, interrupt) for each in heeded()}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class StopRequest:
    """Remembers that a signal came. A Ctrl-C after it ends the process at once, as it would have without us."""

    def __init__(self) -> None:
        self.signum: int | None = None
        self._process = os.getpid()  # not one that is forked from it before it has handlers of its own

    def listen(self) -> None:
        """Install the handlers (main thread only)."""
        for each in heeded():
            signal.signal(each, self._handle)

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            return
        first = self.signum is None
        if not first and signum == signal.SIGINT:
            signal.signal(signum, signal.SIG_DFL)
            signal.raise_signal(signum)
        self.signum = signum
        if first:
            log.info("%s: finishing this step, then saving. Ctrl-C aborts at once.", signal.Signals(signum).name)


def remembering() -> bool:
    """Whether a training is under way that answers signals at the end of its step."""
    return isinstance(getattr(signal.getsignal(signal.SIGTERM), "__self__", None), StopRequest)
