"""Manifests: CSV and JSON lines, splits given and drawn, groups that stay whole."""

import json
import math
import random
import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.commands.data import main as data
from pix2pix.data.sources.manifest import Manifest, read_rows
from pix2pix.pictures.codecs import write_picture


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
    assert Manifest(tmp_path, "train").held_out == ()


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


def test_folders_as_windows_writes_them_are_told(tmp_path: Path) -> None:
    pictures(tmp_path, 1)
    write_csv(tmp_path / "pairs.csv", [row | {"source": row["source"].replace("/", "\\")} for row in rows_of(1)])
    with pytest.raises(ValueError, match=r"type / between folders, which all systems know"):
        Manifest(tmp_path, "train")


def test_a_split_that_is_none(tmp_path: Path) -> None:
    pictures(tmp_path, 1)
    write_csv(tmp_path / "pairs.csv", [row | {"split": "spare"} for row in rows_of(1)])
    with pytest.raises(ValueError, match=r"pairs\.csv:2: 'spare' is no split"):
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


DAMAGED = {  # file: its bytes; the line that is told, and what of it
    "open.csv": (b'source,target\na.png,a.png\n"a.png,a.png\na.png,a.png\n', 3, "the file ends within quotes"),
    "note.csv": (
        b'source,target,note\na.png,a.png,"\n' + b"a.png,a.png,x\n" * 20_000,
        2,
        "field larger than field limit",
    ),
    "large.csv": (b"source,target\na.png," + b"b" * 200_000 + b".png\n", 2, "field larger than field limit"),
    "zero.csv": (b"source,target\na.png,a\0.png\n", 2, "holds a zero byte"),
    "utf16.csv": ("source,target\na.png,a.png\n".encode("utf-16-le"), 1, "holds a zero byte"),
    "latin.csv": ("source,target\nä.png,a.png\n".encode("latin-1"), 2, "is not in UTF-8 (byte 0xe4)"),
    "latin.jsonl": ('\n{"source": "ä.png", "target": "a.png"}\n'.encode("latin-1"), 2, "is not in UTF-8 (byte 0xe4)"),
    "twice.csv": (b"source,Source ,target\na.png,b.png,a.png\n", 1, "has the column source twice"),
    "deep.jsonl": (b'{"source": "a.png", "target": "a.png"}\n' + b"[" * 100_000 + b"\n", 2, "is nested too deeply"),
    "deep_in.jsonl": (b'{"source": "a.png", "target": ' + b'{"a":' * 100_000 + b"\n", 1, "is nested too deeply"),
    "digits.jsonl": (b'{"source": "a.png", "target": "a.png", "group": ' + b"9" * 5000 + b"}\n", 1, "too long"),
    "cut.jsonl": (b'{"source": "a.png", "target": "a.png"}\n{"source": ', 2, "Expecting value, at character 12"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_manifest_is_told_with_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    content, line, told = DAMAGED[name]
    Image.new("L", (6, 4)).save(tmp_path / "a.png")
    (tmp_path / name).write_bytes(content)
    assert data(["check", str(tmp_path / name)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{tmp_path / name}:{line}: ")
    assert told in said
    assert len(said) < 400 + len(str(tmp_path))
    with pytest.raises(ValueError, match=re.escape(f"{name}:{line}: ")):
        Manifest(tmp_path, "train", file=name)


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("source", ["a.png"], "source is ['a.png']; expected a text"),
        ("target", 10**400, "target is 1000000000"),
        ("target", math.inf, "target is inf; expected a text"),
        ("group", "\ud800", "group is '\\ud800', with half a character"),
        ("group", {"a": 1}, "group is {'a': 1}; expected a text"),
        ("split", "\ud800", "split is '\\ud800', with half a character"),
        ("split", 3, "split is 3; expected a text"),
        ("source", "a\0.png", "source is 'a\\x00.png', with a zero byte"),
        ("source", "", "source or target is empty"),
    ],
)
def test_values_that_say_nothing_are_problems_of_their_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str, value: object, told: str
) -> None:
    pictures(tmp_path, 5)
    rows: list[dict[str, object]] = [{**row, "split": "train"} for row in rows_of(5)]
    rows[2][column] = value
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    pairs = Manifest(tmp_path, "train", file="pairs.jsonl", val_fraction=0.25)
    ((file, why),) = pairs.problems
    assert file == f"{tmp_path / 'pairs.jsonl'}:3"
    assert why.startswith(told)
    assert len(why) < 200
    assert len(pairs) == 3
    assert data(["check", str(tmp_path / "pairs.jsonl")]) == 0
    assert f"{file}: {told}" in capsys.readouterr().out


def test_lines_within_quotes_and_numbers_of_groups_are_read(tmp_path: Path) -> None:
    pictures(tmp_path, 2)
    (tmp_path / "pairs.csv").write_text(
        'note,source,target,group,note\n"two\nlines, and ""quotes""",mr/0.png,"ct/0.png",7,\n\n,mr/1.png,gone.png,8,"x"'
    )
    rows, ((_, why),) = read_rows(tmp_path / "pairs.csv")
    assert [row.group for row in rows.values()] == ["7"]
    assert why.endswith("pairs.csv:5)")  # the line in which the row begins
    (tmp_path / "pairs.jsonl").write_text('{"source": "mr/0.png", "target": "ct/0.png", "group": 7}')
    assert [row.group for row in read_rows(tmp_path / "pairs.jsonl")[0].values()] == ["7"]
