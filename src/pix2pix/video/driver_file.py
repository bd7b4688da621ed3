"""`driver.json`: what `pix2pix data make` says of the film that it made pairs of, so that others can fit it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pix2pix.data_check.suggestions import DRIVER_FILE
from pix2pix.files.atomic import write_whole
from pix2pix.files.json_files import read_json
from pix2pix.files.os_errors import reason
from pix2pix.video.drivers import DRIVERS, make_driver
from pix2pix.video.drivers.driver import Driver
from pix2pix.video.errors import FilmError

FORMAT = 1


@dataclass(frozen=True)
class Made:
    """What was made of a film.

    Attributes:
        driver: a name of `drivers.DRIVERS`.
        size: (height, width) of drawings and frames.
        film: the film's file name; every: each how manyth of its frames was taken.
        counts: pairs of each split, and frames that were held or skipped.
        geometry: what the driver knows of the film; of landmarks the usual shape of the face, in pixels of `size`.
    """

    driver: str
    size: tuple[int, int]
    film: str
    every: int
    counts: dict[str, int]
    geometry: dict[str, Any]


def write_made(folder: Path, made: Made) -> None:
    """Write a folder's `driver.json`."""
    write_whole(folder / DRIVER_FILE, json.dumps({"format": FORMAT} | asdict(made), indent=1) + "\n")


def read_made(path: str | Path) -> Made:
    """Read a `driver.json`, or that of a folder. Raises FilmError where there is none, or it is none of ours."""
    path = Path(path)
    path = path / DRIVER_FILE if path.is_dir() else path
    try:
        content = read_json(path)
        if content.pop("format") > FORMAT:
            raise FilmError(f"{path}: is of a newer pix2pix; install that")
        height, width = content.pop("size")
        made = Made(size=(int(height), int(width)), **content)
    except FilmError:
        raise
    except OSError as error:
        raise FilmError(
            f"{path}: cannot be read ({reason(error)}): it is written by `pix2pix data make` beside the pairs"
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise FilmError(f"{path}: is not what `pix2pix data make` writes: {error}") from error
    if made.driver not in DRIVERS:
        raise FilmError(f"{path}: driver is {made.driver!r}; this version knows {', '.join(DRIVERS)}")
    return made


def made_for(model: str | Path) -> Made:
    """What the pairs were made by that a run was trained on: `driver.json` in the run's `data.root`.

    Args:
        model: a run folder or a checkpoint.

    Raises FilmError where the run's data are not there any more, or were not made by `pix2pix data make`.
    """
    from pix2pix.runs.run import RECORD, read_checkpoint

    root = read_checkpoint(model)[RECORD]["settings"]["data"].get("root")
    if root is None or not (Path(root).expanduser() / DRIVER_FILE).is_file():
        raise FilmError(
            f"{model}: its pairs ({root or 'none in a folder'}) have no {DRIVER_FILE}, which `pix2pix data make`"
            " writes: say where it is now"
        )
    return read_made(Path(root).expanduser())


def driver_of(
    made: Made, name: str | None = None, *, mirror: bool = False, weights: str | Path | None = None
) -> tuple[Driver, tuple[int, int]]:
    """The driver for another film, fitted to the film that `made` is of, and the size of its drawings.

    Args:
        name: of the driver, if it was said; it must be the one that the pairs were made by.
        mirror: landmarks alone: the driver is seen as in a mirror.
        weights: pose alone: the detector.

    Raises FilmError where the names differ, or the driver cannot be had.
    """
    if name not in (None, made.driver):
        raise FilmError(f"the run was trained on drawings by {made.driver}, and cannot be driven by {name}")
    if made.driver == "landmarks":
        from pix2pix.video.drivers.landmarks import Landmarks, shape_from

        return Landmarks(shape_from(made.geometry), mirror=mirror), made.size
    if mirror:
        raise FilmError(f"only landmarks can be mirrored, and the run was trained on drawings by {made.driver}")
    return make_driver(made.driver, weights=weights), made.size
