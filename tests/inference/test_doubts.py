"""What a run was not trained for is told in one line; what it was trained for, never."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.evaluation.untrained_runs import untrained

from pix2pix import Translator
from pix2pix.build.assembly import make_data
from pix2pix.commands.translate import main
from pix2pix.data.resize import resize
from pix2pix.data.seen import detail
from pix2pix.data.sources.scenes import DOMAINS, Scenes
from pix2pix.inference.trained import Trained
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import read_picture, write_picture
from pix2pix.settings.compose import check

SIDE = 32


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of painted scenes, labels left and photo right, as files of pairs, and folders of inputs."""
    root = tmp_path_factory.mktemp("doubts")
    scenes, large = (Scenes("train", 10, (side, side)) for side in (SIDE, 9 * SIDE))
    pairs = [scenes[index] for index in range(10)]
    for index, pair in enumerate(pairs):
        split = "train" if index < 7 else "val"
        beside = np.concatenate([pair.source, pair.target], axis=1)
        _write(root / "pairs" / split / f"{index}.png", beside)
        _write(root / "stored" / split / f"{index}.png", resize(beside, (4 * SIDE, 8 * SIDE), "bicubic"))
        _write(root / "labels" / f"{index}.png", pair.source)
        _write(root / "photos" / f"{index}.png", pair.target)
        _write(root / "stored_labels" / f"{index}.png", resize(pair.source, (4 * SIDE, 4 * SIDE), "bicubic"))
    for index in range(3):
        _write(root / "large" / f"{index}.png", large[index].source)
    rows = [np.concatenate([pairs[(row + column) % 10].source for column in range(6)], axis=1) for row in range(6)]
    _write(root / "view" / "1.png", np.concatenate(rows))  # a larger view at the same scale
    panorama = Scenes("train", 1, (SIDE + 8, 2 * SIDE + 16))[0]
    _write(root / "wide" / "1.png", panorama.source)  # as wide as a pair, and one picture
    size = f"data.size=[{SIDE},{SIDE}]"
    untrained(root / "run", "data=side_by_side", f"data.root={root / 'pairs'}", size)
    untrained(root / "shrunk", "data=side_by_side", f"data.root={root / 'stored'}", size)
    for derive in ("edges", "downscale", "holes", "grey"):
        run = untrained(root / derive, "data=derived", f"data.root={root / 'photos'}", f"data.derive={derive}", size)
        translator = Translator.load(run)
        for path in (root / "photos").iterdir():
            _write(root / f"{derive}_sources" / path.name, translator.derive(read_picture(path), path.stem))
    return root


def _write(path: Path, picture: Array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_picture(path, picture)


def told(where: Path, run: str, folder: str, *more: str, caplog: pytest.LogCaptureFixture, out: Path) -> list[str]:
    caplog.clear()
    assert main([str(where / run), str(where / folder), "-o", str(out / "out"), "--overwrite", *more]) == 0
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize(
    ("run", "folder", "typed"),
    [
        ("run", "pairs/val", "--split val --data-root FOLDER"),
        ("run", "stored/val", None),  # pairs too, of other sides: by the seam, or by the scale
        ("run", "large", f"--size {SIDE}"),
        ("shrunk", "stored_labels", f"--size {SIDE}"),
        ("edges", "photos", "--derive"),
        ("downscale", "photos", "--derive"),
        ("holes", "photos", "--derive"),
    ],
)
def test_what_it_was_not_trained_for(
    where: Path, run: str, folder: str, typed: str | None, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    said = told(where, run, folder, caplog=caplog, out=tmp_path)
    assert len(said) == 1, said  # a line for the command, not for the picture
    assert typed is None or typed in said[0]


@pytest.mark.parametrize(
    ("run", "folder", "more"),
    [
        ("run", "labels", ()),
        ("run", "view", ()),
        ("run", "wide", ()),
        ("run", "large", ("--size", f"{SIDE}")),
        ("shrunk", "labels", ()),
        ("shrunk", "stored_labels", ("--size", f"{SIDE}")),
        *((derive, f"{derive}_sources", ()) for derive in ("edges", "downscale", "holes", "grey")),
        *((derive, "photos", ("--derive",)) for derive in ("edges", "downscale", "holes", "grey")),
        ("grey", "photos", ()),  # of which the lightness is taken
    ],
)
def test_what_it_was_trained_for(
    where: Path, run: str, folder: str, more: Sequence[str], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    assert told(where, run, folder, *more, caplog=caplog, out=tmp_path) == []


@pytest.fixture(scope="module")
def unlike(where: Path) -> Path:
    """Runs from numbers and from labels, and pictures that are other ones."""
    palette = DOMAINS["labels2photo"][0]["palette"]
    pairs = ("data=side_by_side", f"data.root={where / 'pairs'}", f"data.size=[{SIDE},{SIDE}]")
    untrained(where / "numbers", *pairs, "data.source={kind:raw,channels:3,range:[-100,300],unit:HU}")
    untrained(where / "by_channel", *pairs, "data.source={kind:raw,channels:3,range:[[0,255],[0,255],[0,300]]}")
    untrained(where / "classes", *pairs, f"data.source={{kind:labels,palette:{palette}}}".replace(" ", ""))
    for index in range(3):
        numbers = read_picture(where / "labels" / f"{index}.png").astype(np.float32)
        for name, values in (
            ("numbers_sources", numbers),
            ("tenfold", 10 * numbers + 400),
            ("negative", -numbers - 101),
            ("empty", np.full_like(numbers, np.nan)),
            ("half_empty", np.where(np.arange(SIDE)[:, None, None] < SIDE // 2, np.nan, numbers)),
        ):
            _write(where / name / f"{index}.tif", values.astype(np.float32))
        _write(where / "labels_as_jpeg" / f"{index}.jpg", read_picture(where / "labels" / f"{index}.png"))
    return where


@pytest.mark.parametrize(
    ("run", "folder", "said"),
    [
        ("numbers", "tenfold", "outside of the range of the training (-100 to 300 HU)"),
        ("numbers", "negative", "outside of the range of the training (-100 to 300 HU)"),
        ("by_channel", "tenfold", "outside of the range of the training and are clipped"),
        ("classes", "photos", "are no labels"),
        ("numbers", "numbers_sources", None),
        ("numbers", "half_empty", f"2.tif: {3 * SIDE * SIDE // 2} pixels of the source hold no value, and what"),
        ("by_channel", "numbers_sources", None),
        ("classes", "labels", None),
        ("classes", "labels_as_jpeg", None),
    ],
)
def test_numbers_and_colours_that_it_does_not_know(
    unlike: Path, run: str, folder: str, said: str | None, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    found = told(unlike, run, folder, caplog=caplog, out=tmp_path)
    assert [said in each for each in found if said] == [True] * (said is not None)
    assert len(found) == (said is not None)


def test_pictures_without_any_value(unlike: Path, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    doubt, result = told(unlike, "numbers", "empty", caplog=caplog, out=tmp_path)
    assert doubt == "3 of 3 pictures looked at hold no value at all: all is NaN or nodata"
    assert f"2.tif: {3 * SIDE * SIDE} pixels of the source hold no value, and what the result shows there" in result


def test_a_run_whose_record_says_nothing_of_its_sources(
    where: Path, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    content = torch.load(where / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    del content["pix2pix"]["seen"]
    torch.save(content, tmp_path / "old.ckpt")
    assert told(where, str(tmp_path / "old.ckpt"), "large", caplog=caplog, out=tmp_path) == []


@pytest.mark.parametrize(
    "seen",
    [
        "much",
        {},
        {"height": 3, "width": 3, "detail": 3},
        {"height": [1, 2], "width": [1, 2], "detail": ["a", "b"]},
        {"height": [0, 2], "width": [1, 2], "detail": [0.1, 0.2]},
        {"height": [1, 2], "width": [2, 1], "detail": [0.1, 0.2]},
        {"height": [1, 2], "width": [1, 2], "detail": [0.1, float("nan")]},
        {"height": [[1], 2], "width": [1, 2], "detail": [0.1, 0.2]},
    ],
)
def test_a_record_that_says_nonsense_says_nothing(seen: Any) -> None:
    assert Trained.of_record({"settings": {"data": {"name": "side_by_side"}}, "seen": seen}) == Trained("side_by_side")


def test_python_is_warned_once(where: Path) -> None:
    translator = Translator.load(where / "edges")
    photo = read_picture(where / "photos" / "0.png")
    with pytest.warns(UserWarning, match="--derive"):
        translator(photo)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        translator(photo)
        Translator.load(where / "edges")(translator.derive(photo, "0"))


def test_the_record_says_what_the_sources_were_like(where: Path) -> None:
    settings, _ = check(["data=side_by_side", f"data.root={where / 'stored'}", f"data.size=[{SIDE},{SIDE}]"])
    data = make_data(settings)
    assert data.seen is None
    data.setup("fit")
    assert data.seen is not None
    assert (data.seen["height"], data.seen["width"]) == ([4 * SIDE] * 2, [4 * SIDE] * 2)
    details = [detail(data.sample("train", index).source.numpy()) for index in range(7)]
    assert data.seen["detail"] == pytest.approx([min(details), max(details)])


def test_detail_falls_with_the_scale_and_not_with_the_size() -> None:
    ramp = np.tile(np.sin(np.arange(64) * 2 * np.pi / 16), (1, 64, 1)).astype(np.float32)  # mean step across: 4 / 16
    expected = (4 / 16) * (63 * 64) / (2 * 63 * 64) / np.sqrt(0.5)
    assert detail(ramp) == pytest.approx(expected, rel=0.05)
    larger_view = np.tile(ramp, (1, 2, 2))
    assert detail(larger_view) == pytest.approx(detail(ramp), rel=0.05)
    assert detail(ramp.repeat(4, 1).repeat(4, 2)) == pytest.approx(detail(ramp) / 4, rel=0.05)
    assert detail(np.zeros((1, 4, 4), np.float32)) == 0


# --- results that show nothing ----------------------------------------------------------------------------------------


def _spoilt(run: Path, made: Path, **changed: Any) -> Path:
    """A copy of a run with a constant output, or NaN: of the last convolution weights and bias."""
    content = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    last = [name for name in content["state_dict"] if name.endswith("weight")][-1].removesuffix("weight")
    content["state_dict"][f"{last}weight"].fill_(changed["weight"])
    content["state_dict"][f"{last}bias"].fill_(changed["bias"])
    torch.save(content, made)
    return made


def test_results_of_one_colour_are_told(where: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    black = _spoilt(where / "run", tmp_path / "black.ckpt", weight=0.0, bias=-20.0)
    assert main([str(black), str(where / "labels"), "-o", str(tmp_path / "out")]) == 1
    assert "All 10 results are of one colour" in caplog.text
    assert not read_picture(tmp_path / "out" / "0.png").any()
    blank = np.full((SIDE, SIDE, 3), 9, np.uint8)
    _write(tmp_path / "blank" / "1.png", blank)
    assert main([str(black), str(tmp_path / "blank"), "-o", str(tmp_path / "of_blank")]) == 0  # nothing from nothing
    caplog.clear()
    assert main([str(where / "run"), str(where / "labels"), "-o", str(tmp_path / "good")]) == 0
    assert "of one colour" not in caplog.text


def test_nan_is_a_failure(where: Path) -> None:
    translator = Translator.load(where / "run")
    parameter = next(iter(translator.network.generator.parameters()))  # type: ignore[attr-defined]
    with torch.no_grad():
        parameter.fill_(torch.nan)
    with pytest.raises(ValueError, match="NaN"):
        translator(read_picture(where / "labels" / "0.png"))


TARGETS = "pictures looked at lie beside the others where the training had its targets, and would be translated too"


@pytest.mark.parametrize(
    ("typed", "sides"),
    [
        ((), ("train/A/{}.png", "train/B/{}.png")),
        ((), ("trainA/{}.png", "trainB/{}.png")),
        (("data.folders=[BF,DAPI]",), ("BF/train/{}.png", "DAPI/train/{}.png")),
        (("data.folders=['{split}','{split}annot']",), ("train/{}.png", "trainannot/{}.png")),
        (("data.patterns=['*_c0','*_c1']",), ("train/{}_c0.png", "train/{}_c1.png")),
        (("data.patterns=['*','*_mask']",), ("train/{}.png", "train/{}_mask.png")),
    ],
)
def test_targets_that_lie_beside_the_sources(
    where: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, typed: tuple[str, ...], sides: tuple[str, str]
) -> None:
    for place, side in zip(sides, ("labels", "photos"), strict=True):
        for split, count in (("train", 3), ("val", 2)):
            for index in range(count):
                path = tmp_path / "pairs" / place.replace("train", split).format(index)
                _write(path, read_picture(where / side / f"{index}.png"))
    size = f"data.size=[{SIDE},{SIDE}]"
    run = untrained(tmp_path / "run", "data=two_folders", f"data.root={tmp_path / 'pairs'}", size, *typed)
    assert main([str(run), str(tmp_path / "pairs"), "-o", str(tmp_path / "all")]) == 0
    assert f"5 of 10 {TARGETS}" in caplog.text
    caplog.clear()
    alone = [str(path) for path in sorted((tmp_path / "pairs").glob(sides[0].replace("train", "val").format("[01]")))]
    assert len(alone) == 2
    assert main([str(run), *alone, "-o", str(tmp_path / "some")]) == 0
    assert TARGETS not in caplog.text
