"""The folder of a new run: made for it alone, held as long as it trains, and gone if its settings are refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pix2pix.errors import ConfigError
from pix2pix.processes import alone
from pix2pix.runs.run import check_unused
from pix2pix.runs.trust import check_entries


@contextmanager
def new_folder(folder: Path, called_by_time: Callable[[], bool]) -> Iterator[Path]:
    """A folder for a new run, where no other process trains as long as the `with` lasts.

    Where it is there already and is called by the time, another run has started in the same second, and this one gets
    `folder_2` or the next that is free. If what is within the `with` raises ConfigError, or ends the program with
    status 2, before anything was written to it but a log, the folder is removed again, if it was made here.

    Args:
        called_by_time: asked where the folder is there already.

    Raises ConfigError where the folder holds results of a run, or what leads out of it, or somebody else trains there.
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
            check_entries(folder)
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
