"""DICOM series: a folder of slices read as one volume, and a translation written as a derived series of its own."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pix2pix.files.atomic import draft_folder
from pix2pix.inference.volumes.volume import Volume, VolumeError, needed
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import READABLE

MOST_PARTS = 2**19  # reads of one file, some for each element: a slice has hundreds, outlines of organs up to 100,000
_GAP = 0.01  # share of the spacing by which the distances of slices may differ
_NUMBERS = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness")
_USED = (*_NUMBERS, "Rows", "Columns", "NumberOfFrames", "SeriesInstanceUID", "SeriesDescription")
_OF_VALUES = (  # elements about the source's values, which say nothing of the translation's
    *("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction", "VOILUTSequence"),
    *("SmallestImagePixelValue", "LargestImagePixelValue", "PixelPaddingValue", "PixelPaddingRangeLimit"),
    *("ModalityLUTSequence", "RescaleType", "PlanarConfiguration", "IconImageSequence"),
    *("SmallestPixelValueInSeries", "LargestPixelValueInSeries", "DigitalSignaturesSequence"),
    *("RealWorldValueMappingSequence", "OriginalAttributesSequence", "RedPaletteColorLookupTableData"),
)


def is_dicom(path: Path) -> bool:
    """Whether a file says that it is DICOM; its name need not. A disc's table of contents is no picture."""
    if path.name.upper() == "DICOMDIR":
        return False
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def is_series(folder: Path) -> bool:
    """Whether there is a DICOM file in a folder, whatever else is there. Raises OSError for an unreadable one."""
    files = (path for path in sorted(folder.iterdir()) if path.suffix.lower() not in READABLE)
    return any(is_dicom(path) for path in files if os.path.isfile(path))


def read_dicom(folder: Path, series: str | None = None) -> tuple[Volume, list[Any]]:
    """The slices of one series, sorted by their position along its normal: a volume (columns, rows, slices, C).

    Values are in the unit that the rescale slope and intercept give (of CT Hounsfield units), float32; without
    these, as stored. Files that are no DICOM images are passed over, but not those that say they are and are damaged.

    Args:
        folder: all its files are looked at, not those of folders inside it.
        series: the SeriesInstanceUID to be read, needed where there are several.

    Raises VolumeError where there is no or more than one series, or its slices are no regular stack.
    """
    found: dict[str, list[Any]] = {}
    for path in sorted(folder.iterdir()):
        dataset = _image(path)
        if dataset is not None:
            if not dataset.get("SeriesInstanceUID"):
                raise VolumeError(f"{path}: does not say which series it is of (SeriesInstanceUID)")
            found.setdefault(str(dataset.SeriesInstanceUID), []).append(dataset)
    if not found:
        raise VolumeError(f"{folder}: no DICOM image with pixels in it; expected the slices of a series")
    if (series is None and len(found) > 1) or (series is not None and series not in found):
        asked = "which series? Name one by its UID" if series is None else f"holds no series {series}; it holds"
        lines = [f"  {uid}: {len(each)} slices {each[0].get('SeriesDescription', '')}" for uid, each in found.items()]
        raise VolumeError("\n".join([f"{folder}: {asked}:", *lines]))
    slices = found[series] if series is not None else next(iter(found.values()))
    with _damage_told(folder, "is no series that can be used"):
        affine = _sort(slices, folder)
        values = np.stack([_values(each) for each in slices], axis=2)  # (rows, columns, slices, C)
    return Volume(values.swapaxes(0, 1), affine, str(folder)), slices


def write_dicom(folder: Path, values: Array, slices: list[Any], unit: str | None, nodata: float | None = None) -> None:
    """Write (columns, rows, slices, C) as a series derived from `slices`, one file each: a new folder.

    Patient, study, frame of reference and geometry stay; series and images get UIDs of their own, and name the images
    they derive from. Whole numbers of up to 16 bits are stored as they are, others as 16 bits over the range of the
    volume, with slope and intercept: within half a slope. Three channels of uint8 are stored as RGB. Pixels without a
    value, NaN or `nodata`, become PixelPaddingValue.

    Raises VolumeError for other channels and for damaged elements of the source, FileExistsError where the folder
    exists.
    """
    pydicom = needed("pydicom")
    if values.shape[3] != 1 and not (values.shape[3] == 3 and values.dtype == np.uint8):
        raise VolumeError(
            f"{folder}: {values.shape[3]} channels of {values.dtype} cannot be a DICOM series: write .nii.gz"
        )
    if folder.exists():
        raise FileExistsError(f"{folder} exists: name a new folder for the series")
    stored, slope, intercept, padding = _stored(values, nodata)
    uid = pydicom.uid.generate_uid()
    with draft_folder(folder) as draft:
        for index, source in enumerate(slices):
            picture = stored[:, :, index].swapaxes(0, 1)  # (rows, columns, C)
            content = io.BytesIO()
            with _damage_told(source.filename, "holds elements that cannot be copied"):
                derived = _derived(source, picture, slope, intercept, unit)
                if padding is not None:
                    derived.add_new("PixelPaddingValue", "SS" if stored.dtype.kind == "i" else "US", padding)
                derived.SeriesInstanceUID, derived.InstanceNumber = uid, index + 1
                derived.save_as(content, enforce_file_format=True)
            (draft / f"{index + 1:04d}.dcm").write_bytes(content.getvalue())
        draft.rename(folder)


def _image(path: Path) -> Any | None:
    pydicom = needed("pydicom")
    if not path.is_file() or path.name.upper() == "DICOMDIR":
        return None
    with _damage_told(path, "cannot be read as DICOM"):
        try:
            # From memory, which gives no more than there is: a file makes room for any length that an element states.
            dataset = pydicom.dcmread(_Bounded(path.read_bytes()))
        except pydicom.errors.InvalidDicomError:
            if path.suffix.lower() == ".dcm":  # a slice that would be missing without a word
                raise
            return None
        if "PixelData" not in dataset:
            kind = dataset.get("SOPClassUID")
            is_image = kind is not None and "Image Storage" in kind.name.replace("Non-Image", "")
            if is_image or kind is None or kind != dataset.file_meta.get("MediaStorageSOPClassUID"):
                raise ValueError(
                    "it holds no pixels, and does not say that it is anything but an image: was it cut off?"
                )
            return None  # a report, a plan, and the like
        dataset.filename = str(path)
        for name in _USED:
            dataset.get(name)  # which reads it only now
        numbers = [each for name in _NUMBERS for each in np.ravel(dataset.get(name) or []).astype(float)]
        if not np.isfinite(numbers).all():
            raise ValueError(f"{', '.join(_NUMBERS)} are not all numbers")
        return dataset


class _Bounded(io.BytesIO):
    """A file that is read in so many parts and no more: of junk pydicom makes millions of elements, for minutes."""

    parts = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise ValueError(f"it has over {MOST_PARTS} parts, as nothing has that lies beside slices")
        return super().read(size)


@contextmanager
def _damage_told(where: object, what: str) -> Iterator[None]:
    """Elements are read when they are first asked for, and on damaged ones pydicom raises anything."""
    try:
        yield
    except VolumeError:
        raise
    except Exception as error:
        raise VolumeError(f"{where}: {what}: {str(error).partition(chr(10))[0] or type(error).__name__}") from error


def _sort(slices: list[Any], folder: Path) -> NDArray[np.float64]:
    """Sort by position, and the affine of (column, row, slice) in RAS+. Raises VolumeError for no regular stack."""
    needs = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns")
    for each in slices:
        missing = [name for name in needs if each.get(name) in (None, "", [])]
        if missing or int(each.get("NumberOfFrames", 1)) > 1:
            what = f"no {', '.join(missing)}" if missing else "several frames in one file"
            raise VolumeError(f"{each.filename}: has {what}; expected one slice a file with its place in the patient")
    alike = Counter(
        (each.Rows, each.Columns, *np.round([*each.ImageOrientationPatient, *each.PixelSpacing], 4)) for each in slices
    )
    if len(alike) > 1:
        raise VolumeError(
            f"{folder}: slices of {len(alike)} sizes, orientations or pixel spacings in one series "
            f"({', '.join(str(count) for count in alike.values())} slices); expected one"
        )
    along, down = np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3)  # columns' and rows' directions
    normal = np.cross(along, down)
    slices.sort(key=lambda each: float(normal @ np.array(each.ImagePositionPatient, float)))
    places = np.array([each.ImagePositionPatient for each in slices], float)  # (slices, 3)
    steps = np.diff(places @ normal)
    thickness = float(slices[0].get("SliceThickness") or 1)
    if len(steps) and (steps.min() <= 0 or np.ptp(steps) > _GAP * np.median(steps)):
        raise VolumeError(
            f"{folder}: slices lie {steps.min():.4g} to {steps.max():.4g} mm apart; expected equal distances above 0: "
            "a slice is missing, or there twice"
        )
    row_spacing, column_spacing = (float(each) for each in slices[0].PixelSpacing)  # between rows, between columns
    step = (places[-1] - places[0]) / len(steps) if len(steps) else normal * thickness
    affine = np.eye(4)
    affine[:3] = np.column_stack([along * column_spacing, down * row_spacing, step, places[0]])
    turned: NDArray[np.float64] = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine  # DICOM is left and posterior (LPS)
    return turned


def _values(dataset: Any) -> Array:
    """(rows, columns, C)."""
    from pydicom.pixels import apply_rescale

    meant = dataset.get("PhotometricInterpretation", "MONOCHROME2")
    if meant == "PALETTE COLOR":
        raise VolumeError(
            f"{dataset.filename}: stores indices into a palette of colours (PALETTE COLOR), which are no measurements;"
            " expected MONOCHROME1, MONOCHROME2, RGB or YBR: write it as RGB"
        )
    # A compression that needs another package, bytes that are missing, or a slope that is no number.
    with _damage_told(dataset.filename, "its pixels cannot be decoded"):
        pixels = dataset.pixel_array  # YBR becomes RGB
        padding = _padding(dataset, pixels)
        scale = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
        if meant == "MONOCHROME1" and scale == (1, 0) and pixels.dtype.kind == "u":  # the largest is black
            pixels = pixels.dtype.type((1 << int(dataset.BitsStored)) - 1) - pixels
        if "RescaleSlope" in dataset or "RescaleIntercept" in dataset:
            pixels = apply_rescale(pixels, dataset).astype(np.float32)
        if padding is not None and padding.any():
            pixels = pixels.astype(np.float32)
            pixels[padding] = np.nan
    values: Array = pixels if pixels.ndim == 3 else pixels[:, :, None]
    return values


def _padding(dataset: Any, pixels: Array) -> NDArray[np.bool_] | None:
    """Where a slice's stored pixels say that nothing was measured: outside of the scanner's circle, as a rule."""
    value, limit = dataset.get("PixelPaddingValue"), dataset.get("PixelPaddingRangeLimit")
    if value is None or pixels.ndim != 2:
        return None
    low, high = sorted((int(value), int(value if limit is None else limit)))
    return (pixels >= low) & (pixels <= high)


def _stored(values: Array, nodata: float | None) -> tuple[Array, float, float, int | None]:
    """What is stored, the slope and intercept that give the values back, and what stands for no value, if any does."""
    if values.dtype in (np.uint8, np.uint16, np.int16):
        padding = None if nodata is None or not (values == nodata).any() else int(nodata)
        return values, 1.0, 0.0, padding
    valid = np.isfinite(values) if nodata is None else np.isfinite(values) & (values != nodata)
    low, high = (
        float(limit) for limit in (values.min(where=valid, initial=np.inf), values.max(where=valid, initial=-np.inf))
    )
    if not valid.any():
        low = high = 0.0
    largest = 65535 if valid.all() else 65534
    # What is written in at most 16 characters, as DICOM has its decimal strings, is what is divided by.
    slope = float(f"{(high - low) / largest or 1.0:.9e}")
    intercept = float(f"{low:.8e}")
    scaled = np.rint((np.where(valid, values, low).astype(np.float64) - intercept) / slope).clip(0, largest)
    return np.where(valid, scaled, 65535).astype(np.uint16), slope, intercept, None if valid.all() else 65535


def _derived(source: Any, picture: Array, slope: float, intercept: float, unit: str | None) -> Any:
    """A dataset of the source's patient, study and place with this picture (rows, columns, C) as its pixels."""
    from copy import deepcopy

    from pydicom.dataset import Dataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    derived = deepcopy(source)
    for name in _OF_VALUES:
        if name in derived:
            delattr(derived, name)
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    derived.SourceImageSequence = [reference]
    derived.SOPInstanceUID = generate_uid()
    kinds = list(source.get("ImageType", []))
    derived.ImageType = ["DERIVED", kinds[1] if len(kinds) > 1 else "PRIMARY", *kinds[2:]]
    derived.DerivationDescription = "Translated by a pix2pix network: values are predicted, not measured"
    derived.SeriesDescription = f"{source.get('SeriesDescription', '')} translated by pix2pix".strip()[:64]
    derived.file_meta.MediaStorageSOPInstanceUID = derived.SOPInstanceUID
    derived.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    colour = picture.shape[2] == 3
    derived.SamplesPerPixel = picture.shape[2]
    derived.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        derived.PlanarConfiguration = 0
    derived.BitsAllocated = derived.BitsStored = picture.dtype.itemsize * 8
    derived.HighBit = derived.BitsStored - 1
    derived.PixelRepresentation = int(picture.dtype.kind == "i")
    derived.RescaleSlope, derived.RescaleIntercept = f"{slope:.10g}", f"{intercept:.10g}"
    derived.RescaleType = unit if unit == "HU" else "US"  # US: unspecified
    data = np.ascontiguousarray(picture, picture.dtype.newbyteorder("<")).tobytes()
    derived.PixelData = data + b"\0" * (len(data) % 2)
    derived["PixelData"].VR = "OW" if derived.BitsAllocated > 8 else "OB"
    return derived
