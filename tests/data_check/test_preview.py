"""`pix2pix data preview`: a sheet of what the network sees."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.commands.data import main
from pix2pix.data.derive import DERIVATIONS
from pix2pix.data.sources.scenes import Scenes
from pix2pix.data.transforms import PairTransform
from pix2pix.data_check.layouts import Layout, find_layout
from pix2pix.data_check.preview import preview
from pix2pix.pictures.codecs import write_picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six pairs: left the picture, right its inverse; one more that is broken."""
    (tmp_path / "train").mkdir()
    rng = np.random.default_rng(0)
    for number in range(6):
        picture = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(np.concatenate([picture, 255 - picture], axis=1)).save(tmp_path / "train" / f"{number}.png")
    (tmp_path / "train" / "7.png").write_bytes(b"broken")
    return tmp_path


def test_both_pictures_are_varied_alike(folder: Path) -> None:
    layout = Layout("side_by_side", folder, {"val_fraction": 0.0})
    shown, legend = preview(layout, PairTransform((32, 32)), count=5)
    assert legend == "a_to_b: rgb to rgb, 7 pairs in train"
    assert len({name for _, _, name in shown}) >= 4
    for source, target, _ in shown:
        assert source.shape == target.shape == (32, 32, 3)
        assert np.abs(source.astype(int) + target - 255).max() <= 2
    again, _ = preview(layout, PairTransform((32, 32)), count=5)
    assert all((first[0] == second[0]).all() for first, second in zip(shown, again, strict=True))
    turned, _ = preview(layout, PairTransform((32, 32)), count=5, direction="b_to_a")
    np.testing.assert_array_equal(turned[0][0], shown[0][1])


def test_sheet_is_written_and_never_over_another(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = folder / "sheet.png"
    words = ["preview", str(folder), "-o", str(sheet), "--count", "4", "--size", "24", "40"]
    assert main(words) == 0
    with Image.open(sheet) as image:
        assert image.width > 3 * 2 * 40
        assert image.height > 2 * 24
    before = sheet.read_bytes()
    assert main([*words, "--seed", "1"]) == 1
    assert "exists" in capsys.readouterr().out
    assert sheet.read_bytes() == before
    assert main([*words, "--seed", "1", "--force"]) == 0
    assert sheet.read_bytes() != before


@pytest.mark.parametrize("derive", [None, *DERIVATIONS])
def test_photos_alone_and_what_is_derived(tmp_path: Path, derive: str | None) -> None:
    scenes = Scenes("train", 4, (48, 48))
    for index in range(4):
        write_picture(tmp_path / f"{index}.png", scenes[index].target)
    layout = find_layout(tmp_path, derive=derive)
    assert layout is not None
    shown, legend = preview(layout, PairTransform((32, 32)), count=3)
    kinds = {"grey": "lab_l to lab_ab", "holes": "rgb to rgb", "downscale": "rgb to rgb"}
    assert legend == f"a_to_b: {kinds.get(derive or '', 'grey to rgb')}, 3 pairs in train"
    for source, target, _ in shown:
        assert source.shape == target.shape == (32, 32, 3)
        assert (source != target).any()
        if derive in (None, "edges"):
            assert np.unique(source).tolist() == [0, 255]


def test_mistakes_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["preview", str(folder), "-o", str(folder / "other.png")]
    assert main([*words, "--size", "1", "2", "3"]) == 1
    assert "--size takes a side" in capsys.readouterr().err
    assert main([*words, "--split", "test"]) == 1
    assert "no folder for the split 'test'" in capsys.readouterr().err
    assert main([*words, "--size", "24", "--output", str(folder / "sheet.xyz")]) == 1
    assert "sheet.xyz" in capsys.readouterr().err
    (folder / "empty").mkdir()
    assert main(["preview", str(folder / "empty"), "-o", str(folder / "other.png")]) == 1
    assert "no layout of pairs found" in capsys.readouterr().out
    assert not (folder / "other.png").exists()


@pytest.mark.parametrize("name", ["train/3.png", "train/7.png", "val/b.png", "link.png"])
def test_no_picture_of_the_data_is_replaced_by_the_sheet(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Of no split, whatever it is called, and broken ones neither: they are still somebody's."""
    (folder / "val").mkdir()
    (folder / "val" / "b.png").write_bytes((folder / "train" / "3.png").read_bytes())
    os.link(folder / "train" / "4.png", folder / "link.png")
    before = (folder / name).read_bytes()
    words = ["preview", str(folder), "-o", str(folder / name), "--force", "--count", "2", "--size", "24"]
    assert main(words) == 1
    assert f"{folder / name}: is a file of the data, and would be replaced" in capsys.readouterr().err
    assert (folder / name).read_bytes() == before


def test_a_sheet_that_cannot_be_written_is_named_and_leaves_the_one_before(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = folder / "sheet.jpg"
    sheet.write_bytes(b"before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        assert main(["preview", str(folder), "-o", str(sheet), "--force", "--count", "2", "--size", "24"]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert f"{sheet}: File too large" in capsys.readouterr().err
    assert sheet.read_bytes() == b"before"
    assert sorted(path.name for path in folder.iterdir()) == ["sheet.jpg", "train"]
