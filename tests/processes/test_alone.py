"""One process at a time in a folder: another is refused, and what a dead one held is free."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pix2pix.errors import ConfigError
from pix2pix.processes.alone import FILE, alone

# Holds the folder, with a child that outlives it, as loading processes may.
HOLDER = """
import os, sys, time
from pathlib import Path
from pix2pix.processes.alone import alone
with alone(Path(sys.argv[1]), "train"):
    if os.fork() == 0:
        time.sleep(60)
    print("holds", flush=True)
    time.sleep(60)
"""


def test_a_folder_has_one_worker(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holds\n"
        try:
            with pytest.raises(ConfigError, match="another pix2pix train works there"), alone(tmp_path, "train"):
                pass
            holder.send_signal(signal.SIGKILL)
            holder.wait()
            with alone(tmp_path, "train"):  # although its child is still there
                pass
        finally:
            os.killpg(holder.pid, signal.SIGKILL)


def a_link(path: Path) -> None:
    (path.parent / "notes").write_text("mine")
    path.symlink_to("notes")


@pytest.mark.parametrize("made", [a_link, os.mkfifo, Path.mkdir])
def test_a_lock_that_is_no_file(tmp_path: Path, made: Callable[[Path], None]) -> None:
    """It is neither followed nor waited for."""
    made(tmp_path / FILE)
    with pytest.raises(ConfigError, match=rf"^{tmp_path / FILE} is no file"), alone(tmp_path, "train"):
        pass
    if made is a_link:
        assert (tmp_path / "notes").read_text() == "mine"


def test_a_lock_keeps_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("mine")
    with alone(tmp_path, "train"):
        pass
    assert (tmp_path / FILE).read_text() == "mine"
