"""Names of files that lead out, collide or are no text: through the command, with every source as it was."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from tests.evaluation.untrained_runs import change_record, pairs_folder, untrained

from pix2pix.commands.translate import main
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import read_picture, write_picture


def _picture(value: int) -> Array:
    return np.random.default_rng(value).integers(0, 256, (16, 16, 3), dtype=np.uint8)


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of a manifest with hostile names, from data/sub/; everything else of value lies beside and above it."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "data" / "sub"
    (root / "a").mkdir(parents=True)
    (root / "link").symlink_to(tmp_path / "data" / "linked")
    (tmp_path / "data" / "linked").mkdir()
    names = [
        f"{tmp_path}/data/absolute.png",
        "../above.png",
        "a/../../b.png",
        "../b.jpg",
        "link/c.png",
        "./d.png",
        "C:\\x.png",
        "e.png",
        "e.jpg",
        "E.png",
        "trailing. .png",
        "look\u2215alike.png",
        f"{'l' * 240}.png",
        os.fsdecode(b"caf\xe9.png"),
    ]
    for value, name in enumerate(names):
        write_picture(root / name, _picture(value))
        write_picture(root / f"target_{value}.png", _picture(100 + value))
    for value in range(2):
        write_picture(root / f"train_{value}.png", _picture(200 + value))
    refused = ["", ".", "..", "nul\0.png", f"{'m' * 5000}.png"]
    rows = [
        *({"source": name, "target": f"target_{value}.png", "split": "val"} for value, name in enumerate(names)),
        {"source": "train_0.png", "target": "train_1.png", "split": "train"},
    ]
    manifest = root / "pairs.jsonl"
    manifest.write_text("\n".join(map(json.dumps, rows)))
    made = untrained(tmp_path / "run", "data=manifest", f"data.root={root}", "data.file=pairs.jsonl")
    bad = [{"source": name, "target": "target_0.png", "split": "val"} for name in refused]
    manifest.write_text("\n".join(map(json.dumps, [*rows, *bad])))
    change_record(made, on_bad="skip")
    return made


def test_a_split_of_hostile_names_writes_below_the_output_alone(run: Path, tmp_path: Path) -> None:
    before = _digests(tmp_path)
    for more in ((), ("--overwrite",), ("--skip-existing",)):
        assert main(["run", "--split", "val", "-o", "deep/out", *more]) == 0
        after = _digests(tmp_path)
        made = set(after) - set(before)
        assert len(made) == 14  # of 14 rows a result each, none merged; the five others are no files
        assert all(os.path.realpath(each).startswith(f"{os.path.realpath('deep/out')}/") for each in made)
        assert before.items() <= after.items()


def test_a_split_replaces_no_picture_of_the_data(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _digests(tmp_path)
    for folder in ("data/sub", "data"):
        assert main(["run", "--split", "val", "-o", folder, "--overwrite"]) == 2
        said = capsys.readouterr().err
        assert "is an input" in said or "outside of" in said
    assert _digests(tmp_path) == before


def test_another_split_is_not_replaced_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pairs = pairs_folder(tmp_path / "pairs", train=2, val=2)
    untrained(tmp_path / "run", "data=side_by_side", f"data.root={pairs}")
    before = _digests(pairs)
    assert main(["run", "--split", "val", "-o", "pairs/train", "--overwrite"]) == 2  # names of both are 0 and 1
    assert _digests(pairs) == before


def test_links_and_patterns_that_lead_out_of_the_output(run: Path, tmp_path: Path) -> None:
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    write_picture(tmp_path / "photos" / "sub" / "1.png", _picture(0))
    write_picture(tmp_path / "2.png", _picture(1))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path / "elsewhere")
    before = _digests(tmp_path)
    assert main(["run", "photos", "-o", "out", "--overwrite"]) == 2
    assert _digests(tmp_path) == before
    assert main(["run", "photos/s*/../../2.png", "-o", "photos/sub/out"]) == 0
    assert set(_digests(tmp_path)) - set(before) == {str(tmp_path / "photos/sub/out/sub/2.png")}
    # A link in place of a result is replaced, and what it leads to stays.
    (tmp_path / "out" / "sub").unlink()
    (tmp_path / "out" / "sub").mkdir()
    (tmp_path / "out" / "sub" / "1.png").symlink_to(tmp_path / "2.png")
    assert main(["run", "photos", "-o", "out"]) == 2
    assert main(["run", "photos/sub/1.png", "-o", "out/sub/1.png", "--overwrite"]) == 0
    assert before.items() <= _digests(tmp_path).items()
    assert not (tmp_path / "out" / "sub" / "1.png").is_symlink()


def test_two_names_that_a_file_system_takes_for_one(run: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for name in ("a.png", "A.png"):
        write_picture(tmp_path / "photos" / name, _picture(0))
    assert main(["run", "photos", "-o", "out"]) == 0
    assert sorted(os.listdir("out")) == ["A.png", "a.png"]
    (tmp_path / "out" / "A.png").unlink()
    os.link(tmp_path / "out" / "a.png", tmp_path / "out" / "A.png")  # as it looks where upper and lower case are one
    assert main(["run", "photos", "-o", "out", "--overwrite"]) == 2


def test_names_that_are_no_text_are_translated(run: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    names = [os.fsdecode(f"caf\xe9{number}.png".encode("latin-1")) for number in range(3)]
    for number, name in enumerate(names):
        write_picture(tmp_path / "photos" / name, _picture(number))
    assert main(["run", "photos", "-o", "out"]) == 0
    assert sorted(os.listdir("out")) == sorted(names)
    assert read_picture(tmp_path / "out" / names[0]).shape == (16, 16, 3)
