"""`pix2pix data preview`: a sheet of what the network sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.data.__main__ import main
from pix2pix.data.codecs import write_picture
from pix2pix.data.derive import DERIVATIONS
from pix2pix.data.sources.scenes import Scenes
from pix2pix.data.tools.layouts import Layout, find_layout
from pix2pix.data.tools.preview import preview
from pix2pix.data.transforms import PairTransform


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
