"""A volume in memory, and its slices as the pictures that a person looks at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array

Axis = Literal["axial", "coronal", "sagittal", 0, 1, 2]
AXES: tuple[Axis, ...] = ("axial", "coronal", "sagittal", 0, 1, 2)
NIFTI = (".nii", ".nii.gz")

# What rows, columns and slices of a picture run towards, in NIfTI's letters: left, posterior, superior and opposites.
_TOWARDS = {"axial": ("P", "L", "S"), "coronal": ("I", "L", "P"), "sagittal": ("I", "P", "L")}


class VolumeError(BadPairError):
    """A volume that cannot be used; the message names the file or folder and says what is wrong with it."""


@dataclass(frozen=True)
class Volume:
    """Values (X, Y, Z, C) in their own unit, and where the voxels lie.

    `affine` (4, 4) takes voxel indices to millimetres right, anterior and superior (RAS+), as NIfTI does.
    """

    values: Array
    affine: NDArray[np.float64]
    name: str


def is_nifti(path: Path) -> bool:
    """Whether a path ends as NIfTI files do."""
    return path.name.lower().endswith(NIFTI)


def as_pictures(volume: Volume, axis: Axis) -> Array:
    """(slices, H, W, C), a view.

    A plane is named by what it is in the body, however the file stores it; oblique volumes go by the nearest plane.
    Pictures lie as radiologists look at them and as DICOM stores them: the patient's right is on the left, the front
    or the head up. 0, 1 or 2 cuts along that axis of the array; rows and columns are the two other axes as they lie.
    """
    if isinstance(axis, int):
        return np.moveaxis(volume.values, axis, 0)
    return _turned(volume.values, _turn(volume, axis))


def from_pictures(pictures: Array, volume: Volume, axis: Axis) -> Array:
    """The (X, Y, Z, C') array of which `as_pictures` gives (slices, H, W, C'), a view."""
    if isinstance(axis, int):
        return np.moveaxis(pictures, 0, axis)
    places = [(int(place), int(flip)) for place, flip in _turn(volume, axis)]
    array = np.moveaxis(pictures, 0, 2)  # (rows, columns, slices, C')
    for place, flip in places:
        if flip < 0:
            array = np.flip(array, place)
    return array.transpose([place for place, _ in places] + [3])


def _turn(volume: Volume, axis: str) -> NDArray[Any]:
    """(3, 2): for each axis of the array, which of (rows, columns, slices) it becomes, and 1 or -1 if it is flipped."""
    from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

    turn: NDArray[Any] = ornt_transform(io_orientation(volume.affine), axcodes2ornt(_TOWARDS[axis]))
    return turn


def _turned(array: Array, turn: NDArray[Any]) -> Array:
    """(X, Y, Z, C) to (slices, rows, columns, C)."""
    for place, (_, flip) in enumerate(turn):
        if flip < 0:
            array = np.flip(array, place)
    order = np.argsort(turn[:, 0])
    return np.moveaxis(array.transpose([*order, 3]), 2, 0)


def needed(module: str) -> ModuleType:
    """An import of the extra `volumes`. Raises VolumeError that says how to install it."""
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError:
        raise VolumeError(f"{module} is not installed: pip install 'pix2pix-lightning[volumes]'") from None
