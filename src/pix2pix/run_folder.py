"""The folder of a run: made for it alone, held as long as it trains, gone if its settings are refused; and what in a
folder that somebody else made leads out of it.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from pix2pix.processes import alone
from pix2pix.runs import check_unused
from pix2pix.settings.complaints import ConfigError

OWN = (".hydra", "checkpoints", "samples")  # folders that a training writes into; a tracker's have links of their own


def led_astray(folder: Path, names: Iterable[str] | None = None) -> list[str]:
    """What in a run's folder leads out of it, or has no end: links to elsewhere, pipes, devices; each as it lies there.

    Args:
        names: of entries, which are looked through all the way down; None for all entries of the folder, of which
            those in OWN are.
    """
    whole = OWN if names is None else tuple(names)
    entries = sorted(os.listdir(folder)) if names is None else list(whole)
    within = folder.resolve()
    found = []
    waiting = [folder / name for name in reversed(entries)]
    while waiting:
        path = waiting.pop()
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        if stat.S_ISLNK(mode):
            odd = not path.resolve().is_relative_to(within)
            described = f"a link to {os.readlink(path)}"
        else:
            odd = not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
            described = "a pipe, a socket or a device"
        shown = path.relative_to(folder)
        if odd:
            found.append(f"{shown}, {described}")
        elif stat.S_ISDIR(mode) and shown.parts[0] in whole:
            waiting += sorted(path.iterdir(), reverse=True)
    return found


def listed(found: Sequence[str]) -> str:
    """A few of them."""
    return "; ".join(found[:5]) + (f"; and {len(found) - 5} more" if len(found) > 5 else "")


@contextmanager
def new_folder(folder: Path, called_by_time: Callable[[], bool]) -> Iterator[Path]:
    """A folder for a new run, where no other process trains as long as the `with` lasts.

    Where it is there already and is called by the time, another run has started in the same second, and this one gets
    `folder_2` or the next that is free. If what is within the `with` raises ConfigError, or ends the program with
    status 2, before anything was written to it but a log, the folder is removed again, if it was made here.

    Args:
        called_by_time: asked where the folder is there already.

    Raises ConfigError where the folder holds results of a run, or somebody else trains there.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        if not folder.is_dir():
            raise
        if called_by_time():
            folder = _next_free(folder)
            missing = [folder]
        else:
            check_unused(folder)
            missing = []
    try:
        with alone.alone(folder, "train"):
            yield folder
    except (ConfigError, SystemExit) as end:
        if isinstance(end, ConfigError) or end.code == 2:
            _remove(folder, missing)
        raise


def _next_free(folder: Path) -> Path:
    for number in itertools.count(2):
        with suppress(FileExistsError):
            (numbered := folder.with_name(f"{folder.name}_{number}")).mkdir()
            return numbered
    raise AssertionError


def _remove(folder: Path, made: list[Path]) -> None:
    """Remove what was made, if there is nothing in it but logs."""
    if folder in made and all(each.name == alone.FILE or each.suffix == ".log" for each in folder.iterdir()):
        for each in folder.iterdir():
            each.unlink()
        for each in made:
            with suppress(OSError):  # it is not empty: others are there too
                each.rmdir()
