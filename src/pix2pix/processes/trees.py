"""Process trees: start a command as the head of its own process group, and end it with all that it has started."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


class BusyError(RuntimeError):
    """A log that the processes of another tree still hold."""


@dataclass
class ProcessTree:
    """A command and its descendants: one session and process group, which a terminal's Ctrl-C does not reach.

    `started` is on the clock of `time.monotonic`; `log_start` is the size in bytes of the log before this start.
    """

    head: subprocess.Popen[bytes]
    log_file: Path
    log_start: int
    started: float

    @classmethod
    def start(cls, command: Sequence[str], environment: Mapping[str, str], log_file: Path) -> "ProcessTree":
        """Start with output and errors appended to a log, which is locked until the tree's last process is gone.

        Raises:
            BusyError: the log is locked by another tree.
        """
        output = os.open(log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            with suppress(OSError):  # some file systems have no locks
                try:
                    fcntl.flock(output, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise BusyError(f"{log_file} is in use by processes that still run: wait, or end them") from None
            log_start = os.fstat(output).st_size
            # Every process of the tree inherits the open file, and the lock with it.
            head = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        finally:
            os.close(output)
        return cls(head, log_file, log_start, time.monotonic())

    @property
    def exit_status(self) -> int | None:
        """Of the head, as a shell counts: 128 + n after signal n; None while it runs."""
        code = self.head.poll()
        return code if code is None or code >= 0 else 128 - code

    def last_lines(self, count: int) -> str:
        """The end of what has been logged since this start."""
        with self.log_file.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(self.log_start, size - 16_384))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-count:])

    def lives(self) -> bool:
        """Whether a process of the group runs; the dead whom nobody collects (containers without init) do not count."""
        if self.head.poll() is None:
            return True
        try:
            os.killpg(self.head.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
                if int(group) == self.head.pid and state not in "ZX":
                    return True
        return not Path("/proc/self/stat").exists()

    def signal(self, number: int) -> None:
        """Send a signal to every process of the group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.head.pid, number)


def end(trees: Sequence[ProcessTree], grace: float, signals: Sequence[int] = ()) -> None:
    """SIGTERM to whole groups, then SIGKILL to what is left after `grace` seconds or when `signals` grows."""
    noted = len(signals)
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        living = [tree for tree in trees if tree.lives()]
        for tree in living:
            tree.signal(number)
        deadline = time.monotonic() + seconds
        while any(tree.lives() for tree in living) and time.monotonic() < deadline:
            if number == signal.SIGTERM and len(signals) > noted:
                break
            time.sleep(0.05)


@contextmanager
def noted_signals() -> Iterator[list[int]]:
    """SIGINT, SIGTERM and SIGHUP are put into a list instead of acting; what was ignored (nohup) stays ignored.

    For the main thread only.
    """
    noted: list[int] = []
    numbers = [n for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, lambda number, _: noted.append(number)) for number in numbers}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
