"""Pairs of a drawing of each frame and the frame itself.

FOLDER/train/000001.png and FOLDER/val/… hold the drawing left and the frame right, as data=side_by_side reads them, and
FOLDER/driver.json what is to be known of the film.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pix2pix.data_check.suggestions import OF_A_FILM, overrides, suggest_networks
from pix2pix.files.atomic import draft_folder
from pix2pix.pictures.codecs import write_picture
from pix2pix.video.driver_file import Made, write_made
from pix2pix.video.drivers.drawings import Absent, Drawings
from pix2pix.video.drivers.driver import Driver
from pix2pix.video.errors import FilmError
from pix2pix.video.overlap import ahead
from pix2pix.video.reading import Facts, Film, Frame, count_frames, spread_frames
from pix2pix.video.sizes import resized, size_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """What was made, and in words what came up meanwhile; what is known before any work is logged."""

    made: Made
    notes: list[str]


def make_pairs(
    film: str | Path,
    folder: str | Path,
    driver: Driver,
    *,
    size: list[int] | None = None,
    every: int = 1,
    val: float = 0.1,
    absent: Absent = "skip",
    progress: bool = False,
) -> Result:
    """Make pairs of a film. The folder is there as a whole or not at all.

    Args:
        folder: must not exist, or be empty.
        size: the shorter side, or height and width; None: the film's own, but no shorter side above 256.
        every: takes each how manyth frame.
        val: share of the film, its end, that validates: frames next to each other are too alike to be parted at random.
        absent: what becomes of frames in which the driver finds nothing; see `Drawings`.

    Raises FilmError where the film or the folder is not as it must be, or too few pairs come out.
    """
    film, folder = Path(film), Path(folder)
    _check(folder, every, val)
    with Film(film) as opened:
        height, width = size_of(opened.facts.height, opened.facts.width, size)
        frame_count = count_frames(film)
        if frame_count == 1:
            raise FilmError(f"{film}: holds one frame, so it is a picture rather than a film")
        count = -(-frame_count // every)
        train = round(count * (1 - val))
        if not 0 < train < count:
            raise FilmError(
                f"{film}: of the {count} frames that are taken {train} would train, {count - train} validate: take"
                " another --val, or a smaller --every"
            )
        for note in _notes(opened.facts):
            log.warning("%s: %s", film, note)
        if driver.studied:
            driver.study(spread_frames(film, driver.studied))
        drawings = Drawings(driver, (height, width), absent)
        with draft_folder(folder) as draft:
            with ahead(islice(opened.frames(), 0, None, every)) as frames:
                shown = tqdm(frames, total=count, unit="frame", disable=not progress)
                pairs = _write_pairs(shown, draft, drawings, train, every, film)
            if empty := [split for split, number in pairs.items() if not number]:
                raise FilmError(
                    f"{film}: no pair for {' and '.join(empty)}: the driver {driver.name} found something in"
                    f" {drawings.found} of {count} frames"
                )
            counts = pairs | {"held": drawings.held, "skipped": drawings.skipped}
            made = Made(driver.name, (height, width), film.name, every, counts, driver.geometry())
            write_made(draft, made)
            draft.replace(folder)  # an empty folder may be there
        return Result(made, [f"{film}: {opened.cut}"] if opened.cut else [])


def _write_pairs(
    frames: Iterable[Frame], folder: Path, drawings: Drawings, train: int, every: int, film: Path
) -> dict[str, int]:
    """The first `train` of the frames go to train/, the others to val/. Returns how many pairs each got."""
    pairs = {"train": 0, "val": 0}
    for split in pairs:
        (folder / split).mkdir()
    for place, frame in enumerate(frames):
        number = place * every + 1
        drawing = drawings(frame.picture, f"{film}, frame {number}")
        if drawing is not None:
            split = "train" if place < train else "val"
            beside = resized(frame.picture, (drawing.shape[0], drawing.shape[1]))
            write_picture(folder / split / f"{number:06d}.png", np.concatenate([drawing, beside], axis=1))
            pairs[split] += 1
    return pairs


def _notes(facts: Facts) -> list[str]:
    """What pairs have not of a film."""
    notes = list(facts.losses)
    if facts.alpha:
        notes.append("its alpha is left out: of what is transparent, pairs have the colours that lie there")
    if facts.aspect != 1:
        notes.append(
            f"its pixels are {float(facts.aspect):.3g} times as wide as high, and pairs show them as squares; where"
            " that matters, write the film with square pixels first"
        )
    return notes


def train_line(folder: Path, made: Made, drawn: str) -> str:
    """What to type next. The place of things in the picture is part of what is learned: no mirror, no jitter."""
    settings = {
        "data": "side_by_side",
        "data.root": str(folder),
        "data.source": drawn,
        "data.size": list(made.size),
        **OF_A_FILM,
    }
    return f"pix2pix train experiment=pairs {overrides(settings | suggest_networks(*made.size))}"


def _check(folder: Path, every: int, val: float) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FilmError(f"{folder}: is there already, and is not overwritten; move it, or name another")
    if not folder.absolute().parent.is_dir():
        raise FilmError(f"{folder}: there is no folder {folder.absolute().parent}; make it, or name another")
    if every < 1:
        raise FilmError(f"--every is {every}; expected 1 or more")
    if not 0 < val < 1:
        raise FilmError(f"--val is {val}; expected a share above 0 and below 1")
