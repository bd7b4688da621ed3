"""`pix2pix train` as a process group of its own, to be watched and signalled from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pix2pix.processes.starting import ctrl_c_waits

PATIENCE = 600.0  # seconds

Whom = Literal["rank 0", "rank 1", "a worker", "a point", "group"]

# Steps of some 10 ms, so that a signal meets them at work.
TINY = (
    *(
        "data.train_pairs=100",
        "data.val_pairs=3",
        "data.size=[16,16]",
        "data.cache=0",
        "size.base_channels=4",
        "size.discriminator_channels=4",
    ),
    *("generator.depth=3", "discriminator.receptive_field=7", "schedule.epochs=4", "training.log_every_images=10"),
    *("trainer.precision=32-true", "training.average=0.9", "callbacks.samples.count=1"),
)


class RunningCommand:
    """`pix2pix train ARGUMENTS`, which trains into `folder`; its output is collected in a file beside that."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.output = folder.with_suffix(".txt")
        self.mark = f"PIX2PIX_TEST_MARK={uuid.uuid4()}"  # of all its processes
        with self.output.open("ab") as output, ctrl_c_waits():  # as where `pix2pix` becomes it
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pix2pix.commands.train", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=os.environ | {"OMP_NUM_THREADS": "1"} | dict([self.mark.split("=")]),
            )

    @classmethod
    def start(cls, folder: Path, *overrides: str) -> RunningCommand:
        return cls(folder, *TINY, *overrides, f"hydra.run.dir='{folder}'")

    @classmethod
    def resume(cls, folder: Path, *overrides: str) -> RunningCommand:
        return cls(folder, f"resume='{folder}'", *overrides)

    @property
    def has_settings(self) -> bool:
        """Whether the run can be continued: its settings are written, as its first step begins."""
        return any(file.stat().st_size for file in self.folder.glob(".hydra/config.yaml"))

    @property
    def images(self) -> int:
        """Images seen by the last row of metrics.csv, of all points of a sweep together."""
        return sum(
            max((int(line.partition(",")[0]) for line in file.read_text().split("\n")[1:-1]), default=0)
            for file in self.folder.rglob("metrics.csv")
        )

    def wait_until(self, what: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not what():
            assert self.process.poll() is None, f"ended too early:\n{self.output.read_text()}"
            assert time.monotonic() < deadline, f"took too long:\n{self.output.read_text()}"
            time.sleep(0.01)

    def wait_for_images(self, images: int) -> None:
        self.wait_until(lambda: self.images >= images)

    def signal(self, signum: signal.Signals, whom: Whom = "group") -> None:
        if whom == "group":
            os.killpg(self.process.pid, signum)
        else:
            process = self.find(whom)
            assert process is not None
            os.kill(process, signum)

    def status(self) -> int:
        """Wait for the end, of the first process and then of all; the first one's exit status, negative for a death."""
        status = self.process.wait(PATIENCE)
        deadline = time.monotonic() + 20
        while self._left():
            assert time.monotonic() < deadline, f"left running: {self._left()}"
            time.sleep(0.05)
        return status

    def rank_1(self) -> int | None:
        """The process that Lightning has started, once it is there."""
        return self.find("rank 1")

    def find(self, whom: Whom) -> int | None:
        """One of its processes, where it is there."""
        if whom == "rank 0":
            return self.process.pid
        own = Path(f"/proc/{self.process.pid}/cmdline").read_bytes()
        for child in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            with suppress(FileNotFoundError, ProcessLookupError):
                words = Path(f"/proc/{child}/cmdline").read_bytes()
                is_point = b"hydra.mode=RUN" in words or b"resume=" in words
                if {"rank 1": b"train_ddp_process_1" in words, "a worker": words == own, "a point": is_point}[whom]:
                    return int(child)
        return None

    def _left(self) -> list[int]:
        """Its processes that still run, whatever their group or session; the dead have no environment."""
        found = []
        for environment in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if self.mark.encode() in environment.read_bytes():
                    found.append(int(environment.parent.name))
        return found
