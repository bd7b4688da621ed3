"""What `pix2pix translate` does: a plan, then every picture of it, while the next are read and the last written."""

from __future__ import annotations

import argparse
import errno
import logging
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from pix2pix.commands.translate_kinds import KNOWN, Handler, Kinds, check_options, flags, kinds_of
from pix2pix.data.reading import files_of
from pix2pix.files.os_errors import in_words, reason
from pix2pix.inference.doubts import doubts
from pix2pix.inference.pictures import files, pairs, translate_pictures
from pix2pix.inference.pipeline import EXPECTED, Failure
from pix2pix.inference.places import make_room
from pix2pix.inference.plan import Existing, Job, PlanError, plan_files, plan_pairs
from pix2pix.inference.suffixes import asked_suffix, form_of, result_suffix
from pix2pix.inference.translator import Translator
from pix2pix.processes.memory import keep_freed_memory
from pix2pix.runs.run import other_runs

if TYPE_CHECKING:
    from pix2pix.data.datamodule import PairedData

log = logging.getLogger(__name__)

OF_NOISE = ("samples", "seed", "fresh_noise")  # options that nothing heeds where none is drawn
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # which is told without the file's name
SHARE = "{desc} {percentage:3.0f}% |{bar}| {remaining}"


def run_command(arguments: argparse.Namespace) -> int:
    """Translate and say how many; 0 if all could be, else 1. Raises PlanError for what cannot be done as typed."""
    _check(arguments)
    translator = _load(arguments)
    if translator.device.type == "cpu":
        keep_freed_memory()
    kinds = kinds_of(arguments, translator.network.multiple, _numbers(translator))
    form = form_of(translator, arguments.side_by_side)
    asked = None if arguments.format is None else asked_suffix(arguments.format, form)
    numbered = None if arguments.side_by_side else arguments.samples  # side by side, all samples are in one file
    existing: Existing = "skip" if arguments.skip_existing else "overwrite" if arguments.overwrite else "refuse"
    if arguments.split is None:

        def suffix_of(source: str, named: str) -> str:
            return kinds.suffix(source, named) or asked or result_suffix(named or source, form)

        jobs = plan_files(
            arguments.inputs, arguments.output, suffix_of, known=KNOWN, samples=numbered, existing=existing
        )
        read = files(translator, arguments.derive, arguments.size)
    else:
        data = _data(arguments)
        names = list(data.readable(arguments.split).names)
        suffix = asked or result_suffix("", form)
        of_data = chain.from_iterable(map(files_of, data.sources()))
        jobs = plan_pairs(names, arguments.output, suffix, files=of_data, samples=numbered, existing=existing)
        read = pairs(data, arguments.split)
    met = {kinds.name_of(job) for job in jobs}
    if existing != "skip":  # of what is skipped the kind is not known here
        check_options(arguments, met)
        if arguments.series is not None and not any(job.series for job in jobs):
            raise PlanError("--series: of DICOM, and there is no folder of it among the inputs: leave it out")
    others: list[tuple[Job, Handler]] = []
    pictures = _pictures(jobs, kinds, others)
    beside = arguments.samples or 1 if arguments.side_by_side else 0
    uniform: list[bool] = []
    outcomes = translate_pictures(translator, pictures, read, beside=beside, uniform=uniform)
    if arguments.split is None:
        of_pictures = [job.source for job in jobs if job.source is not None and kinds.name_of(job) == "pictures"]
        for times, count, advice in doubts(translator, of_pictures, size=arguments.size, derive=arguments.derive):
            log.warning("%d of %d pictures looked at %s", times, count, advice)
    translator.made_up.at_once = False
    if not jobs:
        log.info("All results are there already, in %s", arguments.output)
    things = "pictures" if met == {"pictures"} else "files"
    status = _told(chain(outcomes, _handled(translator, others)), len(jobs), things, arguments.output)
    if translator.made_up.pixels:
        log.warning("%s", translator.made_up)
    return max(status, _told_uniform(uniform, translator.target.kind == "labels"))


def _pictures(jobs: Sequence[Job], kinds: Kinds, others: list[tuple[Job, Handler]]) -> Iterator[Job]:
    """The single pictures; what is met that is none is put aside. Lazily: that a picture is none its header says."""
    for job in jobs:
        handler = kinds.handler(job)
        if handler is None:
            yield job
        else:
            others.append((job, handler))


# --- files that are no single picture ---------------------------------------------------------------------------------


def _handled(translator: Translator, jobs: Iterable[tuple[Job, Handler]]) -> Iterator[tuple[Job, Failure | None]]:
    """The files that are no single picture, one by one, each with a bar of its own."""
    for job, handler in jobs:
        assert job.source is not None
        (file, *more) = job.outputs.values()
        try:
            if more:
                raise ValueError(f"{job.source}: --samples is for single pictures")
            make_room(file, replaced=job.replaces)
            with tqdm(total=1.0, desc=job.source.name, leave=False, disable=None, bar_format=SHARE) as bar:
                handler(translator, job.source, file, partial(_move, bar))
        except Exception as error:
            yield job, error
        else:
            yield job, None


def _move(bar: tqdm[NoReturn], share: float) -> None:
    bar.update(share - bar.n)


# --- what was typed ---------------------------------------------------------------------------------------------------


def _check(arguments: argparse.Namespace) -> None:
    if arguments.split is None and not arguments.inputs:
        raise PlanError("name pictures or folders to translate, or a split of the training's data: --split test")
    if arguments.split is not None and arguments.inputs:
        raise PlanError(f"--split takes the pictures of the training's data: leave out {' '.join(arguments.inputs)}")
    if arguments.split is not None and arguments.derive:
        raise PlanError("--split takes the sources of the training, which are derived already: leave out --derive")
    if arguments.split is None and (arguments.data_root is not None or arguments.trust):
        raise PlanError("--data-root and --trust are for --split")
    if arguments.split is not None and arguments.size is not None:
        raise PlanError("--split takes the pictures at the size of the training: leave out --size")
    if arguments.size is not None and len(arguments.size) > 2:
        raise PlanError(
            f"--size takes the shorter side, or height and width; found {' '.join(map(str, arguments.size))}"
        )
    if arguments.noise == "off" and (idle := flags(arguments, OF_NOISE)):
        raise PlanError(f"{idle}: of the noise, and --noise off leaves none: leave out one of them")


def _load(arguments: argparse.Namespace) -> Translator:
    path = Path(arguments.model).expanduser()
    try:
        translator = Translator.load(
            path,
            noise=None if arguments.noise is None else arguments.noise == "on",
            statistics=arguments.statistics,
            seed=arguments.seed,
            precision=arguments.precision,
            device=arguments.device,
        )
    except FileNotFoundError as error:
        raise PlanError(f"{error}.{other_runs(path)}") from error
    except ValueError as error:
        raise PlanError(str(error)) from error
    if (idle := flags(arguments, OF_NOISE)) and not translator.network.draws_noise:
        raise PlanError(
            f"{idle}: {arguments.model} gives one result for a picture: it has no noise, or it is switched off in its"
            " training's settings (--noise on)"
        )
    if arguments.derive and translator.derivation is None:
        raise PlanError(f"--derive: {arguments.model} was trained on sources that were stored, not made of photos")
    return translator


def _numbers(translator: Translator) -> int:
    """Channels of numbers that a source has; 1 of pictures in colours, grey or classes."""
    return translator.source.channels if translator.source.kind == "raw" else 1


def _data(arguments: argparse.Namespace) -> PairedData:
    from pix2pix.evaluation.run import EvaluationError, open_run
    from pix2pix.inference.exported.loading import is_exported

    if is_exported(Path(arguments.model).expanduser()):
        raise PlanError(
            f"--split: {arguments.model} does not know what it was trained on: name the run, or the pictures"
        )
    try:
        run = open_run(arguments.model, data_root=arguments.data_root, trust=arguments.trust)
        return run.data(arguments.split)
    except EvaluationError as error:
        raise PlanError(str(error)) from error


def _told(outcomes: Iterator[tuple[Job, Failure | None]], count: int, things: str, output: Path) -> int:
    """Say what fails when it does, and in the end how much was done."""
    failed = 0
    with logging_redirect_tqdm():  # messages stay above the bar
        for job, error in tqdm(outcomes, "translate", count, unit=f" {things}", leave=False, disable=None):
            if error is not None:
                failed += 1
                said = _in_words(error, job)
                log.error("%s", said if job.shown in said else f"{job.shown}: {said}")
    if count:
        log.info("%d of %d %s translated into %s", count - failed, count, things, output)
    return 1 if failed else 0


def _told_uniform(uniform: Sequence[bool], classes: bool) -> int:
    """Say where no result shows anything, which of several pictures of classes may be right; gives the exit status."""
    if not uniform or not all(uniform) or (classes and len(uniform) == 1):
        return 0
    log.log(
        logging.WARNING if classes else logging.ERROR,
        "%s of one colour, where the sources are not: look at the samples/ of the run, whether it has learned anything,"
        " and whether it was trained on such pictures",
        f"All {len(uniform)} results are" if len(uniform) > 1 else "The result is",
    )
    return 0 if classes else 1


def _in_words(error: Failure, job: Job) -> str:
    if isinstance(error, OSError):
        file = next(iter(job.outputs.values()))
        if error.filename is None:
            about_the_result = error.errno in NO_ROOM
        else:
            about_the_result = error.filename != str(job.source) and Path(error.filename).parent == file.parent
        if about_the_result:
            return f"{file}: cannot be written: {reason(error)}"
        return in_words(error) or type(error).__name__
    said, kind = str(error).strip(), type(error).__name__
    if said and isinstance(error, EXPECTED):
        return said
    return f"{kind}: {said.partition(chr(10))[0]}" if said else kind
