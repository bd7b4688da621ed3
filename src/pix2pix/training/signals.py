"""Ctrl-C and SIGTERM: a training finishes its step and saves before the process ends; anything else ends at once."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger(__name__)

SIGNALS = (signal.SIGINT, signal.SIGTERM)


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


@contextmanager
def interrupting() -> Iterator[None]:
    """Where there is nothing to save, a signal raises Interrupted wherever the program is (main thread only)."""

    def interrupt(signum: int, frame: FrameType | None) -> None:
        raise Interrupted(signum, in_order=False)

    before = {each: signal.signal(each, interrupt) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class StopRequest:
    """Remembers that a signal came. A Ctrl-C after it ends the process at once, as it would have without us."""

    def __init__(self) -> None:
        self.signum: int | None = None

    def listen(self) -> None:
        """Install the handlers (main thread only)."""
        for each in SIGNALS:
            signal.signal(each, self._handle)

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        first = self.signum is None
        if not first and signum == signal.SIGINT:
            signal.signal(signum, signal.SIG_DFL)
            signal.raise_signal(signum)
        self.signum = signum
        if first:
            log.info("%s: finishing this step, then saving. Ctrl-C aborts at once.", signal.Signals(signum).name)


def spare_worker(worker: int) -> None:
    """A loader's `worker_init_fn`: a signal to the whole process group is for the process that trains to obey.

    It still needs its workers for the step or the validation under way, and they go when it does. PyTorch's own way to
    be rid of a worker that hangs, SIGTERM again, still works.
    """

    def once(signum: int, frame: FrameType | None) -> None:
        signal.signal(signum, signal.SIG_DFL)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, once)
