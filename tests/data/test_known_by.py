"""What pairs are known by: the same wherever they lie, and another where a file is."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pix2pix.data.cache import CachedPairs
from pix2pix.data.known_by import READ, known_by, replaced
from pix2pix.data.pairs import Pair
from pix2pix.data.sources.two_folders import TwoFolders
from pix2pix.pictures.codecs import write_picture

COUNT = 3 * READ
LAST = f"{COUNT - 1:02d}.npy"  # one of those that are not read


class Named:
    """Pairs that lie in no file."""

    def __init__(self, *names: str) -> None:
        self.names: Sequence[str] = names

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Pair:
        raise NotImplementedError


def test_names_wherever_they_are() -> None:
    def known(*names: str) -> dict[str, Any]:
        return known_by(Named(*names))

    composed, decomposed = unicodedata.normalize("NFC", "straße/haus ä"), unicodedata.normalize("NFD", "straße/haus ä")
    assert composed != decomposed
    assert known("a", composed) == known(decomposed, "a") == known("a", decomposed)
    assert known("a", "b") != known("a", "c")
    assert known("a", "b") != known("a", "b", "c")
    assert known("a", "bc") != known("ab", "c")
    assert known("\udcff") != known("\udcfe")  # a name that is no UTF-8
    assert known("a")["count"] == 1
    assert list(known("a")) == ["count", "names"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two folders of pictures of numbers, all of one size in bytes."""
    for split, count in (("train", COUNT), ("val", 1)):
        for side in "AB":
            (tmp_path / "pairs" / split / side).mkdir(parents=True)
            for index in range(count):
                numbers = np.full((4, 4), index, np.float32)
                write_picture(tmp_path / "pairs" / split / side / f"{index:02d}.npy", numbers)
    return tmp_path / "pairs"


def known_in(folder: Path) -> dict[str, Any]:
    return known_by(TwoFolders(folder, "train"))


def write_larger(file: Path) -> None:
    write_picture(file, np.zeros((5, 4), np.float32))


def write_alike(file: Path) -> None:
    write_picture(file, np.full((4, 4), -1, np.float32))


def swap_sizes(file: Path) -> None:
    write_picture(file, np.zeros((5, 4), np.float32))
    write_picture(file.with_name("01.npy"), np.zeros((3, 4), np.float32))


@pytest.mark.parametrize(
    ("change", "name", "found"),
    [
        (write_larger, LAST, f"of {2 * COUNT * 192 + 16} bytes in all and not {2 * COUNT * 192}"),
        (swap_sizes, LAST, "of other sizes"),
        (write_alike, "00.npy", "of the same sizes and other contents"),
        (write_alike, LAST, None),  # a few are read
    ],
)
def test_files_that_were_replaced(folder: Path, change: Callable[[Path], None], name: str, found: str | None) -> None:
    before = known_in(folder)
    change(folder / "train" / "B" / name)
    after = known_in(folder)
    assert {key: before[key] for key in ("count", "names")} == {key: after[key] for key in ("count", "names")}
    assert replaced(before, after) == found


def test_the_same_files_elsewhere_are_the_same(folder: Path, tmp_path: Path) -> None:
    before = known_in(folder)
    shutil.copytree(folder, tmp_path / "copied")
    assert known_in(tmp_path / "copied") == before
    assert known_by(CachedPairs(TwoFolders(folder, "train"), 1)) == before
    assert replaced(before, before) is None


def test_what_an_earlier_version_recorded_says_nothing_of_files(folder: Path) -> None:
    now = known_in(folder)
    before = {name: now[name] for name in ("count", "names")}
    assert replaced(before, now) is None
    assert replaced(now, before) is None


def test_a_file_that_is_gone_is_told_where_it_is_read(folder: Path) -> None:
    pairs = TwoFolders(folder, "train")
    before = known_by(pairs)
    (folder / "train" / "A" / "00.npy").unlink()
    assert replaced(before, known_by(pairs)) is not None
