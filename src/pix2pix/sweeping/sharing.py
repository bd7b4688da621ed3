"""Devices and threads, shared out among the points that run side by side."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence

from pix2pix.sweeping.point import SweepError


def visible_devices() -> list[str]:
    """The GPUs that this process may use, as CUDA names them. Torch is not asked: importing it takes seconds."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [device for device in re.split(r"[,\s]+", visible) if device not in ("", "-1")]
    if shutil.which("nvidia-smi") is None:
        return []
    listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False).stdout
    return [str(index) for index in range(sum(line.startswith("GPU ") for line in listing.splitlines()))]


def jobs_that_fit(jobs: int | None, devices_per_job: int, devices: Sequence[str]) -> int:
    """How many points run side by side; raises SweepError where more are asked for than the GPUs allow."""
    if (jobs is not None and jobs < 1) or devices_per_job < 0:
        raise SweepError(f"found jobs={jobs} and devices_per_job={devices_per_job}: expected at least 1 and at least 0")
    if not devices:
        return jobs or 1
    fit = len(devices) // devices_per_job
    if fit < (jobs or 1):
        raise SweepError(
            f"jobs={jobs or 1} with devices_per_job={devices_per_job} needs {(jobs or 1) * devices_per_job} GPUs, "
            f"found {len(devices)}: lower one of them, or set devices_per_job=0 and points share the GPUs"
        )
    return jobs or fit


def threads_each(processes: int) -> int:
    """CPU threads for each of so many processes; a limit that the user has set is not raised."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = max(1, cores // processes)
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(share, max(1, int(limit))) if limit.isdigit() else share
