"""Manifests: CSV and JSON lines, splits given and drawn, groups that stay whole."""

import json
import random
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.data.codecs import write_picture
from pix2pix.data.sources.manifest import Manifest, read_rows


def pictures(folder: Path, count: int) -> None:
    for side, value in (("mr", 1), ("ct", 2)):
        (folder / side).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.new("L", (6, 4), value * 10 + number).save(folder / side / f"{number}.png")


def rows_of(count: int, groups: int = 4) -> list[dict[str, str]]:
    return [
        {"source": f"mr/{number}.png", "target": f"ct/{number}.png", "group": f"patient{number % groups}"}
        for number in range(count)
    ]


def write_csv(path: Path, rows: list[dict[str, str]], delimiter: str = ",", encoding: str = "utf-8") -> None:
    columns = list(rows[0])
    lines = [delimiter.join(columns), *(delimiter.join(row[column] for column in columns) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding=encoding)


def names(folder: Path, split: str, **settings: object) -> list[str]:
    return list(Manifest(folder, split, **settings).names)  # type: ignore[arg-type]


@pytest.mark.parametrize(("delimiter", "encoding"), [(",", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-8")])
def test_csv(tmp_path: Path, delimiter: str, encoding: str) -> None:
    pictures(tmp_path, 3)
    write_csv(tmp_path / "pairs.csv", rows_of(3), delimiter, encoding)
    pairs = Manifest(tmp_path, "train", "b_to_a", val_fraction=0)
    assert pairs.names == ["mr/0", "mr/1", "mr/2"]
    assert (pairs[1].source[0, 0, 0], pairs[1].target[0, 0, 0]) == (21, 11)
    assert pairs.files(1) == (tmp_path / "mr/1.png", tmp_path / "ct/1.png")


def test_json_lines_give_the_same_as_csv(tmp_path: Path) -> None:
    pictures(tmp_path, 12)
    write_csv(tmp_path / "pairs.csv", rows_of(12))
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows_of(12))) + "\n\n")
    for split in ("train", "val"):
        assert names(tmp_path, split, file="pairs.jsonl") == names(tmp_path, split)


def test_groups_are_never_parted_and_order_does_not_matter(tmp_path: Path) -> None:
    pictures(tmp_path, 40)
    rows = rows_of(40, groups=10)
    write_csv(tmp_path / "pairs.csv", rows)
    splits = {split: names(tmp_path, split, val_fraction=0.2, test_fraction=0.3) for split in ("train", "val", "test")}
    assert {split: len(found) for split, found in splits.items()} == {"train": 20, "val": 8, "test": 12}
    patients = [{int(name.removeprefix("mr/")) % 10 for name in found} for found in splits.values()]
    assert sum(map(len, patients)) == len(set().union(*patients)) == 10
    random.Random(0).shuffle(rows)
    write_csv(tmp_path / "pairs.csv", rows)
    assert set(names(tmp_path, "val", val_fraction=0.2, test_fraction=0.3)) == set(splits["val"])


def test_splits_that_are_given(tmp_path: Path) -> None:
    pictures(tmp_path, 3)
    given = [row | {"split": split} for row, split in zip(rows_of(3), ("train", "Validation", "test"), strict=True)]
    write_csv(tmp_path / "pairs.csv", given)
    assert [names(tmp_path, split) for split in ("train", "val", "test")] == [["mr/0"], ["mr/1"], ["mr/2"]]


def test_val_is_held_out_of_train_by_group(tmp_path: Path) -> None:
    pictures(tmp_path, 20)
    write_csv(
        tmp_path / "pairs.csv",
        [row | {"split": "train" if number < 16 else "test"} for number, row in enumerate(rows_of(20))],
    )
    train, val, test = (set(names(tmp_path, split, val_fraction=0.25)) for split in ("train", "val", "test"))
    assert (len(train), len(val), len(test)) == (12, 4, 4)
    assert not train & val
    assert len({int(name.removeprefix("mr/")) % 4 for name in val}) == 1


def test_rows_that_cannot_be_used_are_problems(tmp_path: Path) -> None:
    pictures(tmp_path, 3)
    rows = [row | {"split": "train"} for row in rows_of(3)]
    rows[1] |= {"target": "ct/none.png"}
    rows[2] |= {"split": ""}
    rows.append({"source": "", "target": "ct/0.png", "group": "", "split": "train"})
    rows.append({"source": "mr/0.png", "target": "pairs.csv", "group": "", "split": "train"})
    write_csv(tmp_path / "pairs.csv", rows)
    pairs = Manifest(tmp_path, "train", val_fraction=0)
    assert pairs.names == ["mr/0"]
    found = [f"{problem.file}: {problem.why}" for problem in pairs.problems]
    assert len(found) == 4
    assert "ct/none.png: no such file (listed in" in found[0]
    assert "pairs.csv:4: no split, where other rows have one" in found[1]
    assert "pairs.csv:5: source or target is empty" in found[2]
    assert "no codec for its suffix" in found[3]


def test_one_source_with_two_targets_gets_two_names(tmp_path: Path) -> None:
    pictures(tmp_path, 2)
    write_csv(tmp_path / "pairs.csv", [{"source": "mr/0.png", "target": f"ct/{number}.png"} for number in range(2)])
    assert names(tmp_path, "train", val_fraction=0) == ["mr/0", "mr/0_row3"]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("pairs.csv", "source,to\n", "needs the columns source and target; found source, to"),
        ("pairs.csv", "source,target\n", "no pairs for the split 'train'; 0 usable rows"),
        ("pairs.jsonl", '{"source": 1}\n', "pairs.jsonl:1: needs an object with source and target"),
        ("pairs.jsonl", "{\n", "pairs.jsonl:1: is no line of JSON"),
        ("none.csv", None, "no manifest .*none.csv"),
    ],
)
def test_manifests_that_are_none(tmp_path: Path, file: str, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / file).write_text(text)
    with pytest.raises(ValueError, match=message):
        Manifest(tmp_path, "train", file=file)


def test_a_split_that_is_none(tmp_path: Path) -> None:
    pictures(tmp_path, 1)
    write_csv(tmp_path / "pairs.csv", [row | {"split": "dev"} for row in rows_of(1)])
    with pytest.raises(ValueError, match=r"pairs\.csv:2: 'dev' is no split"):
        Manifest(tmp_path, "train")


def test_a_row_that_is_there_twice_is_one_pair_and_told(tmp_path: Path) -> None:
    pairs = listed(tmp_path, "source,target", *(f"s{n}.png,t{n}.png" for n in range(9)), "./s3.png,t3.png")
    loaded = {split: Manifest(pairs, split, val_fraction=0.4).names for split in ("train", "val")}
    assert sorted([*loaded["train"], *loaded["val"]]) == [f"s{n}" for n in range(9)]
    (problem,) = Manifest(pairs, "train").problems
    assert problem.file.endswith("pairs.csv:11")
    assert problem.why == "the same pair as in row 5"


@pytest.mark.parametrize("seed", range(8))
def test_rows_that_share_a_picture_are_never_parted(tmp_path: Path, seed: int) -> None:
    """One source with two targets, and one target with two sources, chained: a, b and c are one group."""
    rows = ["s0.png,t0.png", "s0.png,t1.png", "s2.png,t1.png", *(f"s{n}.png,t{n}.png" for n in range(3, 9))]
    pairs = listed(tmp_path, "source,target", *rows)
    splits = [Manifest(pairs, split, val_fraction=0.5, seed=seed) for split in ("train", "val")]
    files = [{file for index in range(len(split)) for file in split.files(index)} for split in splits]
    assert not files[0] & files[1]
    assert sum(len(split) for split in splits) == 9


def test_a_picture_of_two_splits_is_told(tmp_path: Path) -> None:
    rows = ["s0.png,t0.png,train", "s1.png,t1.png,val", "s0.png,t2.png,val", "s1.png,t1.png,train"]
    pairs = listed(tmp_path, "source,target,split", *rows)
    source = Manifest(pairs, "val")
    assert source.names == ["s1"]
    assert [problem.why.replace(str(tmp_path.resolve()), "") for problem in source.problems] == [
        "/s0.png is in val here and in train in row 2",
        "the same pair as in row 3, there in val and here in train",
    ]


def listed(root: Path, *lines: str) -> Path:
    for number in range(9):
        for side in "st":
            write_picture(root / f"{side}{number}.png", np.zeros((4, 4, 3), np.uint8))
    (root / "pairs.csv").write_text("\n".join(lines))
    return root


def test_names_encoded_in_another_way_than_the_file_system_has_them(tmp_path: Path) -> None:
    for name in ("Käse.png", "Soße.png"):
        Image.new("L", (6, 4)).save(tmp_path / unicodedata.normalize("NFD", name))
    write_csv(tmp_path / "pairs.csv", [{"source": "Käse.png", "target": "Soße.png", "split": "train"}])
    pairs = Manifest(tmp_path, "train")
    assert (len(pairs), list(pairs.problems)) == (1, [])
    assert pairs[0].source.shape == (4, 6, 1)


def test_names_that_no_file_can_have_are_problems(tmp_path: Path) -> None:
    Image.new("L", (6, 4)).save(tmp_path / "a.png")
    names = ["nul\0.png", f"{'m' * 5000}.png", ".", "..", "/", "\ud800.png", "a.png"]
    rows = [{"source": name, "target": "a.png", "split": "train"} for name in names]
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    pairs = Manifest(tmp_path, "train", file="pairs.jsonl")
    assert (len(pairs), len(pairs.problems)) == (1, 6)


def test_no_row_takes_the_name_of_another(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "a_row4.png"):
        Image.new("L", (6, 4)).save(tmp_path / name)
    rows = [{"source": name, "target": name, "split": "train"} for name in ("a.png", "a_row4.png", "a.jpg")]
    write_csv(tmp_path / "pairs.csv", rows)
    assert [row.files[0].name for row in read_rows(tmp_path / "pairs.csv")[0].values()] == [
        "a.png",
        "a_row4.png",
        "a.jpg",
    ]
