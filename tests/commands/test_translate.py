"""`pix2pix translate`: what is written for what is typed, and what is told where something is not as it should be."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image
from tests.evaluation.untrained_runs import pairs_folder, untrained
from tests.inference.volumes.dicom_series import series

from pix2pix import Translator
from pix2pix.commands.translate import main
from pix2pix.data.resize import resize
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import read_picture, write_picture

HU = "data.target={kind: raw, channels: 3, range: [-1024, 3071], unit: HU}"
LABELS = "data.target={kind: labels, palette: [[0, 0, 0], [255, 0, 0], [255, 255, 255]]}"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("runs")
    pairs = pairs_folder(where / "pairs", train=2, val=3)
    common = ("data=side_by_side", f"data.root={pairs}")
    untrained(where / "photos", *common)
    untrained(where / "silent", *common, "generator.dropout=0")
    untrained(where / "normless", *common, "generator.norm=none")
    untrained(where / "ct", *common, HU)
    grey = "{kind: raw, range: [-1024, 3071], unit: HU}"
    slices = pairs_folder(where / "slices", channels=1, train=2, val=3)
    untrained(where / "mr", "data=side_by_side", f"data.root={slices}", f"data.source={grey}", f"data.target={grey}")
    untrained(where / "labels", *common, LABELS)
    untrained(where / "grey", "data=derived", f"data.root={pairs}", "data.derive=grey")
    untrained(where / "holes", "data=derived", f"data.root={pairs}", "data.derive=holes", "data.holes.only=true")
    return where


@pytest.fixture
def here(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with links to the runs and some photos in photos/."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").symlink_to(runs)
    rng = np.random.default_rng(0)
    for name in ("1.png", "2.jpg", "deep/3.tif"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        write_picture(tmp_path / "photos" / name, rng.integers(0, 256, (17, 20, 3), dtype=np.uint8))
    return tmp_path


def written(folder: str = "out") -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file())


def translated(run: str, name: str, suffix: str) -> Array:
    return Translator.load(f"runs/{run}")(read_picture(f"photos/{name}{suffix}"), name)


def mistake(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert main(words) == 2
    return capsys.readouterr().err


def test_a_folder_is_translated_as_the_translator_does_it(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert main(["runs/photos", "photos", "-o", "out"]) == 0
    assert written() == ["1.png", "2.jpg", "deep/3.tif"]
    for name, suffix in (("1", ".png"), ("deep/3", ".tif")):
        np.testing.assert_array_equal(read_picture(f"out/{name}{suffix}"), translated("photos", name, suffix))
    assert caplog.messages[-1] == "3 of 3 pictures translated into out"


def test_the_target_decides_the_kind_of_file(here: Path) -> None:
    assert main(["runs/ct", "photos", "-o", "out"]) == 0
    assert written() == ["1.tif", "2.tif", "deep/3.tif"]
    with tifffile.TiffFile("out/1.tif") as tiff:
        assert tiff.shaped_metadata is not None
        assert tiff.shaped_metadata[0]["unit"] == "HU"
        values = tiff.asarray()
    np.testing.assert_array_equal(values, translated("ct", "1", ".png"))
    assert main(["runs/labels", "photos", "-o", "classes"]) == 0
    assert written("classes") == ["1.png", "2.png", "deep/3.tif"]  # no JPEG of classes
    assert main(["runs/photos", "photos/1.png", "-o", "one.webp"]) == 0
    np.testing.assert_array_equal(read_picture("one.webp"), translated("photos", "1", ".png"))
    assert main(["runs/ct", "photos/1.png", "-o", "arrays", "--format", "npy"]) == 0
    np.testing.assert_array_equal(np.load("arrays/1.npy"), values)


def test_colourised_files_are_rgb(here: Path) -> None:
    assert main(["runs/grey", "photos/1.png", "-o", "out"]) == 0
    with Image.open("photos/1.png") as photo, Image.open("out/1.png") as coloured:
        assert (coloured.mode, coloured.size) == ("RGB", photo.size)
        expected = Translator.load("runs/grey")(photo, "1")
        np.testing.assert_array_equal(np.asarray(coloured), np.asarray(expected))


def test_samples(here: Path) -> None:
    assert main(["runs/photos", "photos/1.png", "-o", "out", "--samples", "3"]) == 0
    assert written() == ["1_1.png", "1_2.png", "1_3.png"]
    pictures = [read_picture(f"out/1_{number}.png") for number in (1, 2, 3)]
    np.testing.assert_array_equal(pictures[0], translated("photos", "1", ".png"))
    assert all((pictures[first] != pictures[second]).any() for first, second in ((0, 1), (0, 2), (1, 2)))


def test_side_by_side(here: Path) -> None:
    assert main(["runs/ct", "photos/1.png", "-o", "out", "--side-by-side", "--samples", "2"]) == 0
    assert written() == ["1.png"]
    panels = np.split(read_picture("out/1.png"), 3, axis=1)  # source and two samples
    np.testing.assert_array_equal(panels[0], read_picture("photos/1.png"))
    values = translated("ct", "1", ".png")
    np.testing.assert_allclose(panels[1], (values + 1024) / 4095 * 255, atol=0.51)
    assert (panels[1] != panels[2]).any()


def test_a_split_of_the_trainings_data(here: Path) -> None:
    assert main(["runs/photos", "--split", "val", "-o", "out"]) == 0
    assert written() == ["0.png", "1.png", "2.png"]
    pair = read_picture("runs/pairs/val/1.png")
    translator = Translator.load("runs/photos")
    np.testing.assert_array_equal(read_picture("out/1.png"), translator(pair[:, :16], "1"))
    assert main(["runs/photos", "--split", "val", "-o", "beside", "--side-by-side"]) == 0
    panels = np.split(read_picture("beside/1.png"), 3, axis=1)
    np.testing.assert_array_equal(np.concatenate([panels[0], panels[2]], axis=1), pair)
    np.testing.assert_array_equal(panels[1], translator(pair[:, :16], "1"))


def test_pictures_are_resized_first_where_it_is_asked(here: Path) -> None:
    assert main(["runs/photos", "photos/1.png", "photos/deep/3.tif", "-o", "out", "--size", "34"]) == 0
    larger = resize(read_picture("photos/1.png"), (34, 40), "bicubic")  # of 17 x 20
    np.testing.assert_array_equal(read_picture("out/1.png"), Translator.load("runs/photos")(larger, "1"))
    assert read_picture("out/3.tif").shape == (34, 40, 3)
    assert main(["runs/photos", "photos/1.png", "-o", "flat.png", "--size", "24", "48"]) == 0
    assert read_picture("flat.png").shape == (24, 48, 3)
    assert main(["runs/holes", "photos/1.png", "-o", "filled.png", "--size", "34", "--derive"]) == 0
    derived = Translator.load("runs/holes").derive(larger, "1")
    kept = (derived == larger).all(axis=2)
    np.testing.assert_array_equal(read_picture("filled.png")[kept], larger[kept])


def test_resized_classes_and_numbers_beyond_the_range_stay_what_they_are(here: Path) -> None:
    labels = Translator.load("runs/labels")
    palette = Translator(labels.network, labels.target, labels.target)  # a source of classes
    classes = np.array([[[0, 0, 0], [255, 0, 0]], [[255, 255, 255], [0, 0, 0]]], np.uint8)
    encoded = palette.encode(classes, "", [6, 6])
    np.testing.assert_array_equal(palette.target.decode(encoded.numpy()), classes.repeat(3, 0).repeat(3, 1))
    ct = Translator.load("runs/ct")
    numbers = Translator(ct.network, ct.target, ct.target)
    missing = np.full((8, 8, 3), 1000, np.float32)
    missing[0, 0] = np.nan
    assert numbers.encode(missing, "", [4]).isfinite().all()


def test_sources_are_derived_from_photos(here: Path) -> None:
    assert main(["runs/holes", "photos/1.png", "-o", "out", "--derive", "--side-by-side"]) == 0
    source, result = np.split(read_picture("out/1.png"), 2, axis=1)
    photo = read_picture("photos/1.png")
    hole = (source == 128).all(axis=2)
    assert 0.1 < hole.mean() < 0.4
    np.testing.assert_array_equal(source[~hole], photo[~hole])
    np.testing.assert_array_equal(result[~hole], photo[~hole])
    assert (result[hole] != 128).any()


def test_bad_files_are_told_and_the_others_go_on(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    Path("photos/0.png").write_bytes(b"no picture")
    write_picture("photos/15.png", np.zeros((8, 8, 3), np.uint16))
    write_picture("photos/16.png", np.zeros((1, 3, 3), np.uint8))
    Path("out").mkdir()
    Path("out/deep").write_text("in the way")
    assert main(["runs/photos", "photos", "-o", "out"]) == 1
    assert written() == ["1.png", "2.jpg", "deep"]
    *failed, last = caplog.messages
    assert last == "2 of 6 pictures translated into out"
    assert "photos/0.png: cannot be read as a .png picture" in failed[0]
    assert failed[1].startswith("photos/15.png: holds uint16; the domain rgb expects uint8")
    assert failed[2].startswith("photos/16.png: pictures of 1 x 3 (height x width) are too small")
    assert failed[3].startswith("photos/deep/3.tif: ")
    assert len(failed) == 4


def test_whatever_one_file_does_the_others_go_on(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    series(here / "all" / "broken")
    slice_of_it = next((here / "all" / "broken").iterdir())
    slice_of_it.write_bytes(slice_of_it.read_bytes()[:600])
    series(here / "all" / "whole")
    nibabel.save(nibabel.Nifti1Image(np.zeros((16, 16, 4), np.int16), np.eye(4)), here / "all" / "good.nii")
    content = (here / "all" / "good.nii").read_bytes()
    (here / "all" / "cut.nii").write_bytes(content[: len(content) // 2])
    assert main(["runs/mr", "all", "-o", "out"]) == 1
    assert (sorted(os.listdir("out")), len(os.listdir("out/whole"))) == (["good.nii", "whole"], 5)
    failed = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(failed) == 2
    assert f"all/broken/{slice_of_it.name}" in "".join(failed)
    assert "cut.nii" in "".join(failed)


@pytest.mark.parametrize("name", ["1.png", "deep/3.tif"])
def test_a_result_that_cannot_be_written_is_named_and_not_its_draft(
    here: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, hard))  # bytes a file: the disk is full
    try:
        assert main(["runs/photos", f"photos/{name}", "-o", "out"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    (said, *_) = caplog.messages
    assert said.startswith(f"photos/{name}: out/{Path(name).name}: cannot be written: File too large; `ulimit -f`")
    assert written() == []


def test_results_that_are_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("out").mkdir()
    Path("out/1.png").write_bytes(b"precious")
    assert "1 of the results are there already: out/1.png" in mistake(capsys, "runs/photos", "photos", "-o", "out")
    assert written() == ["1.png"]
    assert main(["runs/photos", "photos", "-o", "out", "--skip-existing"]) == 0
    assert Path("out/1.png").read_bytes() == b"precious"
    assert written() == ["1.png", "2.jpg", "deep/3.tif"]
    assert main(["runs/photos", "photos", "-o", "out", "--overwrite"]) == 0
    np.testing.assert_array_equal(read_picture("out/1.png"), translated("photos", "1", ".png"))


def test_a_volume_is_told_what_to_be_called(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = np.random.default_rng(0).normal(size=(16, 16, 2)).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), "mr.nii.gz")
    said = mistake(capsys, "runs/mr", "mr.nii.gz", "-o", "ct.npy")
    assert "name it ct.nii.gz" in said
    assert main(["runs/mr", "mr.nii.gz", "-o", said.rpartition("name it ")[2].strip()]) == 0
    assert nibabel.load("ct.nii.gz").shape == (16, 16, 2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("runs/photos", "-o", "out"), "name pictures or folders to translate, or a split"),
        (("runs/photos", "photos", "--split", "val", "-o", "out"), "leave out photos"),
        (("runs/photos", "photos", "--data-root", "x", "-o", "out"), "are for --split"),
        (("runs", "photos", "-o", "out"), "runs is a folder without checkpoints/last.ckpt"),
        (("photos/1.png", "photos", "-o", "out"), "photos/1.png cannot be read as a checkpoint"),
        (("runs/photos", "nothing", "-o", "out"), "nothing: there is no such file or folder"),
        (("runs/silent", "photos", "-o", "out", "--samples", "2"), "gives one result for a picture"),
        (("runs/photos", "photos", "-o", "out", "--samples", "2", "--noise", "off"), "--noise off leaves none"),
        (("runs/photos", "photos", "-o", "out", "--seed", "2", "--noise", "off"), "--seed: of the noise, and --noise"),
        (("runs/silent", "photos", "-o", "out", "--seed", "2"), "--seed: runs/silent gives one result for a picture"),
        (("runs/photos", "photos", "-o", "out", "--tile", "32", "--seed", "2"), "noise is off: leave out --seed"),
        (("runs/normless", "photos", "-o", "out", "--statistics", "running"), "has no running statistics of its tr"),
        (("runs/silent", "photos", "-o", "out", "--noise", "on"), "has no noise that could be switched on"),
        (("runs/photos", "photos", "-o", "out", "--derive"), "--derive: runs/photos was trained on sources"),
        (("runs/photos", "photos", "-o", "out", "--format", "gif"), "--format: 'gif' is not known; there are bmp"),
        (("runs/ct", "photos", "-o", "out", "--format", "png"), "channel(s) of float32; it can be tif"),
        (("runs/labels", "photos", "-o", "out", "--format", "jpg"), "would blur the colours of the classes"),
        (
            ("runs/photos", "photos", "-o", "out", "--device", "gpu"),
            "'gpu' is no device: expected auto, cpu, cuda, mps",
        ),
        (
            ("runs/photos", "photos", "-o", "out", "--device", "cuda:77"),
            "'cuda:77' cannot be used here: PyTorch finds cpu",
        ),
        (("runs/photos", "photos", "-o", "out", "--driver", "edges"), "--driver: for films, and there are none among"),
        (
            ("runs/photos", "photos", "-o", "out", "--smoothing", "0.3", "--quality", "20"),
            "--quality, --smoothing: for films",
        ),
        (("runs/photos", "photos", "-o", "out", "--series", "1.2"), "--series: for volumes"),
        (("runs/photos", "photos", "-o", "out", "--tile", "9"), "--tile=9: this generator needs a multiple of"),
        (("runs/photos", "photos/1.png", "-o", "out.gif"), "-o out.gif: .gif is no kind of file that is written"),
        (("runs/photos", "photos/1.png", "-o", "far/out.mp4"), "such a file cannot hold what is made of photos/1.png"),
        (("runs/photos", "photos", "-o", "out", "--size", "1", "2", "3"), "--size takes the shorter side, or height"),
        (("runs/photos", "photos", "-o", "out", "--size", "64", "--tile", "32"), "--size goes neither with tiles"),
        (("runs/photos", "--split", "val", "-o", "out", "--size", "64"), "leave out --size"),
        (("runs/photos", "--split", "test", "-o", "out"), "no folder for the split 'test'"),
    ],
)
def test_mistakes(here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    error = mistake(capsys, *words)
    assert error.startswith("pix2pix translate: ")
    assert said in error
    assert not Path("out").exists()


def test_a_broken_film_and_volume_fail_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("photos/bad.mp4").write_bytes(b"no film")
    Path("photos/bad.nii.gz").write_bytes(b"no volume")
    assert main(["runs/photos", "photos", "-o", "out"]) == 1
    assert written() == ["1.png", "2.jpg", "deep/3.tif"]


def test_a_run_that_fills_holes_keeps_the_rest_of_a_resized_picture(here: Path) -> None:
    erased = np.zeros((256, 256, 4), np.uint8)
    erased[..., 0], erased[..., 3] = 200, 255
    erased[96:160, 96:160, 3] = 0
    write_picture("erased.png", erased)
    assert main(["runs/holes", "erased.png", "-o", "filled.png", "--size", "64"]) == 0
    kept = np.abs(read_picture("filled.png").astype(int) - (200, 0, 0)).max(axis=2) == 0
    rows, columns = np.nonzero(~kept)  # the hole, with what lies so near that it had a part in it
    assert 20 <= rows.min() < 24
    assert 40 <= rows.max() < 44
    assert (rows.min(), rows.max()) == (columns.min(), columns.max())


def test_options_that_a_volume_and_a_film_do_not_take(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    nibabel.save(nibabel.Nifti1Image(np.zeros((16, 16, 2), np.float32), np.eye(4)), "mr.nii.gz")
    assert main(["runs/mr", "mr.nii.gz", "-o", "out", "--side-by-side"]) == 1
    assert "mr.nii.gz: --size, --derive and --side-by-side are not for volumes" in caplog.text
    Path("photos/film.mp4").write_bytes(b"no film")
    assert main(["runs/holes", "photos", "-o", "out", "--derive"]) == 1
    assert "film.mp4: --derive is for pictures" in caplog.text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--mirror",), "--mirror: goes with --driver, and none is typed"),
        (("--tile", "32"), "--tile: for pictures, and there are none among the inputs"),
        (("--samples", "2"), "--samples: for pictures"),
    ],
)
def test_options_that_a_film_alone_has_no_use_for(
    here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    Path("film.mp4").write_bytes(b"no film")
    assert said in mistake(capsys, "runs/photos", "film.mp4", "-o", "out", *words)
    assert "name it out.mp4" in mistake(capsys, "runs/photos", "film.mp4", "-o", "out.png")


def test_files_of_other_kinds_are_counted(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for name in ("a.gif", "b.GIF", "read.me"):
        Path("photos", name).write_bytes(b"")
    assert main(["runs/photos", "photos", "-o", "out"]) == 0
    assert "photos: of other kinds, and passed over: 3 (2 .gif, 1 .me)" in caplog.text
    assert main(["runs/photos", "photos", "-o", "out", "--skip-existing"]) == 0
    assert "All results are there already" in caplog.text


def test_a_study_of_dicom(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    series(here / "study" / "ct", uid="1.2.3")
    series(here / "study" / "3.000000-HEAD")
    assert main(["runs/mr", "study", "-o", "out"]) == 0
    assert written() == [f"{name}/{number:04d}.dcm" for name in ("3.000000-HEAD", "ct") for number in range(1, 6)]
    assert main(["runs/mr", "study/ct", "-o", "ct.nii.gz"]) == 0
    assert nibabel.load("ct.nii.gz").shape == (10, 12, 5)
    assert main(["runs/mr", "study", "-o", "out", "--skip-existing"]) == 0
    assert main(["runs/mr", "study/ct", "-o", "one", "--series", "1.2.3"]) == 0
    assert main(["runs/mr", "study/ct", "-o", "other", "--series", "9"]) == 1
    assert main(["runs/mr", "study/ct", "-o", "sized", "--size", "24"]) == 1


def test_tiles_give_the_picture_without_them(here: Path) -> None:
    rng = np.random.default_rng(0)
    write_picture("big.png", rng.integers(0, 256, (80, 96, 3), dtype=np.uint8))
    common = ["big.png", "--noise", "off", "--statistics", "running"]
    assert main(["runs/photos", *common, "-o", "whole.png"]) == 0
    assert main(["runs/photos", *common, "-o", "tiled.png", "--tile", "64", "--overlap", "32"]) == 0
    whole, tiled = (read_picture(name).astype(int) for name in ("whole.png", "tiled.png"))
    assert np.abs(whole - tiled).mean() < 2


def test_an_interruption_leaves_whole_files_alone(here: Path) -> None:
    for index in range(300):
        write_picture(f"photos/{index:04d}.png", np.zeros((64, 64, 3), np.uint8))
    words = [sys.executable, "-m", "pix2pix.commands.translate", "runs/photos", "photos", "-o", "out"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True) as process:
        deadline = time.monotonic() + 300
        while not Path("out/0003.png").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Traceback" not in error
    names = [path.name for path in Path("out").iterdir()]
    assert 3 <= len(names) < 300
    assert not [name for name in names if name.startswith(".")]
    for name in names:
        read_picture(Path("out", name))
