"""One process at a time in a folder, so that two never write one run."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from pix2pix.errors import ConfigError

FILE = ".lock"


@contextmanager
def alone(folder: Path, command: str) -> Iterator[None]:
    """Nobody else is in the folder as long as the `with` lasts, nor when this process has died of anything.

    Raises ConfigError where somebody is, another `pix2pix COMMAND`, or where the lock is no file.
    """
    if sys.platform == "win32":  # which has no such locks
        yield
        return
    import fcntl

    with _opened(folder / FILE) as held:
        with suppress(OSError):  # some file systems have no locks
            try:
                # Of the process: unlike flock's it is not held on by loading processes that outlive it.
                fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):
                raise ConfigError(f"{folder}: another pix2pix {command} works there; wait for it or end it") from None
        yield


def _opened(path: Path) -> BinaryIO:
    """A lock, made where it is not there. What a link leads to is not touched, and no fifo is waited for."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO):  # a link, a folder, a socket
            raise
        raise _no_file(path) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _no_file(path)
    return os.fdopen(handle, "r+b")


def _no_file(path: Path) -> ConfigError:
    return ConfigError(f"{path} is no file, and it is how one pix2pix knows of another: delete it, and the same again")
