"""Damaged volumes: each is translated or told, and none ends in another error, in 10 seconds or in 2 GiB."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import RLELossless
from tests.hostile.mutate import try_mutants
from tests.inference.volumes.dicom_series import series
from tests.inference.volumes.test_volumes import nifti, same

from pix2pix.data.domains import Raw
from pix2pix.inference.volumes import translate_volume

SLICES = 3
UNBOUNDED = Raw(range=(-1024, 3071), unit="HU")


def _nifti(folder: Path, suffix: str) -> Path:
    path = folder / f"scan{suffix}"
    rng = np.random.default_rng(0)
    nifti(path, rng.integers(0, 2000, (12, 10, 6)).astype(np.int16), slope=1.5)
    return path


def _dicom(folder: Path, compressed: bool) -> Path:
    series(folder / "whole", SLICES)
    for path in (folder / "whole").iterdir():
        if compressed:
            dataset = pydicom.dcmread(path)
            dataset.compress(RLELossless)
            dataset.save_as(path)
    shutil.move(folder / "whole" / "8.dcm", folder / "8.dcm")
    return folder / "8.dcm"


def _of_nifti(path: Path) -> str:
    with tempfile.TemporaryDirectory() as folder:
        translate_volume(same(UNBOUNDED, UNBOUNDED), path, Path(folder) / "result.nii.gz")
        return "translated"


def _of_dicom(whole: Path) -> Callable[[Path], str]:
    def read(path: Path) -> str:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(whole, Path(folder) / "series")
            shutil.copy(path, Path(folder) / "series")
            translate_volume(same(UNBOUNDED, UNBOUNDED), Path(folder) / "series", Path(folder) / "derived")
            return f"{len(list((Path(folder) / 'derived').iterdir()))} slices"

    return read


@pytest.mark.parametrize("count", [32, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_damaged_nifti(suffix: str, count: int, tmp_path: Path) -> None:
    report = try_mutants(_of_nifti, _nifti(tmp_path, suffix), count=count, seed=1, folder=tmp_path)
    assert not report.faults, report
    assert 0 < report.counts["accepted"] < count, report


@pytest.mark.parametrize("count", [32, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("compressed", [False, True])
def test_damaged_slices_of_dicom(compressed: bool, count: int, tmp_path: Path) -> None:
    valid = _dicom(tmp_path, compressed)
    report = try_mutants(_of_dicom(tmp_path / "whole"), valid, count=count, seed=1, folder=tmp_path)
    assert not report.faults, report
    assert set(report.accepted) == {f"{SLICES} slices"}, report  # none left out without a word
    assert 0 < report.counts["accepted"] < count, report
