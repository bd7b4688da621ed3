"""Two folders of one name each: the usual layouts, suffixes that differ, missing partners."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pix2pix.data.sources.folders import list_pictures, natural
from pix2pix.data.sources.two_folders import TwoFolders


def fill(folder: Path, value: int, names: list[str], suffix: str = ".png") -> None:
    for name in names:
        path = folder / f"{name}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (6, 4), value).save(path)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("train/A", "train/B"),
        ("A/train", "B/train"),
        ("trainA", "trainB"),
        ("train_A", "train_B"),
        ("source/train", "target/train"),
        ("train/input", "train/output"),
    ],
)
def test_usual_layouts_are_found(tmp_path: Path, first: str, second: str) -> None:
    fill(tmp_path / first, 1, ["x", "sub/y"])
    fill(tmp_path / second, 2, ["x", "sub/y"], ".bmp")
    pairs = TwoFolders(tmp_path, "train", val_fraction=0)
    assert pairs.names == ["sub/y", "x"]
    assert not pairs.problems
    assert [(int(pair.source[0, 0, 0]), int(pair.target[0, 0, 0])) for pair in (pairs[0], pairs[1])] == [(1, 2)] * 2
    assert TwoFolders(tmp_path, "train", "b_to_a", val_fraction=0)[0].source[0, 0, 0] == 2


@pytest.mark.parametrize(("first", "second"), [("A", "B"), ("source", "target"), ("input", "output")])
def test_flat_folders_are_parted_at_random(tmp_path: Path, first: str, second: str) -> None:
    names = [f"{number}" for number in range(10)]
    fill(tmp_path / first, 1, names)
    fill(tmp_path / second, 2, names)
    parts = [
        TwoFolders(tmp_path, split, val_fraction=0.2, test_fraction=0.3).names for split in ("train", "val", "test")
    ]
    assert [len(part) for part in parts] == [5, 2, 3]
    assert sorted((name for part in parts for name in part), key=int) == names


def test_explicit_folders(tmp_path: Path) -> None:
    fill(tmp_path / "mr" / "val", 1, ["x"])
    fill(tmp_path / "ct" / "val", 2, ["x"])
    pairs = TwoFolders(tmp_path, "val", source_folder="mr/{split}", target_folder="ct/{split}")
    assert (pairs[0].source[0, 0, 0], pairs[0].target[0, 0, 0]) == (1, 2)
    assert TwoFolders(tmp_path, "train", source_folder="mr", target_folder="ct", val_fraction=0).names == ["val/x"]


def test_explicit_folders_must_agree(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give both, or neither"):
        TwoFolders(tmp_path, "train", source_folder="mr")
    with pytest.raises(ValueError, match=r"either both or neither must hold \{split\}"):
        TwoFolders(tmp_path, "train", source_folder="mr", target_folder="ct/{split}")
    with pytest.raises(ValueError, match=r"no folder .*mr"):
        TwoFolders(tmp_path, "train", source_folder="mr", target_folder="ct")


def test_partners_that_are_missing_and_stems_that_repeat(tmp_path: Path) -> None:
    fill(tmp_path / "trainA", 1, ["x", "y", "z"])
    fill(tmp_path / "trainB", 2, ["x", "z", "w"])
    fill(tmp_path / "trainA", 3, ["x"], ".bmp")
    pairs = TwoFolders(tmp_path, "train", val_fraction=0)
    assert pairs.names == ["x", "z"]
    assert {Path(problem.file).name: problem.why for problem in pairs.problems} == {
        "x.png": "the same name as x.bmp: which of them is meant?",
        "y.png": f"no partner called 'y' (any suffix) in {tmp_path / 'trainB'}",
        "w.png": f"no partner called 'w' (any suffix) in {tmp_path / 'trainA'}",
    }


def test_nothing_pairs_up(tmp_path: Path) -> None:
    fill(tmp_path / "A", 1, ["x"])
    fill(tmp_path / "B", 2, ["y"])
    with pytest.raises(ValueError, match=r"no pair for the split .train.; 2 files left over, the first .*x\.png"):
        TwoFolders(tmp_path, "train")


def test_no_layout_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(
        ValueError, match=r"no two folders of pairs; looked for train/A.*folders found: photos\. Others"
    ):
        TwoFolders(tmp_path, "train")


def test_channels_and_depth_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "A").mkdir()
    (tmp_path / "B").mkdir()
    rng = np.random.default_rng(0)
    many = rng.normal(size=(5, 7, 13)).astype(np.float32)
    deep = rng.integers(0, 65536, (5, 7), dtype=np.uint16)
    np.save(tmp_path / "A" / "x.npy", many)
    Image.fromarray(deep).save(tmp_path / "B" / "x.png")
    pair = TwoFolders(tmp_path, "train")[0]
    np.testing.assert_array_equal(pair.source, many)
    np.testing.assert_array_equal(pair.target[:, :, 0], deep)


def test_names_that_count_alike_have_one_order() -> None:
    """Else ranks and resumed runs, which are processes of their own, would mean other pairs by one index."""
    names = ["x3", "x03", "1", "01", "001", "frame10", "frame2"]
    orders = {tuple(sorted(order, key=natural)) for order in (names, names[::-1], names[3:] + names[:3])}
    assert orders == {("frame2", "frame10", "x03", "x3", "001", "01", "1")}


def test_a_link_that_leads_back_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "1.png").write_bytes(b"")
    (tmp_path / "sub" / "back").symlink_to(tmp_path)
    assert list(list_pictures(tmp_path)[0]) == ["sub/1"]


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"absent: cannot be read: No such file"):
        list_pictures(tmp_path / "absent")


def test_folders_of_any_names_are_looked_for_in_the_usual_places(tmp_path: Path) -> None:
    for place in ("inside/SIDE/train", "around/train/SIDE", "flat/SIDE"):
        for side, value in (("BF", 1), ("DAPI", 2)):
            fill(tmp_path / place.replace("SIDE", side), value, ["x", "y"])
    for root in ("inside", "around", "flat"):
        pairs, held_out = (TwoFolders(tmp_path / root, split, folders=("BF", "DAPI")) for split in ("train", "val"))
        assert (pairs[0].source[0, 0, 0], pairs[0].target[0, 0, 0]) == (1, 2)
        assert sorted([*pairs.names, *held_out.names]) == ["x", "y"]


def test_patterns_tell_the_files_of_a_pair_apart(tmp_path: Path) -> None:
    fill(tmp_path, 1, ["cat", "dog_2", "alone"])
    fill(tmp_path, 2, ["cat_mask", "dog_2_mask"])
    pairs = TwoFolders(tmp_path, "train", val_fraction=0, patterns=("*", "*_mask"))
    assert pairs.names == ["cat", "dog_2"]
    assert [(pair.source[0, 0, 0], pair.target[0, 0, 0]) for pair in (pairs[0], pairs[1])] == [(1, 2), (1, 2)]
    assert [(Path(file).name, why) for file, why in pairs.problems] == [
        ("alone.png", f"no partner called 'alone_mask' in {tmp_path}")
    ]


def test_what_stands_for_several_stars_is_the_same_on_both_sides(tmp_path: Path) -> None:
    fill(tmp_path / "s1" / "a", 1, ["s1_T1", "s2_T1"])
    fill(tmp_path / "s1" / "b", 2, ["s1_T2"])
    fill(tmp_path / "s2" / "b", 2, ["s1_T2"])
    pairs = TwoFolders(tmp_path, "train", val_fraction=0, patterns=("*/a/*_T1", "*/b/*_T2"))
    assert pairs.names == ["s1/s1"]


def test_capitals_and_zeros_are_passed_over_where_no_other_could_be_meant(tmp_path: Path) -> None:
    fill(tmp_path / "A", 1, ["Img1", "Img2", "img3", "x07", "x7"])
    fill(tmp_path / "B", 2, ["img001", "IMG2", "img3", "x007"])
    pairs = TwoFolders(tmp_path, "train", val_fraction=0)
    assert pairs.names == ["Img1", "Img2", "img3"]
    assert {Path(file).name for file, _ in pairs.problems} == {"x07.png", "x7.png", "x007.png"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"folders": ("A",)}, r"data\.folders: found \('A',\); expected two"),
        ({"patterns": ("*_a", "*_a")}, r"data\.patterns: found .*expected two, one a side"),
        ({"folders": ("A", "B"), "source_folder": "A"}, "give one of the two"),
        ({"folders": ("{split}", "B")}, "either both or neither must hold"),
        ({"folders": ("nowhere", "B")}, "no folder .*nowhere"),
    ],
)
def test_folders_and_patterns_that_cannot_be(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    fill(tmp_path / "A", 1, ["x"])
    fill(tmp_path / "B", 2, ["x"])
    with pytest.raises(ValueError, match=said):
        TwoFolders(tmp_path, "train", **given)
