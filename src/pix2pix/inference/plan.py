"""What is to be translated and where each result goes, decided before anything runs."""

from __future__ import annotations

import glob
import logging
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, NoReturn

from pix2pix.data.sources.folders import natural, spelled, walk
from pix2pix.data.sources.unread import in_words
from pix2pix.files.atomic import identity
from pix2pix.files.os_errors import reason
from pix2pix.inference.places import leads_out, result_file, result_files
from pix2pix.inference.volumes.dicom import is_dicom, is_series
from pix2pix.inference.volumes.volume import is_nifti
from pix2pix.pictures.codecs import READABLE

Existing = Literal["refuse", "skip", "overwrite"]
SHOWN = 5  # files that one message names
log = logging.getLogger(__name__)


class PlanError(ValueError):
    """What cannot be done as it was typed, in words."""


class Job(NamedTuple):
    """One source and the files that are made of it; of a folder with a DICOM series another such folder."""

    name: str  # decides the noise; of a file its path below the folder that was typed, without suffix
    outputs: dict[int, Path]  # number of the sample, from 1 → file
    source: Path | None = None  # None: the pair of that name in a data set
    series: bool = False  # the source is a folder with a DICOM series
    replaces: bool = False  # what is there

    @property
    def shown(self) -> str:
        """What people call it."""
        return self.name if self.source is None else str(self.source)


def plan_files(
    inputs: Sequence[str],
    output: Path,
    suffix_of: Callable[[str, str], str],
    *,
    known: Collection[str] = READABLE,
    samples: int | None = None,
    existing: Existing = "refuse",
) -> list[Job]:
    """A job for each picture of the inputs, in the order typed; folders and patterns in natural order.

    Args:
        inputs: files; folders, whose trees are kept, and in which a folder with a DICOM series is one job; patterns
            such as "scans/**/*.png", whose trees are kept below the part without wildcards.
        output: a folder, or the file itself where there is one input that is a file or a series.
        suffix_of: the suffix of what is made of a file, from the file's own and, where `output` is the result itself,
            its, else ""; all in lower case.
        known: suffixes of files that can be translated.
        samples: results of each picture, numbered in their names; None: one without number.
        existing: what to do with results that are there: to refuse the whole, to skip those, to replace them.

    Raises PlanError for an input that is missing or holds nothing to translate, where two inputs would give one result,
    where a result would replace an input, and where results are there that were not to be.
    """
    found = [each for typed in inputs for each in _found(typed, output, known)]
    one = found[0] if len(found) == 1 else None
    as_file = one is not None and (
        is_nifti(output) if one.series else output.suffix.lower() in known and Path(inputs[0]).is_file()
    )
    if one is not None and not (one.series or as_file or output.is_dir()) and _names_a_file(output, Path(inputs[0])):
        raise PlanError(
            f"-o {output}: {output.suffix} is no kind of file that is written; there are {' '.join(sorted(known))}."
            " Where a folder is meant, make it first"
        )
    if output.is_file() and not as_file:
        raise PlanError(f"-o {output} is a file, and the results of {len(found)} picture(s) go into a folder")
    if output.suffix.lower() in known and not output.is_dir() and not as_file:
        if one is not None and one.series:
            raise PlanError(f"-o {output}: of a DICOM series a folder is made, or one file, .nii or .nii.gz")
        raise PlanError(f"-o {output} names one file, and there are {len(found)} pictures: name a folder")
    jobs = []
    for path, below, series in found:
        if series:
            name = below.as_posix()
            folder = output if as_file else result_file(output, name)
            jobs.append(Job(name, _numbered(folder, samples), path, series=True))
            continue
        name = below.with_suffix("").as_posix()
        suffix = suffix_of(path.suffix.lower(), output.suffix.lower() if as_file else "")
        if as_file and suffix != output.suffix.lower():
            better = output.with_suffix(".nii.gz" if is_nifti(path) else suffix)
            raise PlanError(f"-o {output}: such a file cannot hold what is made of {path}: name it {better}")
        target = output if as_file else result_file(output, name, suffix)
        jobs.append(Job(name, _numbered(target, samples), path))
    return checked(jobs, output.parent if as_file else output, existing)


def plan_pairs(
    names: Sequence[str],
    output: Path,
    suffix: str,
    *,
    files: Iterable[Path] = (),
    samples: int | None = None,
    existing: Existing = "refuse",
) -> list[Job]:
    """A job for each pair of a data set, whose results all lie below `output`, whatever the pairs are called.

    Args:
        files: of the data set, none of which is replaced.

    Raises PlanError as `plan_files` does.
    """
    if output.is_file():
        raise PlanError(f"-o {output} is a file, and the results of a split go into a folder")
    targets = result_files(output, names, suffix)
    moved = [each for each in zip(names, targets, strict=True) if each[1] != output / f"{each[0]}{suffix}"]
    if moved:
        (name, target), *more = moved
        others = f", and so for {len(more)} more" if more else ""
        log.info("%s is no name that a result below %s can have: it becomes %s%s", name, output, target, others)
    jobs = [Job(name, _numbered(target, samples)) for name, target in zip(names, targets, strict=True)]
    return checked(jobs, output, existing, files)


def checked(jobs: Sequence[Job], output: Path, existing: Existing, files: Iterable[Path] = ()) -> list[Job]:
    """The jobs without results that are there and skipped.

    Args:
        output: the folder below which all results lie.
        files: what is read besides the jobs' sources.

    Raises PlanError as `plan_files` does.
    """
    made_of: dict[str, Job] = {}
    for job in jobs:
        for file in job.outputs.values():
            other = made_of.setdefault(_key(file), job)
            if other is not job:
                raise PlanError(
                    f"{other.shown} and {job.shown} would both be written to {file}: translate them into two folders, "
                    "or name the folder above both, whose tree is kept"
                )
    for file in {file.parent: file for job in jobs for file in job.outputs.values()}.values():
        if (place := leads_out(output, file)) is not None:
            raise PlanError(
                f"{file} would lie at {place}, outside of {output}, by a link: remove the link, or name another folder"
                " with -o"
            )
    folders = {file: job for job in jobs if job.series for file in job.outputs.values()}
    for job in jobs:
        for file in job.outputs.values():
            if around := next((folders[above] for above in file.parents if above in folders), None):
                raise PlanError(
                    f"{job.shown} would be written into the series that is made of {around.shown}: translate one after"
                    f" the other, pictures by a pattern such as '{around.shown}/*.png'"
                )
    there = [file for job in jobs for file in job.outputs.values() if os.path.lexists(file)]
    sources = {identity(each) for each in (*(job.source for job in jobs), *files) if each is not None} if there else ()
    if twins := _one_file(there):
        raise PlanError(f"{twins[0]} and {twins[1]} are one file here: translate the two into two folders")
    for file in there:
        if identity(file) in sources:
            raise PlanError(f"{file} is an input, and would be replaced by a result: name another folder with -o")
        if file.is_dir() and not (made_of[_key(file)].series and existing != "overwrite"):
            raise PlanError(
                f"{file} is a folder, and a result is to be written there: move it, or name another with -o"
            )
    if there and existing == "refuse":
        replaces = (
            "--overwrite replaces files, not folders" if any(map(Path.is_dir, there)) else "--overwrite replaces them"
        )
        listed = ", ".join(map(str, there[:SHOWN])) + (f" and {len(there) - SHOWN} more" if len(there) > SHOWN else "")
        raise PlanError(
            f"{len(there)} of the results are there already: {listed}. --skip-existing leaves them as they are, "
            f"{replaces}"
        )
    if existing == "skip":
        left = set(there)
        kept = [job._replace(outputs={k: file for k, file in job.outputs.items() if file not in left}) for job in jobs]
        return [job for job in kept if job.outputs]
    return [job._replace(replaces=existing == "overwrite") for job in jobs]


def _names_a_file(output: Path, typed: Path) -> bool:
    """Whether a result seems to be named, though such files are not written: `photo.gif`, but not `version.2`."""
    return typed.is_file() and output.suffix[1:].isalpha()


class _Found(NamedTuple):
    """A file, or a folder with a series, and its path below what was typed."""

    path: Path
    below: Path
    series: bool = False


def _found(typed: str, output: Path, known: Collection[str]) -> Iterator[_Found]:
    """What an input means."""
    path = spelled(Path(), typed).expanduser()
    if path.is_file():
        if is_dicom(path):
            raise PlanError(f"{path} is one slice of a DICOM series: name the folder, {path.absolute().parent}")
        if not _is_known(path, known):
            raise PlanError(f"{path}: unknown suffix {path.suffix!r}; read are {' '.join(sorted(known))}")
        yield _Found(path, Path(path.name))
    elif path.is_dir():
        yield from _of_folder(path, output, known)
    elif glob.has_magic(typed):
        yield from _of_pattern(path, output, known)
    else:
        raise PlanError(f"{path}: there is no such file or folder")


def _of_folder(folder: Path, output: Path, known: Collection[str]) -> Iterator[_Found]:
    """What lies below a folder in natural order; hidden files and those of the output's own folder are passed over."""
    if folder.resolve() == output.resolve():
        raise PlanError(f"-o {output} is the folder that is read: name another one")
    found: list[Path] = []
    series: list[Path] = []
    others: Counter[str] = Counter()
    for where, files in walk(folder, _refuse, passed=[output.resolve()]):
        if of_series := _is_series(where):
            series.append(where)
        for file in map(Path, files):
            if _is_known(file, known):
                found.append(where / file)
            elif not of_series:
                others[file.suffix.lower() or file.name] += 1
    if not found and not series:
        left_out = f". There are {kinds}" if (kinds := in_words(others)) else ""
        raise PlanError(f"{folder}: holds no pictures; read are DICOM and {' '.join(sorted(known))}{left_out}")
    if others:
        kinds = ", ".join(f"{count} {suffix}" for suffix, count in others.most_common(SHOWN))
        more = ", …" if len(others) > SHOWN else ""
        log.info("%s: of other kinds, and passed over: %d (%s%s)", folder, others.total(), kinds, more)
    if left_out := in_words(others):
        log.warning("%s: %s", folder, left_out)
    for path in sorted(series, key=lambda each: natural(str(each))):
        yield _Found(path, Path(path.resolve().name) if path == folder else path.relative_to(folder), series=True)
    for path in sorted(found, key=lambda each: natural(str(each))):
        yield _Found(path, path.relative_to(folder))


def _refuse(error: OSError) -> NoReturn:
    raise PlanError(f"{error.filename}: cannot be read: {reason(error)}") from error


def _is_series(folder: Path) -> bool:
    try:
        return is_series(folder)
    except OSError as error:
        _refuse(error)


def _of_pattern(pattern: Path, output: Path, known: Collection[str]) -> Iterator[_Found]:
    fixed = pattern.parts
    root = Path(*fixed[: next(place for place, part in enumerate(fixed) if glob.has_magic(part))])
    matches = [Path(match) for match in glob.glob(str(pattern), recursive=True)]
    files = {path for path in matches if path.is_file() and _is_known(path, known)}
    outside = [path for path in files if output.resolve() not in path.resolve().parents]
    if not outside:
        raise PlanError(f"{pattern}: no picture matches; read are {' '.join(sorted(known))}")
    for path in sorted(outside, key=lambda each: natural(str(each))):
        yield _Found(path, path.relative_to(root))


def _is_known(path: Path, known: Collection[str]) -> bool:
    """By its suffix; what is compressed by NIfTI's two, since anything may be."""
    return path.suffix.lower() in known and (path.suffix.lower() != ".gz" or is_nifti(path))


def _numbered(target: Path, samples: int | None) -> dict[int, Path]:
    if samples is None:
        return {1: target}
    return {k: target.with_name(f"{target.stem}_{k}{target.suffix}") for k in range(1, samples + 1)}


def _key(file: Path) -> str:
    """Equal for two names of one file to be written."""
    return os.path.normcase(file)


def _one_file(files: Iterable[Path]) -> tuple[Path, Path] | None:
    """Two names that the file system takes for one, as many do with upper and lower case."""
    known: dict[object, Path] = {}
    for file in files:
        key = identity(file), unicodedata.normalize("NFC", str(file)).casefold()
        if (other := known.setdefault(key, file)) != file:
            return other, file
    return None
