"""Single pictures, each in three stages that overlap: read, translate, write; on several cores several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from torch import Tensor

from pix2pix.data.domains import view
from pix2pix.data.resize import fitted, resize
from pix2pix.errors import BadPairError
from pix2pix.inference.no_value import Valid
from pix2pix.inference.pipeline import Failure, overlapped
from pix2pix.inference.places import make_room
from pix2pix.inference.plan import Job
from pix2pix.inference.translator import Translator
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import picture_size, read_picture, write_picture
from pix2pix.pictures.meaning import said_of
from pix2pix.pictures.rows import TIFFS
from pix2pix.pictures.tiff.writing import write_like

if TYPE_CHECKING:
    from pix2pix.data.datamodule import PairedData


MOST = 4  # pictures at a time: each holds its layers in memory
LARGE = 1024 * 1024  # pixels, beyond which the layers of several pictures would take too much of it


class Encoded(NamedTuple):
    """A source, and the target where a pair was read; (C, H, W) in [-1, 1]."""

    source: Tensor
    target: Tensor | None = None
    valid: Valid | None = None  # (H, W), False where the source holds no value


class Results(NamedTuple):
    """A source with what was made of it."""

    encoded: Encoded
    translations: dict[int, Tensor]  # number of the sample → (C', H, W) in [-1, 1]


def translate_pictures(
    translator: Translator,
    jobs: Iterable[Job],
    read: Callable[[Job], Encoded],
    *,
    beside: int = 0,
    uniform: list[bool] | None = None,
) -> Iterator[tuple[Job, Failure | None]]:
    """Write what is made of each job; it comes back with what went wrong, if anything did.

    Args:
        read: `files` or `pairs`.
        beside: samples that are shown next to their source in one picture; 0: each is a file of its own.
        uniform: gets for each result whether it is of one colour; not of sources that are so themselves.
    """
    uniform = [] if uniform is None else uniform
    write = _write_beside(translator, uniform) if beside else _write_alone(translator, uniform)
    waiting = iter(jobs)
    first = list(islice(waiting, MOST))
    every = range(1, beside + 1)
    lanes = [_translate(lane, every) for lane in translator.lanes(len(first))]
    compute = _translate(translator, every)
    yield from overlapped(chain(first, waiting), read, compute, write, lanes=lanes, alone=_is_large)


def files(translator: Translator, derive: bool = False, size: Sequence[int] | None = None) -> Callable[[Job], Encoded]:
    """Reads a job's file.

    Args:
        derive: the file is a photo, of which the source is made as in the training.
        size: what the file's picture is resized to: [shorter side], or [height, width]; None: not at all.
    """

    def read(job: Job) -> Encoded:
        assert job.source is not None
        stored = read_picture(job.source)
        try:
            if not derive:
                encoded = translator.encode(stored, job.name, size)
                return Encoded(encoded, valid=translator.valid(stored, size))
            photo = stored if size is None else resize(stored, fitted(stored.shape, size), "bicubic")
            return Encoded(translator.encode(translator.derive(photo, job.name), job.name))
        except BadPairError as error:  # it says the name that decides the noise; people know the file
            raise BadPairError(f"{job.shown}: {str(error).removeprefix(f'{job.name}: ')}") from error

    return read


def pairs(data: PairedData, split: str) -> Callable[[Job], Encoded]:
    """Reads the pair of a job's name, at the size of the training."""

    place = {name: index for index, name in enumerate(data.readable(split).names)}

    def read(job: Job) -> Encoded:
        sample = data.sample(split, place[job.name])
        if not sample.name:  # the next pair that can be read stands in for one that cannot
            raise BadPairError("; ".join(f"{problem.file}: {problem.why}" for problem in sample.skipped))
        return Encoded(sample.source, sample.target, sample.with_value)

    return read


def _is_large(encoded: Encoded) -> bool:
    return encoded.source[0].numel() > LARGE


def _translate(translator: Translator, every: Sequence[int]) -> Callable[[Job, Encoded], Results]:
    """Every sample of these numbers, or one for each file."""

    def compute(job: Job, encoded: Encoded) -> Results:
        return Results(
            encoded,
            {
                number: translator.translate(encoded.source[None], [sample_name(job.name, number)])[0]
                for number in every or job.outputs
            },
        )

    return compute


def sample_name(name: str, number: int) -> str:
    """What decides the noise of a picture's sample; the first has the noise that the picture has alone."""
    return name if number == 1 else f"{name} sample {number}"


def _note(uniform: list[bool], source: Tensor, values: Array) -> None:
    """Note whether (H, W, C) is of one colour, where the source (C, H, W) is not."""
    if bool((source != source[:, :1, :1]).any()):
        uniform.append(bool((values == values[:1, :1]).all()))


def _write_alone(translator: Translator, uniform: list[bool]) -> Callable[[Job, Results], None]:
    def write(job: Job, results: Results) -> None:
        for number, file in job.outputs.items():
            values = translator.shown(results.encoded.source, results.translations[number])
            _note(uniform, results.encoded.source, values)
            values = translator.without_made_up(values, results.encoded.valid, job.shown)
            make_room(file, replaced=job.replaces)
            if job.source is not None and file.suffix.lower() in TIFFS and _alike(job.source, values):
                nodata = getattr(translator.target, "nodata", None)
                colour = said_of(values).colour
                write_like(file, values, job.source, unit=translator.target.unit, nodata=nodata, colour=colour)
            else:
                write_picture(file, values, unit=translator.target.unit)

    return write


def _alike(source: Path, values: Array) -> bool:
    """Whether a TIFF's georeference and pixel size hold for a picture that was made of it."""
    return source.suffix.lower() in TIFFS and picture_size(source)[:2] == values.shape[:2]


def _write_beside(translator: Translator, uniform: list[bool]) -> Callable[[Job, Results], None]:
    """Source, translations and, of a pair, target, as people see them."""
    domains = translator.source, translator.target

    def write(job: Job, results: Results) -> None:
        source, target, valid = results.encoded
        translations = [*results.translations.values(), *([] if target is None else [target])]
        views = [view(domains[1], each.numpy(), domains[0], source.numpy()) for each in translations]
        for each in views[: len(results.translations)]:
            _note(uniform, source, each)
            if valid is not None:  # as little is shown there as of the source
                each[~valid] = 0
        first = view(domains[0], source.numpy(), domains[1], translations[-1].numpy())
        (file,) = job.outputs.values()
        make_room(file, replaced=job.replaces)
        write_picture(file, np.concatenate([first, *views], axis=1))

    return write
