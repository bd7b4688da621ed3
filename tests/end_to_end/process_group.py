"""A command of ours as a process group of its own, whose output the test reads at its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path


def start(folder: Path, verb: str, *arguments: str) -> subprocess.Popen[str]:
    """`pix2pix VERB ARGUMENTS` in `folder`."""
    return subprocess.Popen(
        [sys.executable, "-m", f"pix2pix.commands.{verb}", *arguments],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where tests run in the background
    )
