"""Which run of a tracker's server belongs to a run folder, so that a resumed training continues it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pix2pix.files.atomic import write_whole
from pix2pix.files.json_files import read_json

FILE = "trackers.json"
IDENTITY = re.compile(r"[\w-]{1,128}")  # it becomes a part of addresses and of paths


def known_id(folder: str | Path, tracker: str) -> str | None:
    """The id that `keep_id` wrote for this tracker in this run folder, None in a new run."""
    return _read(Path(folder)).get(tracker)


def keep_id(folder: str | Path, tracker: str, identity: str) -> None:
    """Write the id of the tracker's run into the run folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / FILE, json.dumps(_read(folder) | {tracker: identity}, indent=1) + "\n")


def run_name(folder: str | Path) -> str:
    """What people see as the name of the run: the run folder's last two parts, experiment and time."""
    return "/".join(Path(folder).absolute().parts[-2:])


def _read(folder: Path) -> dict[str, str]:
    path = folder / FILE
    if not path.exists():
        return {}
    try:
        if not path.is_file():
            raise ValueError("a fifo would be waited for")
        found = read_json(path)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(
        isinstance(each, str) and IDENTITY.fullmatch(each) for each in found.values()
    ):
        raise ValueError(f"{path} is damaged: delete it, and trackers begin runs of their own")
    return found
