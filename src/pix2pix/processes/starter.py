"""A process that ends with the one that started it, whatever that one died of: nobody is left to ask it to."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from pathlib import Path

VARIABLE = "PIX2PIX_STARTED_BY"
PR_SET_PDEATHSIG = 1  # from linux/prctl.h
SECONDS = 1.0  # between two looks, where the kernel does not tell


def ends_with_us(signum: int) -> dict[str, str]:
    """Environment for a command of ours: a signal reaches it as soon as this process, or the thread, is gone."""
    return {VARIABLE: f"{os.getpid()}:{signum}"}


def end_with_starter() -> None:
    """Do as the environment says, if it says so to this process."""
    pid, _, signum = os.environ.pop(VARIABLE, "").partition(":")
    if pid and (os.getppid() == int(pid) or not _lives(int(pid))):
        end_with(int(pid), int(signum))


def end_with(parent: int, signum: int) -> None:
    """Send this process a signal once its parent is gone: by the kernel of Linux, elsewhere by a thread that looks."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signum)
        if os.getppid() != parent:  # it was gone before the kernel was asked
            os.kill(os.getpid(), signum)
    else:
        threading.Thread(target=_watch, args=(parent, signum), name="starter", daemon=True).start()


def _watch(parent: int, signum: int) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS)
    os.kill(os.getpid(), signum)


def _lives(pid: int) -> bool:
    """Whether it lives: then a shell or the like stands between it and this process, and is nobody's rank."""
    try:
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
            return False  # dead, and its own parent has not asked yet
    except OSError:
        pass  # there is no /proc, or no such process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
