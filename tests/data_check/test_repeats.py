"""Pictures that are in a data set twice: by content, whatever the file is called or of which kind it is."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.commands.data import main
from pix2pix.data.pairs import Pair
from pix2pix.data.sources.side_by_side import SideBySide
from pix2pix.data_check.repeats import Repeats
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import read_picture, write_picture

FACADES = Path(__file__).parents[3] / "shared" / "data" / "facades"


def photo(number: int) -> Array:
    rng = np.random.default_rng(number)
    small = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
    return np.asarray(small.resize((64, 64), Image.Resampling.BICUBIC))


def write(root: Path, name: str, picture: Array) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    write_picture(root / name, picture)


def checked(root: Path, capsys: pytest.CaptureFixture[str], status: int = 0) -> list[str]:
    """The lines about repeats."""
    assert main(["check", str(root)]) == status
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith(("warning", "note"))]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Pairs of their own: four to train on, two to validate, with an empty map each."""
    for split, numbers in (("train", range(4)), ("val", range(4, 6))):
        for number in numbers:
            write(tmp_path, f"{split}/A/{number}.png", photo(number))
            write(tmp_path, f"{split}/B/{number}.png", np.zeros((64, 64, 1), np.uint8))
    return tmp_path


def test_empty_maps_are_no_repeats(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(root, capsys) == []


def test_the_same_picture_in_two_splits_and_twice_in_one(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, number in (("val/A/9", 1), ("train/A/8", 2)):
        write(root, f"{name}.tif", photo(number))
        write(root, f"{name.replace('A', 'B')}.png", np.full((64, 64, 1), number, np.uint8))
    assert checked(root, capsys) == [
        "warning    the same pictures in several splits, which makes scores too good: 1: val 9 and train 1",
        "note       the same pictures twice: 1: train 8 and train 2",
    ]


@pytest.mark.parametrize("changed", ["jpeg", "halved", "darker"])
def test_nearly_the_same_in_two_splits(tmp_path: Path, changed: str, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(6):
        write(tmp_path, f"train/{number}.png", np.concatenate([photo(number), photo(number + 50)], axis=1))
    write(tmp_path, "val/0.png", np.concatenate([photo(20), photo(70)], axis=1))
    both = Image.fromarray(np.concatenate([photo(3), photo(53)], axis=1))
    if changed == "jpeg":
        both.save(held := io.BytesIO(), "JPEG", quality=40)
        both = Image.open(held)
    elif changed == "halved":
        both = both.resize((64, 32)).resize((128, 64))
    else:
        both = both.point(lambda value: 0.7 * value + 30)
    write(tmp_path, "val/1.png", np.asarray(both))
    (line,) = checked(tmp_path, capsys)
    assert line == (
        "note       nearly the same in several splits, which may make scores too good: 1: val 1 and train 3"
    )


@pytest.mark.skipif(not FACADES.is_dir(), reason="facades are not here")
def test_no_facade_is_taken_for_another() -> None:
    repeats = Repeats()
    for split in ("train", "val"):
        source = SideBySide(FACADES, split)
        for index in range(len(source)):
            repeats.add(split, source[index])
    assert list(repeats.in_words()) == []
    again = read_picture(FACADES / "val" / "10.jpg")
    repeats.add("train", Pair(again[:, :256], again[:, 256:], "again"))
    (line,) = repeats.in_words()
    assert "1: train again and val 10" in line


def test_one_file_in_two_splits_leaves_nothing_to_train(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for side in "AB":
        (root / "val" / side / "7.png").symlink_to(root / "train" / side / "2.png")
    assert main(["check", str(root)]) == 1
    printed = capsys.readouterr().out
    assert "2 files of val are those of train, so its scores would be too good" in printed
    assert "pix2pix train" not in printed
