"""How every command of ours begins, before anything heavy is imported: what it prints to may be narrow or gone, Ctrl-C
ends it at once while there is nothing to lose, and it ends with who started it.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO

from pix2pix.processes.starter import end_with_starter

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

GONE = (errno.EPIPE, errno.EIO, errno.ENXIO)  # who read a pipe, a terminal
PLAIN = {"·": "-", "–": "-", "…": "...", "→": "->", "×": "x", "²": "2", "≥": ">=", "≤": "<=", "±": "+-", "°": " deg"}


def start_command() -> None:
    """Make this process one of ours. The library does nothing of the kind to the processes that import it."""
    signal.signal(signal.SIGINT, leave)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # see `ctrl_c_waits`
    end_with_starter()
    codecs.register_error("pix2pix.plain", _plain)
    for number, name in ((1, "stdout"), (2, "stderr")):
        setattr(sys, name, _stream(number, getattr(sys, name)))


def started_as_command() -> bool:
    """Whether this is `pix2pix` or `python -m pix2pix.VERB`, which the ranks and points that a command starts are."""
    words = sys.orig_argv
    if "-m" in words[:-1]:
        return words[words.index("-m") + 1].startswith("pix2pix.")
    return os.path.basename(sys.argv[0]) == "pix2pix"


@contextmanager
def ctrl_c_waits() -> Iterator[None]:
    """Let Ctrl-C wait while this process becomes another program, which is a command of ours too."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave(signum: int, frame: FrameType | None) -> NoReturn:
    """End at once, without KeyboardInterrupt: raised within an import it comes out as anything."""
    os._exit(128 + signum)


def _plain(error: UnicodeError) -> tuple[str, int]:
    """A character that the encoding lacks: written in others where we use it ourselves, else as a number."""
    if isinstance(error, UnicodeEncodeError) and (other := PLAIN.get(error.object[error.start])):
        return other, error.start + 1
    return codecs.lookup_error("backslashreplace")(error)  # type: ignore[return-value]


def _stream(number: int, before: TextIO | None) -> TextIO:
    """The same stream, which passes over what it cannot show, and whoever does not read it any more."""
    if not isinstance(before, io.TextIOWrapper):  # closed by who started this
        while (handle := os.open(os.devnull, os.O_WRONLY)) < number:
            pass
        os.dup2(handle, number)
        return open(number, "w", encoding="utf-8", closefd=False)
    before.flush()
    raw = _Readerless(number, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=before.encoding,
        errors="pix2pix.plain",
        line_buffering=before.line_buffering,
        write_through=before.write_through,
    )


class _Readerless(io.FileIO):
    """A file into nothing once nobody reads it: the work goes on."""

    def write(self, data: ReadableBuffer) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in GONE:
                raise
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, self.fileno())
            os.close(nothing)
            return super().write(data)
