"""Files of several pictures: panels, directions, splits by folder and at random."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.data.sources.side_by_side import SideBySide
from pix2pix.errors import BadPairError

FACADES = Path(__file__).parents[4] / "shared" / "data" / "facades"


def panels(*greys: int, height: int = 4, width: int = 5) -> Image.Image:
    """Flat panels next to each other."""
    return Image.fromarray(np.repeat(np.repeat(np.array([greys], np.uint8), height, 0), width, 1))


def fill(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    for number in range(count):
        panels(number, 100 + number).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize(
    ("direction", "source", "target"),
    [
        ("a_to_b", 10, 20),
        ("c_to_a", 30, 10),
        ("b_to_c", 20, 30),
        ("AtoB", 10, 20),
        ("BtoA", 20, 10),
        ("b_to_b", 20, 20),
    ],
)
def test_direction_picks_panels(tmp_path: Path, direction: str, source: int, target: int) -> None:
    (tmp_path / "train").mkdir()
    panels(10, 20, 30).save(tmp_path / "train" / "one.png")
    pair = SideBySide(tmp_path, "train", direction, panels=3, val_fraction=0)[0]
    assert pair.name == "one"
    assert pair.source.shape == pair.target.shape == (4, 5, 1)
    assert (pair.source == source).all()
    assert (pair.target == target).all()


def test_one_panel_is_its_own_target(tmp_path: Path) -> None:
    fill(tmp_path / "train", 2)
    pair = SideBySide(tmp_path, "train", "a_to_a", panels=1, val_fraction=0)[1]
    assert pair.source.shape == (4, 10, 1)
    np.testing.assert_array_equal(pair.source, pair.target)


@pytest.mark.parametrize("direction", ["c_to_a", "a-b", "a_to_", ""])
def test_a_direction_that_is_not_there(tmp_path: Path, direction: str) -> None:
    fill(tmp_path / "train", 1)
    with pytest.raises(ValueError, match="lettered a, b, it must be like a_to_b or b_to_a"):
        SideBySide(tmp_path, "train", direction)


def test_panels_that_do_not_divide(tmp_path: Path) -> None:
    fill(tmp_path / "train", 1)
    with pytest.raises(BadPairError, match=r"0\.png: 10 pixels wide, which 3 panels do not divide"):
        SideBySide(tmp_path, "train", panels=3, val_fraction=0)[0]


def test_folders_of_splits(tmp_path: Path) -> None:
    fill(tmp_path / "train", 12)
    fill(tmp_path / "validation", 3)
    assert SideBySide(tmp_path, "train").names == [str(number) for number in range(12)]  # 2 before 10
    assert SideBySide(tmp_path, "val").names == ["0", "1", "2"]
    with pytest.raises(ValueError, match=r"no folder for the split 'test'.*splits found: train, val"):
        SideBySide(tmp_path, "test")


def test_val_is_held_out_of_train_where_it_has_no_folder(tmp_path: Path) -> None:
    fill(tmp_path / "train", 20)
    train, val = (set(SideBySide(tmp_path, split, val_fraction=0.25, seed=4).names) for split in ("train", "val"))
    assert len(val) == 5
    assert train | val == {str(number) for number in range(20)}
    assert not train & val
    assert [SideBySide(tmp_path, split).held_out for split in ("train", "val")] == [("val",)] * 2
    fill(tmp_path / "val", 1)
    assert SideBySide(tmp_path, "train").held_out == ()


def test_a_flat_folder_is_parted_whatever_was_added_to_its_listing(tmp_path: Path) -> None:
    fill(tmp_path / "sub", 20)
    (tmp_path / ".hidden.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("no picture")
    parts = [
        SideBySide(tmp_path, split, val_fraction=0.2, test_fraction=0.1).names for split in ("train", "val", "test")
    ]
    assert [len(part) for part in parts] == [14, 4, 2]
    assert SideBySide(tmp_path, "train").held_out == ("val", "test")
    assert set().union(*parts) == {f"sub/{number}" for number in range(20)}


def test_missing_folders_and_empty_splits(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"data\.root: no folder"):
        SideBySide(tmp_path / "nowhere", "train")
    with pytest.raises(ValueError, match=r"no pictures for the split 'train'; read are .*\.png"):
        SideBySide(tmp_path, "train")
    fill(tmp_path / "flat", 3)
    with pytest.raises(ValueError, match=r"raise data\.test_fraction"):
        SideBySide(tmp_path / "flat", "test")
    with pytest.raises(ValueError, match="no split is called 'dev'"):
        SideBySide(tmp_path, "dev")


def test_one_stem_twice_is_a_problem(tmp_path: Path) -> None:
    fill(tmp_path / "train", 2)
    panels(1, 2).convert("RGB").save(tmp_path / "train" / "1.bmp")
    source = SideBySide(tmp_path, "train", val_fraction=0)
    assert len(source) == 2
    assert [(Path(problem.file).name, problem.why) for problem in source.problems] == [
        ("1.png", "the same name as 1.bmp: which of them is meant?")
    ]


@pytest.mark.skipif(not FACADES.is_dir(), reason="the facades data are not here")
def test_facades() -> None:
    train = SideBySide(FACADES, "train", "b_to_a")
    assert (len(train), len(SideBySide(FACADES, "val"))) == (400, 100)
    pair = train[train.names.index("17")]
    photo = np.asarray(Image.open(FACADES / "train" / "17.jpg"))[:, :256].astype(int)
    assert np.abs(pair.target - photo).max() <= 2  # two JPEG decoders
    assert pair.source.shape == (256, 256, 3)


@pytest.mark.parametrize(("source", "target"), [("trainA", "trainB"), ("A", "B"), ("train/A", "train/B")])
def test_two_folders_of_pictures_are_no_files_of_pairs(tmp_path: Path, source: str, target: str) -> None:
    for side in (source, target):
        fill(tmp_path / side, 3)
    with pytest.raises(ValueError, match=rf"holds two folders of pictures, {source} and {target}, .* data=two_folders"):
        SideBySide(tmp_path, "train")


def test_files_of_pairs_beside_two_folders_are_read(tmp_path: Path) -> None:
    for folder in ("train", "trainA", "trainB", "A/train", "B/train"):
        fill(tmp_path / folder, 3)
    assert len(SideBySide(tmp_path, "train", val_fraction=0)) == 3
