"""What the commands with plain flags share: types of arguments, and how a mistake is told."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable


def count(text: str) -> int:
    """A whole number of at least 1, as typed."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number of at least 1")
    return number


def tell_mistake(command: str, error: object) -> None:
    """Print each line of what is wrong behind the command's name."""
    print("\n".join(f"pix2pix {command}: {line}" for line in str(error).splitlines()), file=sys.stderr)


def exit_status(
    command: str,
    work: Callable[[], object],
    *,
    mistakes: tuple[type[Exception], ...],
    failures: tuple[type[Exception], ...] = (),
) -> int:
    """Do a command's work: 0; 2 after a mistake of who typed it and 1 after a failure, both told; 130 after Ctrl-C."""
    try:
        work()
    except mistakes as error:
        tell_mistake(command, error)
        return 2
    except failures as error:
        tell_mistake(command, error)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
