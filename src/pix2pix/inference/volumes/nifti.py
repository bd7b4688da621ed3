"""NIfTI files (.nii, .nii.gz): values in their unit, and a translation with the geometry of its source."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

from pix2pix.files.atomic import drafted
from pix2pix.inference.volumes.volume import Volume, VolumeError, needed
from pix2pix.pictures.array import Array

MOST_HEADER, MOST_EXTENSIONS = 2**24, 2**10  # bytes before the values, and the extensions among them


def read_nifti(path: Path) -> tuple[Volume, Any]:
    """A volume (X, Y, Z, C) and its header. The fourth axis, if there is one, holds the channels.

    Values are scaled by the header's scl_slope and scl_inter, to float32; where it has none, they are as stored.

    Raises VolumeError where the file is missing, broken, or holds no three or four axes of numbers.
    """
    nibabel = needed("nibabel")
    try:
        _check_extensions(nibabel, path)
        image = nibabel.load(path)
        values = np.asarray(image.dataobj)
    except Exception as error:  # nibabel, gzip and zlib raise many kinds
        raise VolumeError(f"{path}: cannot be read as NIfTI: {error}") from error
    if values.ndim not in (3, 4) or values.dtype.kind not in "biuf" or not values.size:
        raise VolumeError(
            f"{path}: holds {values.dtype} of shape {values.shape}; expected numbers of three axes, or of four with the"
            " channels last"
        )
    if values.dtype == np.float64 and image.get_data_dtype() != np.float64:  # nibabel has scaled it
        values = values.astype(np.float32)
    values = values if values.ndim == 4 else values[..., None]
    return Volume(values.astype(values.dtype.newbyteorder("="), copy=False), image.affine, str(path)), image.header


def _check_extensions(nibabel: Any, path: Path) -> None:
    """Raises ValueError where there are more of them than nibabel, in Python, reads in a moment."""
    with nibabel.openers.ImageOpener(path) as file:
        head = file.read(544)
        order = "<" if head[:4] in (b"\x5c\1\0\0", b"\x1c\2\0\0") else ">"
        (size,) = struct.unpack_from(f"{order}i", head)
        place, kind, field = (352, "f", 108) if size == 348 else (544, "q", 168)
        values = int(struct.unpack_from(f"{order}{kind}", head, field)[0])
        if values > MOST_HEADER:
            raise ValueError(f"its header claims {values} bytes; expected at most {MOST_HEADER}")
        head += file.read(max(0, values - len(head)))
    count = 0
    while place + 8 <= min(values, len(head)) and (length := struct.unpack_from(f"{order}i", head, place)[0]) >= 16:
        place, count = place + length, count + 1
        if count > MOST_EXTENSIONS:
            raise ValueError(f"it has over {MOST_EXTENSIONS} extensions in its header, as no volume has")


def write_nifti(path: Path, values: Array, volume: Volume, header: Any | None) -> None:
    """Write (X, Y, Z, C) in its dtype, not scaled, with the affine of `volume`.

    header: of the source, whose geometry, units and codes of coordinate systems are kept; None: a plain one.
    What describes the source's values (scaling, display range, intent) is not.

    An existing file is replaced only once the new one lies complete beside it.
    """
    nibabel = needed("nibabel")
    values = values[..., 0] if values.shape[3] == 1 else values
    new = nibabel.Nifti1Header() if header is None else header.copy()
    new.set_data_dtype(values.dtype)
    new["cal_min"] = new["cal_max"] = 0
    new["scl_slope"], new["scl_inter"] = np.nan, np.nan
    if header is None:
        new.set_xyzt_units("mm")
    else:
        new.set_intent("none")
    new["descrip"] = b"translated by pix2pix"
    kind = nibabel.Nifti2Image if isinstance(new, nibabel.Nifti2Header) else nibabel.Nifti1Image
    image = kind(np.ascontiguousarray(values), volume.affine, new)
    if header is None:
        image.set_sform(volume.affine, 1)
        image.set_qform(volume.affine, 1)
    suffix = ".nii.gz" if path.name.lower().endswith(".gz") else ".nii"
    with drafted(path, suffix) as draft:
        nibabel.save(image, draft)
