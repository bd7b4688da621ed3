"""Where results lie: always below the folder that was typed, whatever the names of the sources lead to."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from pix2pix.files.atomic import LONGEST

ROOM = LONGEST - 12  # bytes of a part of a name: what file systems take, less those of a sample's number


def result_file(folder: Path, name: str, suffix: str = "") -> Path:
    """The place of a result: `name` below `folder`, with `/` between its parts, then `suffix`.

    What leads out of the folder, a root and `..`, is left out of the name, as is `.`; a zero byte, which no file can
    have in its name, becomes `_`. A part that is too long for a file system is cut, and a digest of the whole tells it
    from others. All other names stay as they are.
    """
    parts = [part for part in name.replace("\0", "_").split("/") if part not in ("", ".", "..")] or ["unnamed"]
    *above, last = parts
    return folder.joinpath(*(_fitting(part, "") for part in above), f"{_fitting(last, suffix)}{suffix}")


def result_files(folder: Path, names: Sequence[str], suffix: str) -> list[Path]:
    """A file for each name, no two alike: where names lead to one, those that had to be changed are numbered."""
    files = [result_file(folder, name, suffix) for name in names]
    unchanged = [file == folder / f"{name}{suffix}" for name, file in zip(names, files, strict=True)]
    taken: set[Path] = set()
    for place in sorted(range(len(files)), key=lambda place: not unchanged[place]):
        number, file = 1, files[place]
        while file in taken:
            number += 1
            file = files[place].with_name(f"{files[place].name.removesuffix(suffix)}_{number}{suffix}")
        taken.add(file)
        files[place] = file
    return files


def leads_out(folder: Path, file: Path) -> Path | None:
    """Where a result would really lie, if a link leads out of the folder; None where it lies inside.

    A link in place of the file itself counts for nothing: a result replaces it, and what it points to stays.
    """
    within, place = os.path.realpath(folder), os.path.realpath(file.parent)
    inside = place == within or place.startswith(within.rstrip(os.sep) + os.sep)
    return None if inside else Path(place, file.name)


def make_room(file: Path, *, replaced: bool) -> None:
    """Make the folder of a result. Raises FileExistsError where something is there and is not to be replaced.

    What was not there when all was planned is the work of somebody else, or another result of the same command on a
    file system that takes two names for one, as many do with `A` and `a`.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    if not replaced and os.path.lexists(file):
        raise FileExistsError(
            f"{file}: something of this name has been put there since the beginning, and is not replaced; where upper"
            " and lower case are one name, translate into two folders"
        )


def _fitting(part: str, suffix: str) -> str:
    encoded = part.encode(errors="surrogatepass")
    room = ROOM - len(suffix.encode())
    if len(encoded) <= room:
        return part
    digest = hashlib.sha256(encoded).hexdigest()[:12]
    return f"{encoded[: room - 13].decode(errors='ignore')}~{digest}"
