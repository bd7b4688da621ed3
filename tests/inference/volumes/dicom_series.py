"""A series of CT slices as a scanner writes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


def series(folder: Path, count: int = 5, skip: int | None = None, uid: str | None = None) -> Any:
    """Slices whose names run against their positions; returns the Hounsfield units (slices, rows, columns)."""
    folder.mkdir(parents=True, exist_ok=True)
    study, uid = generate_uid(), uid or generate_uid()
    stored = np.random.default_rng(0).integers(0, 4000, (count, 12, 10)).astype(np.uint16)
    for index in range(count):
        if index == skip:
            continue
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, uid
        dataset.PatientID, dataset.Modality, dataset.SeriesDescription = "P", "CT", "head"
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [-10, -20, 100 + 2.5 * index]
        dataset.PixelSpacing, dataset.SliceThickness = [0.8, 0.6], 2.5
        dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = 12, 10, 1
        dataset.PhotometricInterpretation, dataset.PixelRepresentation = "MONOCHROME2", 0
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
        dataset.WindowCenter = 40
        dataset.PixelData = stored[index].tobytes()
        dataset.save_as(folder / f"{9 - index}.dcm", enforce_file_format=True)
    return stored.astype(float) - 1024
