"""Volumes keep values and geometry, as nibabel and pydicom read them; slices lie as radiologists look at them."""

import gzip
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from tests.inference.volumes.dicom_series import series
from torch import Tensor

from pix2pix.data.domains import Domain, Raw, Rgb
from pix2pix.inference.networks import Network
from pix2pix.inference.trained import Trained
from pix2pix.inference.translator import Translator
from pix2pix.inference.volumes import AXES, Axis, VolumeError, translate_volume
from pix2pix.inference.volumes.dicom import read_dicom
from pix2pix.inference.volumes.nifti import read_nifti

HU = Raw(range=(-1024, 3071), unit="HU")
RNG = np.random.default_rng(0)


class Same:
    """A network that gives back what it is given."""

    draws_noise = False
    multiple = 1

    def __init__(self, channels: int = 1) -> None:
        self.channels = channels
        self.seen: list[Tensor] = []

    def __call__(self, source: Tensor, names: Sequence[str]) -> Tensor:
        self.seen.append(source)
        return source.expand(-1, self.channels, -1, -1)

    def to(self, device: Any) -> None:
        raise NotImplementedError

    def lanes(self, count: int) -> Sequence[Network]:
        return []


def same(source: Domain = HU, target: Domain = HU) -> Translator:
    return Translator(Same(target.channels), source, target)


def nifti(path: Path, values: Any, affine: Any = None, slope: float | None = None) -> Any:
    affine = (
        np.array([[0, 0, 2.5, -90], [-0.9, 0, 0, 80], [0, 1.1, 0, -40], [0, 0, 0, 1]]) if affine is None else affine
    )
    image = nibabel.Nifti1Image(values, affine)
    if slope is not None:
        image.header.set_slope_inter(slope, -1024)
        image.header.set_data_dtype(np.int16)
    image.header["cal_max"] = 500
    nibabel.save(image, path)
    return affine


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nifti_comes_back_in_place(axis: Axis, suffix: str, tmp_path: Path) -> None:
    values = RNG.uniform(-1000, 3000, (10, 12, 14)).astype(np.float32)
    affine = nifti(tmp_path / f"source{suffix}", values)
    told: list[tuple[int, int]] = []
    translate_volume(
        same(), tmp_path / f"source{suffix}", tmp_path / f"target{suffix}", axis, progress=lambda *n: told.append(n)
    )
    target = nibabel.load(tmp_path / f"target{suffix}")
    assert target.get_data_dtype() == np.float32
    np.testing.assert_allclose(np.asarray(target.dataobj), values, atol=1e-3)
    np.testing.assert_allclose(target.affine, affine, atol=1e-5)
    assert target.header["cal_max"] == 0
    assert target.header.get_zooms() == pytest.approx((0.9, 1.1, 2.5), abs=1e-5)
    assert told[-1][0] == told[-1][1] == len(told)


def test_scaled_values_are_read_in_their_unit_and_written_as_they_are(tmp_path: Path) -> None:
    stored = RNG.integers(48, 8000, (9, 8, 7)).astype(np.int16)
    nifti(tmp_path / "source.nii", stored, slope=0.5)  # with a slope given, nibabel writes numbers as they are
    source = nibabel.load(tmp_path / "source.nii")
    assert source.dataobj.slope == 0.5
    translate_volume(same(), tmp_path / "source.nii", tmp_path / "target.nii")
    target = nibabel.load(tmp_path / "target.nii")
    assert (target.dataobj.slope, target.dataobj.inter) == (1, 0)
    np.testing.assert_allclose(target.get_fdata(), stored * 0.5 - 1024, atol=1e-3)


@pytest.mark.parametrize("codes", ["RAS", "LPS", "LAS", "SRA", "PIL"])
def test_slices_lie_the_same_however_the_file_stores_them(codes: str, tmp_path: Path) -> None:
    """A spot at the patient's left, front and head is at the right of the picture, and at its top."""
    from nibabel.orientations import axcodes2ornt, ornt_transform

    values = np.zeros((10, 12, 14), np.float32)  # RAS+
    values[0:3, 9:12, 11:14] = 3000
    image = nibabel.Nifti1Image(values, np.diag([1.0, 2.0, 3.0, 1.0]))
    turn = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(tuple(codes)))
    nibabel.save(image.as_reoriented(turn), tmp_path / "source.nii")
    planes: dict[Axis, tuple[tuple[int, int, int], tuple[int, int]]] = {
        "axial": ((14, 12, 10), (11, 13)),
        "coronal": ((12, 14, 10), (0, 2)),
        "sagittal": ((10, 14, 12), (7, 9)),
    }
    for axis, (shape, places) in planes.items():
        translator = same()
        translate_volume(translator, tmp_path / "source.nii", tmp_path / f"{axis}.nii", axis)
        seen = np.stack([each[0, 0].numpy() for each in translator.network.seen])  # type: ignore[attr-defined]
        assert seen.shape == shape
        slices, rows, columns = np.nonzero(seen > 0.9)
        assert rows.max() == 2  # the front or the head is up
        assert columns.min() == (0 if axis == "sagittal" else 7)  # sagittal: the front is left
        assert (slices.min(), slices.max()) == places
        back = np.asarray(nibabel.load(tmp_path / f"{axis}.nii").dataobj)
        np.testing.assert_allclose(back, np.asarray(nibabel.load(tmp_path / "source.nii").dataobj), atol=1e-3)


def test_several_channels(tmp_path: Path) -> None:
    nifti(tmp_path / "source.nii", RNG.integers(0, 255, (9, 8, 7, 3)).astype(np.uint8))
    translate_volume(same(Rgb(), Rgb()), tmp_path / "source.nii", tmp_path / "target.nii", "coronal")
    for name in ("source", "target"):
        assert nibabel.load(tmp_path / f"{name}.nii").shape == (9, 8, 7, 3)
    source, target = (np.asarray(nibabel.load(tmp_path / f"{name}.nii").dataobj) for name in ("source", "target"))
    np.testing.assert_array_equal(target, source)
    assert target.dtype == np.uint8


def test_a_series_to_nifti(tmp_path: Path) -> None:
    units = series(tmp_path / "ct")
    (tmp_path / "ct" / "notes.txt").write_text("no image")
    translator = same()
    translate_volume(translator, tmp_path / "ct", tmp_path / "target.nii.gz")
    target = nibabel.load(tmp_path / "target.nii.gz")
    np.testing.assert_allclose(np.asarray(target.dataobj), units.transpose(2, 1, 0), atol=1e-3)
    expected = np.array([[-0.6, 0, 0, 10], [0, -0.8, 0, 20], [0, 0, 2.5, 100], [0, 0, 0, 1]])
    np.testing.assert_allclose(target.affine, expected, atol=1e-5)
    seen = np.stack([each[0, 0].numpy() for each in translator.network.seen])  # type: ignore[attr-defined]
    np.testing.assert_allclose(seen, (units + 1024) / 4095 * 2 - 1, atol=1e-5)  # axial slices lie as DICOM stores them


def test_a_series_to_a_derived_series(tmp_path: Path) -> None:
    units = series(tmp_path / "ct")
    translate_volume(same(), tmp_path / "ct", tmp_path / "result")
    before = {each.SOPInstanceUID: each for each in map(pydicom.dcmread, (tmp_path / "ct").iterdir())}
    after = [pydicom.dcmread(path) for path in sorted((tmp_path / "result").iterdir())]
    assert len(after) == 5
    assert len({each.SOPInstanceUID for each in after} | set(before)) == 10
    assert len({each.SeriesInstanceUID for each in after} | {each.SeriesInstanceUID for each in before.values()}) == 2
    for index, each in enumerate(after):
        assert each.file_meta.MediaStorageSOPInstanceUID == each.SOPInstanceUID
        source = before[each.SourceImageSequence[0].ReferencedSOPInstanceUID]
        assert each.ImagePositionPatient == source.ImagePositionPatient == [-10, -20, 100 + 2.5 * index]
        assert (each.StudyInstanceUID, each.PatientID) == (source.StudyInstanceUID, "P")
        assert each.ImageType == ["DERIVED", "PRIMARY", "AXIAL"]
        assert each.RescaleType == "HU"
        assert "WindowCenter" not in each
        found = pydicom.pixels.apply_rescale(each.pixel_array, each)
        np.testing.assert_allclose(found, units[index], atol=float(each.RescaleSlope) / 2 + 1e-3)


def test_labels_stay_whole_numbers(tmp_path: Path) -> None:
    series(tmp_path / "ct")
    target = Raw(range=(0, 200), dtype="uint8")
    translate_volume(same(HU, target), tmp_path / "ct", tmp_path / "result")
    first = pydicom.dcmread(tmp_path / "result" / "0001.dcm")
    assert first.pixel_array.dtype == np.uint8
    assert (first.RescaleSlope, first.RescaleIntercept) == (1, 0)


def test_white_as_0_is_turned_round_and_a_palette_is_refused(tmp_path: Path) -> None:
    stored = series(tmp_path / "ct") + 1024

    def change(meant: str, slope: float, intercept: float) -> None:
        for file in (tmp_path / "ct").iterdir():
            dataset = pydicom.dcmread(file)
            dataset.PhotometricInterpretation, dataset.RescaleSlope, dataset.RescaleIntercept = meant, slope, intercept
            dataset.save_as(file)

    numbers = Raw(1, (-5000, 5000))
    for slope, intercept, expected in ((1, 0, 4095 - stored), (2, -1000, 2 * stored - 1000)):  # of a unit: as it is
        change("MONOCHROME1", slope, intercept)
        translate_volume(same(numbers, numbers), tmp_path / "ct", tmp_path / "out.nii", AXES[0])
        found = np.asarray(nibabel.load(tmp_path / "out.nii").dataobj)
        np.testing.assert_allclose(np.sort(found.ravel()), np.sort(expected.clip(-5000, 5000).ravel()), atol=0.01)
    change("PALETTE COLOR", 1, 0)
    with pytest.raises(VolumeError, match="indices into a palette"):
        translate_volume(same(numbers, numbers), tmp_path / "ct", tmp_path / "other.nii", AXES[0])


def test_series_that_cannot_be_used(tmp_path: Path) -> None:
    series(tmp_path / "gap", skip=2)
    with pytest.raises(VolumeError, match=r"gap: slices lie 2.5 to 5 mm apart; .* a slice is missing"):
        translate_volume(same(), tmp_path / "gap", tmp_path / "target.nii")
    series(tmp_path / "two", count=3)
    series(tmp_path / "two", count=2, uid="1.2.3")
    with pytest.raises(VolumeError, match=r"which series.*\n.*\n?.*1\.2\.3: 2 slices head"):
        translate_volume(same(), tmp_path / "two", tmp_path / "target.nii")
    translate_volume(same(), tmp_path / "two", tmp_path / "target.nii", series="1.2.3")
    assert nibabel.load(tmp_path / "target.nii").shape == (10, 12, 2)
    (tmp_path / "empty").mkdir()
    with pytest.raises(VolumeError, match="empty: no DICOM image"):
        translate_volume(same(), tmp_path / "empty", tmp_path / "target.nii")


def test_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nifti(tmp_path / "source.nii", np.zeros((8, 8, 8), np.float32))
    (tmp_path / "broken.nii").write_bytes(b"nothing")
    with pytest.raises(VolumeError, match=r"broken.nii: cannot be read as NIfTI"):
        translate_volume(same(), tmp_path / "broken.nii", tmp_path / "target.nii")
    with pytest.raises(ValueError, match="axis is 'up'; expected one of axial"):
        translate_volume(same(), tmp_path / "source.nii", tmp_path / "target.nii", "up")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"written as \.nii or \.nii\.gz"):
        translate_volume(same(), tmp_path / "source.nii", tmp_path / "target.png")
    (tmp_path / "there").mkdir()
    series(tmp_path / "ct")
    with pytest.raises(FileExistsError, match="name a new folder"):
        translate_volume(same(), tmp_path / "ct", tmp_path / "there")
    monkeypatch.setitem(__import__("sys").modules, "nibabel", None)
    with pytest.raises(VolumeError, match=r"pip install 'pix2pix-lightning\[volumes\]'"):
        translate_volume(same(), tmp_path / "source.nii", tmp_path / "target.nii")


@pytest.mark.parametrize("left", [0, 100, 140, 300, 400, 600])
def test_a_slice_that_was_cut_off_is_not_passed_over(left: int, tmp_path: Path) -> None:
    """The last of a series, which no gap betrays."""
    series(tmp_path / "series")
    last = tmp_path / "series" / "5.dcm"
    last.write_bytes(last.read_bytes()[:left])
    with pytest.raises(VolumeError, match=r"5\.dcm"):
        translate_volume(same(), tmp_path / "series", tmp_path / "derived", "axial")
    assert not (tmp_path / "derived").exists()


def test_what_is_no_image_is_passed_over(tmp_path: Path) -> None:
    """A report and a plan beside the slices, and whatever is no DICOM; the result has the slices."""
    series(tmp_path / "series")
    for name, kind in (("report.dcm", "1.2.840.10008.5.1.4.1.1.88.11"), ("raw", "1.3.12.2.1107.5.9.1")):
        dataset = pydicom.dcmread(tmp_path / "series" / "5.dcm")
        del dataset.PixelData
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = kind
        dataset.save_as(tmp_path / "series" / name)
    (tmp_path / "series" / "notes.txt").write_text("seen")
    translate_volume(same(), tmp_path / "series", tmp_path / "derived", "axial")
    assert len(list((tmp_path / "derived").iterdir())) == 5


# --- the axis of the training -----------------------------------------------------------------------------------------


def trained(**known: Any) -> Translator:
    return Translator(Same(), HU, HU, trained=Trained(**known))


def looked_at(translator: Translator) -> tuple[int, ...]:
    """Height and width of the slices that were translated."""
    network = translator.network
    assert isinstance(network, Same)
    return tuple(network.seen[0].shape[-2:])


def test_slices_are_those_of_the_training(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Of an array of 6 x 7 x 8 in RAS+, axial slices are 7 x 6 and lie as radiologists look at them."""
    caplog.set_level("INFO")
    nifti(tmp_path / "a.nii", RNG.integers(0, 100, (6, 7, 8)).astype(np.int16), np.eye(4))
    of = {"axial": (7, 6), "coronal": (8, 6), "sagittal": (8, 7), 0: (7, 8), 1: (6, 8), 2: (6, 7)}
    for axis, sides in of.items():
        for known in ({"axis": axis}, {"seen": {"height": [sides[0]] * 2, "width": [sides[1]] * 2}}):
            caplog.clear()
            translator = trained(**known)
            translate_volume(translator, tmp_path / "a.nii", tmp_path / "b.nii")
            assert looked_at(translator) == sides
            assert len(caplog.messages) == 1
            assert str(axis) in caplog.messages[0]
            translate_volume(translator, tmp_path / "a.nii", tmp_path / "b.nii")
            assert len(caplog.messages) == 1  # said once


def test_an_axis_that_is_not_known_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    nifti(tmp_path / "a.nii", RNG.integers(0, 100, (6, 7, 8)).astype(np.int16), np.eye(4))
    for known in ({}, {"seen": {"height": [5, 5], "width": [9, 9]}}):
        caplog.clear()
        translator = trained(**known)
        translate_volume(translator, tmp_path / "a.nii", tmp_path / "b.nii")
        assert looked_at(translator) == (7, 6)
        assert "axial" in caplog.text
        assert "--axis" in caplog.text
    caplog.clear()
    translate_volume(trained(axis=2), tmp_path / "a.nii", tmp_path / "b.nii", axis="axial")
    assert "along axis 2" in caplog.text  # what is typed is done, and what it departs from is said
    translate_volume(trained(axis=2), tmp_path / "a.nii", tmp_path / "b.nii", axis=2)
    nifti(tmp_path / "square.nii", RNG.integers(0, 100, (6, 7, 6)).astype(np.int16), np.eye(4))
    with pytest.raises(VolumeError, match="--axis sagittal or --axis 2"):  # both are 6 x 7
        translate_volume(trained(seen={"height": [6, 6], "width": [7, 7]}), tmp_path / "square.nii", tmp_path / "b.nii")


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize(("size", "told"), [(2_000_000, "over 1024 extensions"), (20_000_000, "its header claims")])
def test_a_nifti_of_extensions_alone_is_refused_at_once(tmp_path: Path, suffix: str, size: int, told: str) -> None:
    plain = tmp_path / "plain.nii"
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 4, 4), np.int16), np.eye(4)), plain)
    content = bytearray(plain.read_bytes())
    struct.pack_into("<f", content, 108, 352 + size)
    content[348:352] = b"\1\0\0\0"
    content[352:352] = struct.pack("<ii8x", 16, 4) * (size // 16)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(gzip.compress(content, 1) if suffix == ".nii.gz" else content)
    begun = time.process_time()
    with pytest.raises(VolumeError, match=told):
        read_nifti(path)
    assert time.process_time() - begun < 10


def test_extensions_of_a_nifti_are_read_past(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.arange(64, dtype=np.int16).reshape(4, 4, 4), np.eye(4))
    for _ in range(100):
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"x" * 1000))
    nibabel.save(image, tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(read_nifti(tmp_path / "a.nii.gz")[0].values[..., 0], np.asarray(image.dataobj))


def test_a_dicom_of_empty_items_alone_is_refused_at_once(tmp_path: Path) -> None:
    meta = struct.pack("<HH2sHI", 2, 0, b"UL", 4, 28) + struct.pack("<HH2sH", 2, 0x10, b"UI", 20)
    sequence = struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    items = struct.pack("<HHI", 0xFFFE, 0xE000, 0) * 2_000_000
    (tmp_path / "a.dcm").write_bytes(bytes(128) + b"DICM" + meta + b"1.2.840.10008.1.2.1\0" + sequence + items)
    begun = time.process_time()
    with pytest.raises(VolumeError, match=r"a\.dcm: cannot be read as DICOM"):
        read_dicom(tmp_path)
    assert time.process_time() - begun < 40
