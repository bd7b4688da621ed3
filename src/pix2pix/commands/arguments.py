"""What the commands with plain flags share: types of arguments, and how a mistake is told."""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from pix2pix.files.os_errors import in_words
from pix2pix.processes.starting import leave
from pix2pix.processes.workers import WorkerLostError, telling_lost_workers


def count(text: str) -> int:
    """A whole number of at least 1, as typed."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number of at least 1")
    return number


def filled(text: str) -> str:
    """A text that says something: an empty path would mean the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("found '', expected a path: has a variable of the shell no value?")
    return text


def path(text: str) -> Path:
    """A file or a folder, as typed."""
    return Path(filled(text))


def number(low: float, high: float, *, below: bool = False) -> Callable[[str], float]:
    """A type of arguments: a number from `low` to `high`, or below it."""

    def read(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = math.nan
        if not (low <= found < high or (found == high and not below)):
            upper = f"below {high:g}" if below else f"to {high:g}"
            raise argparse.ArgumentTypeError(f"found {text!r}, expected a number from {low:g} {upper}")
        return found

    return read


def tell_mistake(command: str, error: object) -> None:
    """Print each line of what is wrong behind the command's name."""
    print("\n".join(f"pix2pix {command}: {line}" for line in str(error).splitlines()), file=sys.stderr)


def exit_status(
    command: str,
    work: Callable[[], int | None],
    *,
    mistakes: tuple[type[Exception], ...],
    failures: tuple[type[Exception], ...] = (),
    stopped: str = "",
) -> int:
    """Do a command's work; returns its own status, where it has one, else 0.

    2 after a mistake of who typed it; 1 after a failure, a file or a folder that cannot be read or written among them;
    130 after Ctrl-C, with a word where there is one to say. All are told without a traceback. SIGTERM and SIGHUP, where
    nothing else heeds them, unwind the work as an exception does, so that drafts are removed; the status is then 143 or
    129.
    """
    if signal.getsignal(signal.SIGINT) == leave:  # from here on there may be something to clear away
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with _unwinding(), telling_lost_workers():
            return work() or 0
    except mistakes as error:
        tell_mistake(command, error)
        return 2
    except failures as error:
        tell_mistake(command, error)
        return 1
    except WorkerLostError as error:
        tell_mistake(command, error)
        return 1
    except OSError as error:
        tell_mistake(command, in_words(error))
        return 1
    except KeyboardInterrupt:
        if stopped:
            tell_mistake(command, stopped)
        return 130


@contextmanager
def _unwinding() -> Iterator[None]:
    ends = (signal.SIGTERM, signal.SIGHUP) if threading.current_thread() is threading.main_thread() else ()
    free = [each for each in ends if signal.getsignal(each) == signal.SIG_DFL]
    for each in free:
        signal.signal(each, _unwind)
    try:
        yield
    finally:
        for each in free:
            signal.signal(each, signal.SIG_DFL)


def _unwind(number: int, frame: FrameType | None) -> NoReturn:
    if multiprocessing.parent_process() is not None:  # a loading process, which has not put its own handler there yet
        os._exit(128 + number)
    raise SystemExit(128 + number)
