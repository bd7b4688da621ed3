"""One process at a time in a folder: another is refused, and what a dead one held is free."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pix2pix.processes.alone import alone
from pix2pix.settings.complaints import ConfigError

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


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe"])
def test_what_is_no_file_of_its_own_is_not_opened(tmp_path: Path, kind: str) -> None:
    """A link's end stays what it was, and a pipe is not waited for."""
    victim = tmp_path / "victim"
    if kind == "link":
        victim.write_text("precious")
    (tmp_path / "run").mkdir()
    lock = tmp_path / "run" / ".lock"
    if kind == "pipe":
        os.mkfifo(lock)
    else:
        lock.symlink_to(victim)
    with pytest.raises(ConfigError, match=r"\.lock is no file of its own"), alone(tmp_path / "run", "train"):
        pass
    assert [victim.read_text()] == ["precious"] if kind == "link" else not victim.exists()


def test_what_a_lock_holds_stays(tmp_path: Path) -> None:
    (tmp_path / ".lock").write_text("kept")
    with alone(tmp_path, "train"):
        pass
    assert (tmp_path / ".lock").read_text() == "kept"
