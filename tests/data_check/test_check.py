"""`pix2pix data check`: layouts found, faults listed, and a last line that is right."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from omegaconf import OmegaConf
from PIL import Image

from pix2pix.build.assembly import make_data
from pix2pix.commands.data import main
from pix2pix.data.derive import DERIVATIONS
from pix2pix.data.domains import Domain, Grey, Labels, Raw, Rgb
from pix2pix.data.resize import resize
from pix2pix.data.sources.scenes import Scenes
from pix2pix.data_check.layouts import find_layout
from pix2pix.data_check.suggestions import domain_setting, suggest_direction, suggest_domain, suggest_size
from pix2pix.hints import value_of
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import write_picture
from pix2pix.pictures.meaning import Meaning, marked
from pix2pix.settings.compose import check as compose_check

RNG = np.random.default_rng(0)


def photo(height: int = 16, width: int = 16, channels: int = 3) -> Array:
    return RNG.integers(0, 256, (height, width, channels), dtype=np.uint8)


def labels(height: int = 16, width: int = 16) -> Array:
    palette = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
    classes = np.kron(RNG.integers(0, 3, (2, 2)), np.ones((height // 2, width // 2), int))
    classes[0, :3] = 0, 1, 2
    picture: Array = palette[classes]
    return picture


def side_by_side(folder: Path, count: int = 4) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.fromarray(np.concatenate([photo(), labels()], axis=1)).save(folder / f"{number}.png")
    return folder


def checked(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> tuple[str, list[str]]:
    """What the tool printed, and the words of its last line."""
    assert main(["check", *map(str, words)]) == status
    printed = capsys.readouterr().out
    return printed, shlex.split(printed.splitlines()[-1])


def test_side_by_side_labels_to_photo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    side_by_side(tmp_path / "train")
    side_by_side(tmp_path / "test", 2)
    printed, words = checked(capsys, tmp_path)
    assert "pairs      train 3, val 1, test 2" in printed
    assert "wrong      nothing found" in printed
    assert words == [
        *(
            "pix2pix",
            "train",
            "experiment=pairs",
            "data=side_by_side",
            f"data.root={tmp_path}",
            "data.direction=b_to_a",
        ),
        "data.source={kind:labels,palette:[[0,0,0],[0,0,255],[255,0,0]]}",
    ]
    printed, words = checked(capsys, tmp_path, "--direction", "a_to_b")
    assert words[5:] == ["data.direction=a_to_b", "data.target={kind:labels,palette:[[0,0,0],[0,0,255],[255,0,0]]}"]


def test_drawings_of_a_film_are_not_mirrored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    side_by_side(tmp_path / "train")
    (tmp_path / "driver.json").write_text("{}")
    printed, words = checked(capsys, tmp_path)
    assert "no mirroring, no jitter" in printed
    assert {"data.mirror=False", "data.jitter=1"} <= set(words)


def test_faults_are_listed_and_the_line_skips_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    side_by_side(tmp_path / "train", 6)
    (tmp_path / "train" / "1.png").write_bytes(b"")
    Image.fromarray(photo(16, 33)).save(tmp_path / "train" / "2.png")
    printed, words = checked(capsys, tmp_path)
    assert "2 of the files" in printed
    assert "train/1.png: is empty" in printed
    assert "train/2.png: 33 pixels wide, which 2 panels do not divide" in printed
    assert words[-1] == "data.on_bad=skip"


def test_two_folders_of_science(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        for side in ("source", "target"):
            (tmp_path / side).mkdir(exist_ok=True)
        write_picture(tmp_path / "source" / f"{number}.png", RNG.integers(0, 65536, (20, 26, 3), dtype=np.uint16))
        depth = RNG.normal(size=(20, 26, 1)).astype(np.float32)
        depth[3, 4] = -9999
        depth[5, :13] = np.nan
        depth[6, 7] = 12.5
        write_picture(tmp_path / "target" / f"{number}.tif", depth)
    write_picture(tmp_path / "target" / "alone.tif", depth)
    write_picture(tmp_path / "target" / "2.tif", depth[:10])
    printed, words = checked(capsys, tmp_path)
    assert "two folders, source and target" in printed
    assert "26×20 (width×height); 3 channels of uint16" in printed
    assert "values: -9999 to 12.5; 2.5 % are NaN" in printed
    assert "alone.tif: no partner called 'alone'" in printed
    assert "the source is 26×20 pixels (width×height) and the target 26×10" in printed
    assert words[3:] == [
        *("data=two_folders", f"data.root={tmp_path}", "data.direction=a_to_b", "data.source={kind:rgb,bits:16}"),
        *("data.target={kind:raw,nodata:-9999.0}", "data.size=[20,26]", "generator.depth=4"),
        *("discriminator.receptive_field=16", "data.on_bad=skip"),
    ]


def test_a_manifest_and_groups_in_two_splits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(4):
        Image.fromarray(photo()).save(tmp_path / f"{number}.png")
    rows = ["source,target,split,group", "0.png,1.png,train,p", "2.png,3.png,val,p", "1.png,0.png,train,q"]
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    for root in (tmp_path, tmp_path / "manifest.csv"):
        printed, words = checked(capsys, root)
        assert "groups in several splits, which makes scores too good: p" in printed
        assert words[3:] == [
            "data=manifest",
            f"data.root={tmp_path}",
            "data.direction=a_to_b",
            "data.file=manifest.csv",
        ]


def test_nothing_found_says_what_was_looked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "papers").mkdir()
    printed, _ = checked(capsys, tmp_path, status=1)
    assert "no layout of pairs found. In it: papers/." in printed
    assert "trainA and trainB" in printed
    printed, _ = checked(capsys, tmp_path / "nowhere", status=1)
    assert "no such folder" in printed
    assert main(["check", str(tmp_path), "--layout", "two_folders"]) == 1
    assert "no two folders of pairs" in capsys.readouterr().err


def test_only_bad_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    printed, _ = checked(capsys, tmp_path, status=1)
    assert "No pair can be used" in printed


def test_limit_reads_a_few(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    side_by_side(tmp_path / "train", 9)
    printed, _ = checked(capsys, tmp_path, "--limit", 2)
    assert "3 of them read (--limit)" in printed  # two to train, and the one to validate


def test_three_panels_are_seen(tmp_path: Path) -> None:
    Image.fromarray(photo(8, 24)).save(tmp_path / "x.png")
    layout = find_layout(tmp_path)
    assert layout is not None
    assert layout.settings == {"panels": 3}


@pytest.mark.parametrize(
    ("picture", "domain"),
    [
        (photo(), Rgb()),
        (photo(channels=1), Grey()),
        (marked(photo(channels=4), Meaning(alpha=True)), Rgb()),
        (marked(photo(channels=2), Meaning(alpha=True)), Grey()),
        (photo(channels=4), Raw(4, dtype="uint8")),
        (photo(channels=2).astype(np.uint16) * 257, Raw(2, dtype="uint16")),
        (marked(photo(), Meaning(colour=False)), Raw(3, dtype="uint8")),
        (marked(photo(), Meaning(colour=False, pages="I")), Raw(3, dtype="uint8")),
        (np.repeat(photo(channels=1), 3, axis=2), Grey()),
        (np.kron(np.arange(4).reshape(2, 2, 1), np.ones((8, 8, 1))).astype(np.uint8), Labels(classes=4)),
        (photo(channels=1) % 40, Grey()),  # few values, but nothing has areas: a dark photo
        (labels(), Labels(((0, 0, 0), (0, 0, 255), (255, 0, 0)))),
        (photo(channels=5), Raw(5, dtype="uint8")),
        (photo().astype(np.uint16) * 257, Rgb(16)),
        (photo(channels=1).astype(np.uint16) * 257, Grey(16)),
        (photo(channels=1).astype(np.uint16) * 16, Raw(1, dtype="uint16")),  # 12 bits
        (photo(channels=2).astype(np.float64), Raw(2)),
        ((photo(channels=1) // 8).astype(np.int16) + np.int16(-32768), Raw(1, nodata=-32768.0, dtype="int16")),
    ],
)
def test_suggested_domains_can_read_the_pictures(picture: Array, domain: Domain) -> None:
    assert suggest_domain([picture, picture]) == domain
    if domain.kind != "raw":
        assert domain.prepare(picture, "x").changed == 0


def two_folders(root: Path, write: Callable[[Path], object]) -> Path:
    for split in ("train", "val"):
        for side in "AB":
            (root / split / side).mkdir(parents=True)
            for number in range(3):
                write(root / split / side / f"{number}.tif")
    return root


@pytest.mark.parametrize("axes", ["samples", "CYX", "pages", "unnamed"])
def test_both_stains_reach_the_network(tmp_path: Path, capsys: pytest.CaptureFixture[str], axes: str) -> None:
    stains = RNG.integers(0, 65536, (16, 16, 2), dtype=np.uint16)
    stains[0, 0], stains[0, 1] = 0, 65535
    planes = np.moveaxis(stains, 2, 0).copy()
    kinds: dict[str, dict[str, Any]] = {"CYX": {"metadata": {"axes": "CYX"}}, "pages": {"metadata": None}}

    def write(path: Path) -> None:
        if axes == "samples":
            tifffile.imwrite(path, stains, photometric="minisblack", planarconfig="contig")
        else:
            tifffile.imwrite(path, planes, photometric="minisblack", **kinds.get(axes, {}))

    printed, words = checked(capsys, two_folders(tmp_path, write))
    assert "wrong      nothing found" in printed
    assert f"2 {'channels' if axes in ('samples', 'CYX') else 'pages'} of uint16" in printed
    assert "data.source={kind:raw,channels:2,dtype:uint16}" in words
    settings, _ = compose_check([word for word in words[2:] if not word.startswith("data.jitter")])
    data = make_data(settings)
    data.setup("fit")
    sample = data.sample("val", 0)
    assert sample.source.shape[0] == sample.target.shape[0] == 2
    resized = resize(stains, (256, 256), "bicubic").astype(np.float64)
    np.testing.assert_allclose(sample.source.numpy(), np.moveaxis(resized / 32767.5 - 1, 2, 0), atol=1e-4)


def test_alpha_is_told_and_slices_are_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def write(path: Path) -> None:
        if path.parent.name == "A":
            tifffile.imwrite(path, photo(channels=4), photometric="rgb", extrasamples=["unassalpha"])
        else:
            tifffile.imwrite(path, np.stack([photo(channels=1)[:, :, 0]] * 3), photometric="minisblack", metadata=axes)

    axes: dict[str, Any] = {"axes": "ZYX"}
    printed, _ = checked(capsys, two_folders(tmp_path / "slices", write), status=1)
    assert "0.tif: holds axes ZYX of lengths (3, 16, 16); expected one picture" in printed
    axes = {"axes": "CYX"}
    printed, words = checked(capsys, two_folders(tmp_path / "channels", write))
    assert "3 channels and alpha of uint8" in printed
    assert not [word for word in words if word.startswith("data.source")]
    assert "data.target={kind:raw,channels:3,dtype:uint8}" in words


def test_pictures_of_kinds_that_are_not_read_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    side_by_side(tmp_path / "train")
    for number in range(3):
        (tmp_path / "train" / f"IMG_{number}.AVIF").write_bytes(b"")
    (tmp_path / "train" / "film.gif").write_bytes(b"")
    printed, _ = checked(capsys, tmp_path)
    assert "left out   3 .avif, 1 .gif: not read here" in printed
    for file in (tmp_path / "train").glob("*.png"):
        file.unlink()
    assert main(["check", str(tmp_path)]) == 1
    assert "There are 3 .avif, 1 .gif: not read here" in capsys.readouterr().out


def test_suggested_direction() -> None:
    assert suggest_direction([photo()], [labels()]) == "b_to_a"
    assert suggest_direction([labels()], [photo()]) == "a_to_b"
    assert suggest_direction([photo()], [labels().astype(np.float32)]) == "a_to_b"


def test_suggested_size_keeps_the_shape() -> None:
    assert suggest_size(300, 300) is None
    assert suggest_size(200, 264) == (200, 264)
    assert suggest_size(1024, 2048) == (256, 512)


def test_settings_read_back_through_hydras_grammar() -> None:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    for value in (
        "/a b/c,d",
        "it's",
        "x=1",
        "{split}/A",
        "/tmp/Bilder_ü",
        "日本",
        "back\\sl/ash",
        "a;b!c<d`e^f&g",
        "null",
        "1e3",
        "plain/path_1.2",
        [1, 2],
        {"kind": "raw", "range": [[0, 1.5], [-1, 1]], "unit": None},
    ):
        override = OverridesParser.create().parse_override(f"data.x={value_of(value)}")
        assert OmegaConf.create({"x": override.value()}) == OmegaConf.create({"x": value})
    assert domain_setting(Rgb()) == "rgb"
    assert domain_setting(Grey(16)) == {"kind": "grey", "bits": 16}


def photos_alone(folder: Path, height: int, width: int, count: int = 5) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    scenes = Scenes("train", count, (height, width))
    for index in range(count):
        write_picture(folder / f"{index}.png", scenes[index].target)
    return folder


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 96), (96, 64), (60, 100)])
def test_photos_alone(tmp_path: Path, height: int, width: int, capsys: pytest.CaptureFixture[str]) -> None:
    photos_alone(tmp_path, height, width)
    printed, words = checked(capsys, tmp_path)
    assert "photos alone, one a file, of which the source can be made" in printed
    assert "pairs      train 4, val 1" in printed
    assert all(f"data.derive={derive} " in printed for derive in DERIVATIONS)
    assert "--layout side_by_side" in printed
    assert words[:6] == [
        *("pix2pix", "train", "experiment=pairs", "data=derived", f"data.root={tmp_path}", "data.derive=edges")
    ]
    assert (f"data.size=[{height},{width}]" in words) == (height != width)
    compose_check(words[2:])


@pytest.mark.parametrize("derive", DERIVATIONS)
def test_what_is_derived_is_asked_for(tmp_path: Path, derive: str, capsys: pytest.CaptureFixture[str]) -> None:
    photos_alone(tmp_path, 32, 32)
    printed, words = checked(capsys, tmp_path, "--derive", derive)
    assert words[5] == f"data.derive={derive}"
    assert "--layout side_by_side" not in printed
    for file in tmp_path.iterdir():
        deep = np.repeat(np.repeat(RNG.integers(0, 65536, (8, 8, 3), dtype=np.uint16), 4, axis=0), 4, axis=1)
        write_picture(file, deep)
    _, words = checked(capsys, tmp_path, "--derive", derive)
    deep_sides = {"edges": ["target"], "grey": [], "holes": ["source", "target"], "downscale": ["source", "target"]}
    domains = [word for word in words if "bits" in word]
    assert domains == [f"data.{side}={{kind:rgb,bits:16}}" for side in deep_sides[derive]]


def test_photos_or_pairs_in_doubt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos_alone(tmp_path / "wide", 32, 64)
    printed, words = checked(capsys, tmp_path / "wide")
    assert "data=side_by_side" in words  # as wide as two squares
    assert "no seam is seen in the middle of the files; if each is one photo: --layout derived" in printed
    _, words = checked(capsys, tmp_path / "wide", "--layout", "derived")
    assert "data=derived" in words
    (tmp_path / "tall").mkdir()
    scenes = Scenes("train", 5, (96, 64))
    for index in range(5):
        write_picture(tmp_path / "tall" / f"{index}.png", np.concatenate(scenes[index][:2], axis=1))
    _, words = checked(capsys, tmp_path / "tall")
    assert "data=side_by_side" in words  # not as wide as two squares, but with a seam


def test_flags_of_two_layouts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos_alone(tmp_path, 32, 32)
    assert main(["check", str(tmp_path), "--layout", "side_by_side", "--derive", "grey"]) == 1
    assert "--derive goes with --layout derived, not with side_by_side" in capsys.readouterr().err
