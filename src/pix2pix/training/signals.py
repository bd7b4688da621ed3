"""Ctrl-C and SIGTERM while training: the step is finished and saved before the process ends."""

from __future__ import annotations

import logging
import signal
from types import FrameType
from typing import Any

log = logging.getLogger(__name__)


class Interrupted(Exception):
    """A signal asked the training to stop, and it has stopped in good order. The exit status is 128 + signum."""

    def __init__(self, signum: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signum).name}")
        self.signum = signum
        self.exit_status = 128 + signum


class StopRequest:
    """Remembers that a signal came; the second one ends the process at once, as it would have without us."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.signum: int | None = None
        self._before: dict[signal.Signals, Any] = {}

    def listen(self) -> None:
        """Install the handlers (main thread only)."""
        for each in self.SIGNALS:
            self._before[each] = signal.signal(each, self._handle)

    def restore(self) -> None:
        """Put the handlers from before back."""
        for each, handler in self._before.items():
            signal.signal(each, handler)
        self._before = {}

    def _handle(self, signum: int, frame: FrameType | None) -> None:
        if self.signum is not None and signum == signal.SIGINT:
            signal.signal(signum, signal.SIG_DFL)
            signal.raise_signal(signum)
        if self.signum is None:
            log.info("%s: finishing this step, then saving. Again to abort at once.", signal.Signals(signum).name)
        self.signum = signum
