"""Translating a volume from file to file, slice by slice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pix2pix.data.codecs import READABLE
from pix2pix.data.pairs import Array
from pix2pix.inference.translator import Translator
from pix2pix.inference.volumes.dicom import read_dicom, write_dicom
from pix2pix.inference.volumes.nifti import read_nifti, write_nifti
from pix2pix.inference.volumes.volume import AXES, NIFTI, Axis, VolumeError, as_pictures, from_pictures, is_nifti

Progress = Callable[[int, int], None]  # slices done, slices in all


def translate_volume(
    translator: Translator,
    source: Path,
    target: Path,
    axis: Axis = "axial",
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
        axis: what the slices are (see `volume.as_pictures`); as in the training.
        series: of DICOM, its SeriesInstanceUID, where there are several.
        progress: told after each slice.

    Raises:
        VolumeError: a source that cannot be read, or the extra `volumes` is missing.
        BadPairError: slices are not of the source domain, or too small for the generator.
        ValueError: an unknown axis, or a target that cannot hold the result.
        FileExistsError: the folder of the target exists.
    """
    if axis not in AXES:
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
    pictures = as_pictures(volume, axis)  # (slices, H, W, C)
    translated: Array | None = None
    for index, picture in enumerate(pictures):
        result = translator(np.ascontiguousarray(picture), name_of(source))
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
        write_dicom(target, values, slices, translator.target.unit)


def name_of(source: Path) -> str:
    """What decides the noise of a volume: its name, without a suffix of NIfTI."""
    return next((source.name[: -len(end)] for end in NIFTI if source.name.lower().endswith(end)), source.name)
