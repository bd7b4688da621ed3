"""What is wrong with pairs though every file can be read: neighbours, turned sides, numbers that are no classes."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from tests.data_check.test_check import checked, labels, photo

from pix2pix.build.assembly import make_data
from pix2pix.settings.compose import check as compose_check

Checked = Callable[..., str]


@pytest.fixture
def said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Checked:
    return lambda status=0: checked(capsys, tmp_path, status=status)[0]


def save(path: Path, picture: object, **options: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(("start_a", "start_b"), [(0, 1), (1, 0), (100, 103)])
def test_sides_that_are_counted_from_different_starts(
    tmp_path: Path, said: Checked, start_a: int, start_b: int
) -> None:
    for index in range(12):
        save(tmp_path / "A" / f"{start_a + index:04d}.png", photo())
        save(tmp_path / "B" / f"{start_b + index:04d}.png", labels())
    assert (
        f"warning    files of the first side are numbered {start_a} to {start_a + 11}, those of the second {start_b} to"
        f" {start_b + 11}: if both are of the same scenes, {start_a} goes with {start_b}, and no pair is right as it is"
    ) in said()


@pytest.mark.parametrize("left_out", [("A", 3), ("B", 11), ("A", 0)])
def test_a_side_that_lacks_some_is_counted_alike(tmp_path: Path, said: Checked, left_out: tuple[str, int]) -> None:
    for side, picture in (("A", photo), ("B", labels)):
        for index in range(12):
            if (side, index) != left_out:
                save(tmp_path / side / f"{index:04d}.png", picture())
    assert "are numbered" not in said()


def test_pictures_in_no_pair_are_named(tmp_path: Path, said: Checked) -> None:
    for index in range(4):
        for side, picture in (("A", photo), ("B", labels)):
            save(tmp_path / "train" / side / f"{index}.png", picture())
    for index in range(5):
        save(tmp_path / "test" / f"{index}.png", photo())
    assert "unused     5 of 13 pictures are in none of these pairs: test/0.png, test/1.png, test/2.png, …" in said()


def test_one_side_that_its_files_turn(tmp_path: Path, said: Checked) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    for index in range(4):
        save(tmp_path / "train" / "A" / f"{index}.jpg", photo(), exif=exif if index < 2 else Image.Exif())
        save(tmp_path / "train" / "B" / f"{index}.png", labels())
    assert "note       2 pictures of the target say that they lie on their side or upside down (EXIF)" in said()
    for index in range(4):
        save(tmp_path / "train" / "B" / f"{index}.png", labels(), exif=exif)
    assert "(EXIF)" not in said()


def test_numbers_of_instances(tmp_path: Path, said: Checked) -> None:
    for index in range(4):
        cells = np.zeros((32, 32), np.uint16)
        for number in range(6):
            cells[5 * number : 5 * number + 4, 3:20] = 300 * index + 40 * number + 7
        (tmp_path / "A").mkdir(exist_ok=True)
        tifffile.imwrite(tmp_path / "A" / f"{index}.tif", cells)
        save(tmp_path / "B" / f"{index}.png", photo(32, 32))
    assert "if these are numbers of instances, of cells or things, a network cannot learn which is which" in said()


def test_measurements_are_no_instances(tmp_path: Path, said: Checked) -> None:
    rng = np.random.default_rng(0)
    for index in range(4):
        (tmp_path / "A").mkdir(exist_ok=True)
        smooth = np.add.outer(np.arange(32), np.arange(32)) * 60 + rng.integers(0, 9, (32, 32))
        tifffile.imwrite(tmp_path / "A" / f"{index}.tif", smooth.astype(np.uint16))
        save(tmp_path / "B" / f"{index}.png", photo(32, 32))
    assert "instances" not in said()


def test_a_palette_with_a_colour_for_two_numbers(tmp_path: Path, said: Checked) -> None:
    for index in range(4):
        picture = Image.fromarray(np.kron(np.arange(4, dtype=np.uint8).reshape(2, 2), np.ones((8, 8), np.uint8)))
        picture.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 255, 255, 0, 0])  # 1 and 3 are red
        (tmp_path / "A").mkdir(exist_ok=True)
        picture.save(tmp_path / "A" / f"{index}.png")
        save(tmp_path / "B" / f"{index}.png", photo())
    assert "note       4 of these pictures have a palette with one colour for two of its numbers" in said()


@pytest.mark.parametrize("columns", [("image", "label"), ("Input", "Target mask")])
def test_a_list_with_columns_of_other_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], columns: tuple[str, str]
) -> None:
    with (tmp_path / "train list.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", *columns, "split"])
        for index in range(6):
            save(tmp_path / "x" / f"s{index}_photo.png", photo(64, 64))
            save(tmp_path / "y" / f"{5 - index}.png", labels(64, 64))
            rows.writerow([index, f"x/s{index}_photo.png", f"y/{5 - index}.png", "val" if index == 5 else "train"])
    printed, words = checked(capsys, tmp_path)
    assert "a manifest, train list.csv" in printed
    assert "pairs      train 5, val 1" in printed
    assert words[:3] == ["pix2pix", "train", "experiment=pairs"]
    settings, _ = compose_check([*words[2:], "size=tiny"])
    assert settings["data"]["columns"] == list(columns)
    data = make_data(settings)
    assert [len(data.readable(split)) for split in ("train", "val")] == [5, 1]
    name = data.readable("val").names[0]
    assert name == "x/s5_photo"
    printed, _ = checked(capsys, tmp_path, "--file", "train list.csv", "--columns", *columns)
    assert "pairs      train 5, val 1" in printed


def test_a_list_of_other_things_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for index in range(4):
        for side, picture in (("A", photo), ("B", labels)):
            save(tmp_path / side / f"{index}.png", picture())
    (tmp_path / "ages.csv").write_text("image,age\nA/0.png,7\nA/1.png,8\n")
    assert "two folders" in checked(capsys, tmp_path)[0]
