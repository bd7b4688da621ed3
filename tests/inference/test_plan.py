"""Where results go: trees, patterns, single files; and every way in which a result could spoil something."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pix2pix.inference.plan import Job, PlanError, plan_files, plan_pairs


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for file in ("one.png", "scans/2.png", "scans/10.jpg", "scans/deep/er/3.tif", "scans/.hidden.png", "scans/read.me"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_bytes(b"")
    return tmp_path


def same(suffix: str, named: str) -> str:
    return named or suffix


def plan(*inputs: str, to: str = "out", samples: int | None = None, **existing: str) -> list[Job]:
    return plan_files(inputs, Path(to), same, samples=samples, **existing)  # type: ignore[arg-type]


def results(jobs: list[Job]) -> list[str]:
    return [file.as_posix() for job in jobs for file in job.outputs.values()]


def test_a_folder_keeps_its_tree_in_natural_order() -> None:
    jobs = plan("scans")
    assert results(jobs) == ["out/2.png", "out/10.jpg", "out/deep/er/3.tif"]
    assert [job.name for job in jobs] == ["2", "10", "deep/er/3"]  # as a data set in that folder names them


def test_a_pattern_keeps_the_tree_below_its_fixed_part() -> None:
    assert results(plan("scans/**/*.tif")) == ["out/deep/er/3.tif"]
    assert results(plan("scans/*.*")) == ["out/2.png", "out/10.jpg"]
    assert results(plan("*/deep/*/3.tif")) == ["out/scans/deep/er/3.tif"]


def test_one_file_to_a_folder_or_a_file() -> None:
    assert results(plan("one.png")) == ["out/one.png"]
    (job,) = plan("one.png", to="new/two.png")
    assert (job.name, results([job])) == ("one", ["new/two.png"])
    assert results(plan("one.png", to="two.png", samples=2)) == ["two_1.png", "two_2.png"]


def test_a_folder_with_a_dicom_series_is_one_job() -> None:
    for file in ("study/1.2.840/IM1", "study/1.2.840/IM2", "study/1.2.841/a.dcm", "study/look.png"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_bytes(b"" if file.endswith("png") else b"\0" * 128 + b"DICM")
    jobs = plan("study")
    assert [(job.name, job.series) for job in jobs] == [("1.2.840", True), ("1.2.841", True), ("look", False)]
    assert results(jobs) == ["out/1.2.840", "out/1.2.841", "out/look.png"]
    assert results(plan("study/1.2.840")) == ["out/1.2.840"]
    assert results(plan("study/1.2.840", to="ct.nii.gz")) == ["ct.nii.gz"]
    with pytest.raises(PlanError, match=r"-o ct\.png: of a DICOM series a folder is made"):
        plan("study/1.2.840", to="ct.png")
    Path("out/1.2.840").mkdir(parents=True)
    with pytest.raises(PlanError, match=r"there already: out/1\.2\.840\. --skip-existing"):
        plan("study")
    assert results(plan("study", existing="skip")) == ["out/1.2.841", "out/look.png"]
    with pytest.raises(PlanError, match=r"out/1\.2\.840 is a folder, .* move it"):
        plan("study", existing="overwrite")
    Path("study/1.2.841/look.png").write_bytes(b"")
    with pytest.raises(PlanError, match=r"look\.png would be written into the series that is made of study/1\.2\.841"):
        plan("study", to="other")
    with pytest.raises(PlanError, match=r"IM1 is one slice of a DICOM series: name the folder"):
        plan("study/1.2.840/IM1")


def test_a_disc_and_a_link_that_leads_back() -> None:
    for file in ("disc/DICOMDIR", "disc/DICOM/1/IM1"):
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        Path(file).write_bytes(b"\0" * 128 + b"DICM")
    Path("disc/DICOM/1/back").symlink_to(Path("disc").absolute())
    Path("disc/DICOM/1/here").symlink_to(Path("disc/DICOM/1").absolute())
    assert [job.name for job in plan("disc")] == ["DICOM/1"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read() -> None:
    Path("scans/deep").chmod(0)
    try:
        with pytest.raises(PlanError, match=r"scans/deep: cannot be read: Permission denied"):
            plan("scans")
    finally:
        Path("scans/deep").chmod(0o755)


def test_the_suffix_of_results() -> None:
    jobs = plan_files(["scans"], Path("out"), lambda suffix, _: {".jpg": ".png"}.get(suffix, suffix))
    assert results(jobs) == ["out/2.png", "out/10.png", "out/deep/er/3.tif"]


def test_results_that_are_there() -> None:
    Path("out").mkdir()
    Path("out/2.png").write_bytes(b"precious")
    with pytest.raises(PlanError, match=r"1 of the results are there already: out/2\.png\. --skip-existing"):
        plan("scans")
    assert results(plan("scans", existing="skip")) == ["out/10.jpg", "out/deep/er/3.tif"]
    assert len(plan("scans", existing="overwrite")) == 3
    Path("out/one_2.png").write_bytes(b"")
    (job,) = plan("one.png", samples=3, existing="skip")
    assert list(job.outputs) == [1, 3]


def test_the_pictures_of_a_folder_that_holds_the_output_too() -> None:
    Path("scans/out").mkdir()
    Path("scans/out/2.png").write_bytes(b"an earlier result")
    assert len(plan("scans", to="scans/out", existing="overwrite")) == 3
    assert results(plan("scans/**/*.png", to="scans/out", existing="overwrite")) == ["scans/out/2.png"]


@pytest.mark.parametrize(
    ("inputs", "to", "message"),
    [
        (("one.png", "none.png"), "out", r"none\.png: there is no such file or folder"),
        (("scans/read.me",), "out", r"read\.me: unknown suffix '\.me'; read are \.bmp"),
        (("empty",), "out", r"empty: holds no pictures"),
        (("scans/*.webp",), "out", r"no picture matches"),
        (("scans",), "scans", r"-o scans is the folder that is read"),
        (("scans",), "out.png", r"-o out\.png names one file, and there are 3 pictures"),
        (("scans",), "one.png", r"-o one\.png is a file, and the results of 3 picture"),
        (("scans/2.png",), "scans", r"scans/2\.png is an input, and would be replaced"),
        (("one.png",), "./one.png", r"one\.png is an input, and would be replaced"),
        (("a/1.png", "b/1.png"), "out", r"a/1\.png and b/1\.png would both be written to out/1\.png"),
        (("one.png", "one.png"), "out", r"one\.png and one\.png would both be written"),
    ],
)
def test_what_is_refused_before_anything_runs(inputs: tuple[str, ...], to: str, message: str) -> None:
    Path("empty").mkdir()
    for folder in ("a", "b"):
        Path(folder).mkdir()
        Path(folder, "1.png").write_bytes(b"")
    with pytest.raises(PlanError, match=message):
        plan(*inputs, to=to, existing="overwrite")


def test_an_input_under_another_name_is_still_that_input() -> None:
    Path("out").mkdir()
    Path("out/one.png").symlink_to(Path("one.png").resolve())
    with pytest.raises(PlanError, match="is an input"):
        plan("one.png", existing="overwrite")


def test_pairs_of_a_data_set() -> None:
    jobs = plan_pairs(["a/1", "2"], Path("out"), ".png", samples=2)
    assert results(jobs) == ["out/a/1_1.png", "out/a/1_2.png", "out/2_1.png", "out/2_2.png"]
    with pytest.raises(PlanError, match=r"one\.png is a file"):
        plan_pairs(["1"], Path("one.png"), ".png")
