"""Translating a volume from file to file, slice by slice."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pix2pix.inference.trained import Trained
from pix2pix.inference.translator import Translator
from pix2pix.inference.volumes.dicom import read_dicom, write_dicom
from pix2pix.inference.volumes.nifti import read_nifti, write_nifti
from pix2pix.inference.volumes.volume import (
    AXES,
    NIFTI,
    Axis,
    Volume,
    VolumeError,
    as_pictures,
    from_pictures,
    is_nifti,
)
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import READABLE

log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]  # slices done, slices in all


def translate_volume(
    translator: Translator,
    source: Path,
    target: Path,
    axis: Axis | None = None,
    series: str | None = None,
    progress: Progress | None = None,
) -> None:
    """Translate each slice of a volume as a picture, and write them as a volume of the same geometry.

    Every slice has the dropout noise of the volume's name, without suffix, so noise does not flicker from slice to
    slice; its norms take its own statistics, as in training. The volume and its translation are held in memory.

    Args:
        translator: what translates.
        source: a NIfTI file (.nii, .nii.gz), or a folder with a DICOM series.
        target: a NIfTI file, replaced if it exists; or a folder for a DICOM series, which must not exist, of a source
            that is one.
        axis: what the slices are (see `volume.as_pictures`); None: as in the training, where its record says it
            (data.axis), else along which slices have the size of the training's pictures, else axial; which is logged.
        series: of DICOM, its SeriesInstanceUID, where there are several.
        progress: told after each slice.

    Raises:
        VolumeError: a source that cannot be read, or the extra `volumes` is missing.
        BadPairError: slices are not of the source domain, or too small for the generator.
        ValueError: an unknown axis, or a target that cannot hold the result.
        FileExistsError: the folder of the target exists.
    """
    if axis is not None and axis not in AXES:
        raise ValueError(f"axis is {axis!r}; expected one of {', '.join(map(str, AXES))}")
    to_nifti = is_nifti(target)
    if not to_nifti and (target.suffix.lower() in (*READABLE, ".gz") or is_nifti(source)):
        raise ValueError(f"{target}: a volume is written as .nii or .nii.gz, and of DICOM also as a folder")
    if not to_nifti and target.exists():
        raise FileExistsError(f"{target} exists: name a new folder for the series")
    header: Any = None
    slices: list[Any] = []
    if is_nifti(source):
        volume, header = read_nifti(source)
    elif source.is_dir():
        volume, slices = read_dicom(source, series)
    else:
        raise VolumeError(f"{source}: is neither .nii, .nii.gz nor a folder with a DICOM series")
    axis = _taken(translator, volume, axis)
    pictures = as_pictures(volume, axis)  # (slices, H, W, C)
    translated: Array | None = None
    for index, picture in enumerate(pictures):
        stored = np.ascontiguousarray(picture)
        encoded = translator.encode(stored, name_of(source))
        result = translator.decode(translator.translate(encoded[None], [name_of(source)])[0])
        result = translator.without_made_up(result, translator.valid(stored), str(source))
        if translated is None:
            translated = np.empty((len(pictures), *result.shape), result.dtype)
        translated[index] = result
        if progress is not None:
            progress(index + 1, len(pictures))
    assert translated is not None
    values = from_pictures(translated, volume, axis)
    if to_nifti:
        write_nifti(target, values, volume, header)
    else:
        nodata = getattr(translator.target, "nodata", None)
        write_dicom(target, values, slices, translator.target.unit, nodata)


def _taken(translator: Translator, volume: Volume, typed: Axis | None) -> Axis:
    """The axis to be taken; what it is taken for is said once. Raises VolumeError where several may be meant."""
    trained = next((axis for axis in AXES if axis == translator.trained.axis), None)
    if typed is not None:
        if trained not in (None, typed):
            _say(
                translator,
                logging.WARNING,
                f"Slices are {_named(typed)}, as typed; the training's were {_named(trained)}",
            )
        return typed
    if trained is not None:
        _say(translator, logging.INFO, f"Slices are {_named(trained)}, as in the training")
        return trained
    like = [axis for axis in AXES if _as_large(translator.trained, as_pictures(volume, axis))]
    if like and "axial" not in like:
        sides = "{} x {}".format(*as_pictures(volume, like[0]).shape[1:3])
        if len(like) > 1:
            raise VolumeError(
                f"{volume.name}: axial slices are not of the size of the training's pictures, {sides} (height x width),"
                f" and others are: type --axis {' or --axis '.join(map(str, like))}, as they were cut for the training"
                " (--axis axial: all the same)"
            )
        _say(
            translator,
            logging.WARNING,
            f"Slices are {_named(like[0])}, as of these alone the size is the training's, {sides}",
        )
        return like[0]
    _say(
        translator,
        logging.WARNING,
        "Slices are axial: the record of the training does not say what it was trained on (data.axis). If these were"
        f" others: --axis {', '.join(map(str, AXES[1:]))}",
    )
    return "axial"


def _as_large(trained: Trained, pictures: Array) -> bool:
    """Whether slices are of the one size of all pictures that the training looked at."""
    if trained.seen is None:
        return False
    return [[side, side] for side in pictures.shape[1:3]] == [trained.seen["height"], trained.seen["width"]]


def _named(axis: Axis | None) -> str:
    return f"along axis {axis} of the array" if isinstance(axis, int) else str(axis)


def _say(translator: Translator, level: int, what: str) -> None:
    if what not in translator.told:
        translator.told.add(what)
        log.log(level, "%s", what)


def name_of(source: Path) -> str:
    """What decides the noise of a volume: its name, without a suffix of NIfTI."""
    return next((source.name[: -len(end)] for end in NIFTI if source.name.lower().endswith(end)), source.name)
