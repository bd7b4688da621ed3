"""Pairs that cannot be used: an error that names them, or a replacement that is told."""

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.data.pairs import Pair, Problem
from pix2pix.data.reading import Readable
from pix2pix.data.sources.side_by_side import SideBySide
from pix2pix.data.sources.two_folders import TwoFolders
from pix2pix.errors import BadPairError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five files of pairs, of which 2 and 3 are cut off."""
    (tmp_path / "train").mkdir()
    rng = np.random.default_rng(0)
    for number in range(5):
        path = tmp_path / "train" / f"{number}.png"
        Image.fromarray(rng.integers(0, 256, (16, 32, 3), dtype=np.uint8)).save(path)
        if number in (2, 3):
            path.write_bytes(path.read_bytes()[:300])
    return tmp_path


def source_of(folder: Path) -> SideBySide:
    return SideBySide(folder, "train", val_fraction=0)


def test_error_names_the_file_and_what_to_type(folder: Path) -> None:
    readable = Readable(source_of(folder), "error")
    assert readable[1].name == "1"
    with pytest.raises(BadPairError, match=r"1 file of pairs.*\n.*train/2\.png: .*\n.*data\.on_bad=skip"):
        readable[2]


def test_skip_takes_the_next_good_pair_in_a_circle_and_tells(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "train" / "4.png").write_bytes(b"")
    readable = Readable(source_of(folder), "skip")
    pair, skipped = readable.use(2, lambda pair: pair)
    assert pair.name == "0"
    assert [Path(problem.file).name for problem in skipped] == ["2.png", "3.png", "4.png"]
    assert skipped[2].why == "is empty (0 bytes)"
    assert readable.problems == []  # a worker only tells; whoever trains notes
    with caplog.at_level(logging.WARNING):
        readable.note(skipped)
        readable.note(skipped)
    assert readable.problems == list(skipped)
    assert len(caplog.records) == 3
    assert readable[2].name == "0"
    assert readable.use(1, lambda pair: pair.name) == ("1", ())


def test_what_is_made_of_a_pair_may_refuse_it_too(folder: Path) -> None:
    def only_last(pair: Pair) -> str:
        if pair.name != "4":
            raise BadPairError(f"{pair.name}: not of this domain")
        return pair.name

    name, skipped = Readable(source_of(folder), "skip").use(0, only_last)
    assert name == "4"
    assert skipped[0] == Problem(str(folder / "train" / "0.png"), "not of this domain")


def test_nothing_usable(folder: Path) -> None:
    for path in (folder / "train").iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(BadPairError, match="none of the 5 pairs can be used"):
        Readable(source_of(folder), "skip")[0]


def test_two_sizes_are_a_bad_pair(tmp_path: Path) -> None:
    for side, size in (("A", (8, 6)), ("B", (8, 5))):
        (tmp_path / side).mkdir()
        Image.new("L", size).save(tmp_path / side / "x.png")
    with pytest.raises(BadPairError, match=r"A/x\.png and .*B/x\.png: the source is 8×6 .* and the target 8×5"):
        Readable(TwoFolders(tmp_path, "train"), "error")[0]


def test_listing_problems_are_one_error_that_names_ten(tmp_path: Path) -> None:
    for side, count in (("A", 14), ("B", 1)):
        (tmp_path / side).mkdir()
        for number in range(count):
            Image.new("L", (4, 4)).save(tmp_path / side / f"{number}.png")
    pairs = TwoFolders(tmp_path, "train")
    with pytest.raises(BadPairError) as caught:
        Readable(pairs, "error")
    lines = str(caught.value).splitlines()
    assert lines[0] == "13 files of pairs cannot be used:"
    assert len(lines) == 13
    assert lines[11] == "  and 3 more"
    assert "data.on_bad=skip" in lines[12]
    readable = Readable(pairs, "skip")
    assert (len(readable), len(readable.problems), list(readable.names)) == (1, 13, ["0"])


def test_what_is_typed_already_is_not_advised(folder: Path) -> None:
    for path in (folder / "train").iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(BadPairError) as caught:
        Readable(source_of(folder), "skip")[0]
    assert "none of the 5 pairs can be used" in str(caught.value)
    assert "on_bad" not in str(caught.value)
