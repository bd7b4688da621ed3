"""What becomes of a file, by its kind: films, volumes and big pictures have a handler each; the others are pictures."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pix2pix.errors import BadPairError
from pix2pix.inference.plan import Job, PlanError
from pix2pix.inference.stacks import is_stack
from pix2pix.inference.translator import Translator
from pix2pix.pictures.codecs import READABLE, picture_size
from pix2pix.video.names import FILMS, WRITTEN_FILMS

log = logging.getLogger(__name__)

Progress = Callable[[float], None]  # told the share that is done, in [0, 1]
Handler = Callable[[Translator, Path, Path, Progress], None]

BIG = 16_000_000  # pixels, from which on a picture is translated in tiles
VOLUMES = (".nii", ".gz")
KNOWN = READABLE | {*FILMS, *VOLUMES}  # suffixes of all that can be translated
OF_DRIVER = ("pairs", "mirror", "weights", "absent")
OPTIONS: Mapping[str, tuple[str, ...]] = {  # that are for one kind of input alone
    "films": ("driver", *OF_DRIVER, "quality", "smoothing", "fresh_noise"),
    "volumes": ("axis", "series"),
    "pictures": ("samples", "derive", "tile", "overlap", "format"),
}


class Kind(NamedTuple):
    """Files of many pictures."""

    name: str  # a key of OPTIONS
    handler: Handler
    written: Sequence[str]  # suffixes that results can have, the usual one first


@dataclass(frozen=True)
class Kinds:
    """How files that are no single picture are translated.

    Attributes:
        films, volumes: by their suffixes; a folder with a DICOM series is a volume too.
        stack: what translates a TIFF of slices, frames or pages, each a picture.
        channels: that a source has, where they are numbers, else 1: so many pages may be one picture.
        big: what translates a picture in tiles.
        least: pixels that a picture for `big` has at least.
    """

    films: Kind
    volumes: Kind
    big: Handler
    least: int
    stack: Handler
    channels: int

    def name_of(self, job: Job) -> str:
        """A key of OPTIONS."""
        kind = self._of(job)
        return "pictures" if kind is None else kind.name

    def suffix(self, source: str, named: str) -> str | None:
        """The suffix of a film's or volume's result, as `plan_files` asks for it; None: `source` is a picture's."""
        kind = self._by_suffix(source)
        if kind is None:
            return None
        return next((each for each in (named, source) if each in kind.written), kind.written[0])

    def handler(self, job: Job) -> Handler | None:
        """What translates a job's file; None: it is an ordinary picture, or a pair of a data set."""
        if job.source is None:
            return None
        kind = self._of(job)
        if kind is not None:
            return kind.handler
        if is_stack(job.source, self.channels):
            return self.stack
        try:
            height, width, _ = picture_size(job.source)
        except BadPairError:
            return None  # which is told when it is read
        return self.big if height * width >= self.least else None

    def _of(self, job: Job) -> Kind | None:
        if job.series:
            return self.volumes
        return None if job.source is None else self._by_suffix(job.source.suffix.lower())

    def _by_suffix(self, suffix: str) -> Kind | None:
        return self.films if suffix in FILMS else self.volumes if suffix in VOLUMES else None


def check_options(arguments: argparse.Namespace, met: Collection[str]) -> None:
    """Raises PlanError for options that nothing would heed. `met`: the kinds among the inputs."""
    typed = {name for name, value in vars(arguments).items() if value not in (None, False)}
    for kind, options in OPTIONS.items():
        if kind not in met and (idle := [_flag(name) for name in options if name in typed]):
            raise PlanError(f"{', '.join(idle)}: for {kind}, and there are none among the inputs: leave it out")
    if arguments.driver is None and (idle := [_flag(name) for name in OF_DRIVER if name in typed]):
        raise PlanError(f"{', '.join(idle)}: goes with --driver, and none is typed")


def flags(arguments: argparse.Namespace, names: Sequence[str]) -> str:
    """Those of these options that were typed, as they are typed; "" where none was."""
    return ", ".join(_flag(name) for name in names if getattr(arguments, name) not in (None, False))


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def kinds_of(arguments: argparse.Namespace, multiple: int, channels: int = 1) -> Kinds:
    """The handlers as they were asked for. Raises PlanError for what cannot be done as typed.

    Args:
        multiple: of the network's sides.
        channels: see `Kinds`.
    """
    in_tiles = arguments.tile is not None or arguments.overlap is not None
    if in_tiles and (idle := _not_in_tiles(arguments)):
        raise PlanError(f"--tile and --overlap go with one plain result, whose noise is off: leave out {idle}")
    if arguments.size is not None and (in_tiles or arguments.driver is not None):
        raise PlanError(
            "--size goes neither with tiles, which are for pictures as they are, nor with --driver, whose drawings have"
            " the size of the training's: leave out one of them"
        )
    if in_tiles:
        from pix2pix.inference.tiles import TileOptions

        try:
            TileOptions(arguments.tile, arguments.overlap).resolved(multiple)
        except ValueError as error:
            raise PlanError(f"--{error}") from error
    return Kinds(
        films=Kind("films", partial(_film, arguments), WRITTEN_FILMS),
        volumes=Kind("volumes", partial(_volume, arguments), VOLUMES),
        big=partial(_big, arguments),
        least=0 if in_tiles else BIG if arguments.size is None else sys.maxsize,  # resized pictures are never big
        stack=partial(_stack, arguments),
        channels=channels,
    )


def _not_in_tiles(arguments: argparse.Namespace) -> str:
    noise = ["--noise on"] if arguments.noise == "on" else []
    typed = flags(arguments, ("derive", "side_by_side", "samples", "seed"))
    return ", ".join([*([typed] if typed else []), *noise])


def _stack(
    arguments: argparse.Namespace, translator: Translator, source: Path, target: Path, progress: Progress
) -> None:
    from pix2pix.inference.stacks import translate_stack

    asked = ("size", "derive", "side_by_side", "samples", "tile", "overlap")
    if idle := flags(arguments, asked):
        raise ValueError(
            f"{source}: holds slices, frames or pages, which are translated one by one: leave out {idle}, or write each"
            " to a file of its own"
        )
    translate_stack(translator, source, target, lambda done, count: progress(done / count))


def _big(arguments: argparse.Namespace, translator: Translator, source: Path, target: Path, progress: Progress) -> None:
    from pix2pix.inference.tiles import TileOptions, translate_in_tiles

    if idle := _not_in_tiles(arguments):
        raise ValueError(
            f"{source} is translated in tiles, since it has {BIG // 10**6} million pixels or more, and without noise:"
            f" {idle}: for smaller pictures (or --size N makes it one)"
        )
    options = TileOptions(arguments.tile, arguments.overlap)
    translate_in_tiles(translator, source, target, options, lambda done, count: progress(done / count))


def _volume(
    arguments: argparse.Namespace, translator: Translator, source: Path, target: Path, progress: Progress
) -> None:
    from pix2pix.inference.volumes import AXES, translate_volume

    if arguments.size is not None or arguments.derive or arguments.side_by_side:
        raise ValueError(f"{source}: --size, --derive and --side-by-side are not for volumes: leave them out")
    axis = None if arguments.axis is None else AXES[list(map(str, AXES)).index(arguments.axis)]
    translate_volume(
        translator, source, target, axis, arguments.series, progress=lambda done, count: progress(done / count)
    )


def _film(
    arguments: argparse.Namespace, translator: Translator, source: Path, target: Path, progress: Progress
) -> None:
    from pix2pix.video.driver_file import driver_of, made_for, read_made
    from pix2pix.video.errors import FilmError
    from pix2pix.video.translating import FilmOptions, translate_film

    if arguments.derive:
        raise ValueError(f"{source}: --derive is for pictures; what a film is drawn by is its --driver")
    driver, size = None, arguments.size
    if arguments.driver is not None:
        made = read_made(arguments.pairs) if arguments.pairs is not None else made_for(arguments.model)
        driver, size = driver_of(made, arguments.driver, mirror=arguments.mirror, weights=arguments.weights)
    options = FilmOptions(
        noise="fresh" if arguments.fresh_noise else "steady",
        side_by_side=arguments.side_by_side,
        **{
            name: value
            for name in ("smoothing", "quality", "absent")
            if (value := getattr(arguments, name)) is not None
        },
        overwrite=arguments.overwrite or arguments.skip_existing,  # the film itself is not there: what is was cut off
    )
    report = translate_film(
        translator,
        source,
        target,
        options,
        driver=driver,
        size=size,
        progress=lambda done, count: progress(done / count) if count else None,
    )
    if report.held or report.skipped:
        log.info("%s: nothing found in %d frames (held) and %d (left out)", source, report.held, report.skipped)
    if report.cut is not None:
        raise FilmError(f"{source}: {report.cut}; {report.path} holds the {report.frames} frames up to there")
