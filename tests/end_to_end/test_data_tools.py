"""`pix2pix data check` and `preview` as a person types them, and that the line which check prints does train."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix.commands.data import main
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import write_picture
from pix2pix.settings.compose import check

RNG = np.random.default_rng(0)
PALETTE = np.array([[0, 0, 0], [200, 30, 30], [20, 60, 220]], np.uint8)


def typed(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a shell in `folder` would run."""
    program, *words = shlex.split(command)
    script = Path(sys.executable).with_name(program)
    return subprocess.run([script, *words], capture_output=True, text=True, cwd=folder, check=False)


def photo(height: int = 32, width: int = 32) -> Array:
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


def labels() -> Array:
    coloured: Array = PALETTE[np.kron(np.arange(16).reshape(4, 4) % 3, np.ones((8, 8), int))]
    return coloured


def side_by_side(root: Path) -> str:
    """Photos left, labels right, with a file that is cut off and one of another width."""
    (root / "train").mkdir()
    for number in range(6):
        write_picture(root / "train" / f"{number}.png", np.concatenate([photo(), labels()], axis=1))
    cut = root / "train" / "4.png"
    cut.write_bytes(cut.read_bytes()[:200])
    write_picture(root / "train" / "5.png", photo(32, 65))
    return ""


def two_folders(root: Path) -> str:
    """16-bit pictures of 40 × 24 pixels with float targets, under names of their own, one without a partner."""
    for number in range(4):
        for side in ("mr", "ct"):
            (root / side).mkdir(exist_ok=True)
        write_picture(root / "mr" / f"{number}.png", RNG.integers(0, 65536, (40, 24, 1), dtype=np.uint16))
        write_picture(root / "ct" / f"{number}.tif", RNG.normal(size=(40, 24, 1)).astype(np.float32))
    write_picture(root / "ct" / "alone.tif", RNG.normal(size=(40, 24, 1)).astype(np.float32))
    return "--source-folder mr --target-folder ct"


def manifest(root: Path) -> str:
    rows = ["source,target,split"]
    for number in range(3):
        write_picture(root / f"in {number}.jpg", photo())
        write_picture(root / f"out {number}.png", photo())
        rows.append(f"in {number}.jpg,out {number}.png,{'val' if number == 2 else 'train'}")
    (root / "my pairs, final.csv").write_text("\n".join(rows))
    return "--file 'my pairs, final.csv'"


def photos_alone(root: Path) -> str:
    for number in range(4):
        (root / "holidays").mkdir(exist_ok=True)
        write_picture(root / "holidays" / f"{number}.jpg", np.kron(photo(8, 10), np.ones((5, 5, 1), np.uint8)))
    return ""


def tagged(root: Path) -> str:
    """Photos and maps of indices in one folder, told apart by a part of the name; a void index, and a README."""
    for number in range(5):
        write_picture(root / f"{number}.jpg", photo())
        indices = np.kron(np.arange(16).reshape(4, 4) % 3, np.ones((8, 8), int)).astype(np.uint8)[:, :, None]
        indices[:2] = 255
        write_picture(root / f"{number}_mask.png", indices)
    (root / "README.txt").write_text("five pairs")
    return ""


def named_folders(root: Path) -> str:
    """Folders of names of their own around the splits, one side float with missing values, of another zero padding."""
    for split, numbers in (("train", range(3)), ("val", range(3, 5))):
        for number in numbers:
            (root / split / "S1").mkdir(parents=True, exist_ok=True)
            (root / split / "dem").mkdir(parents=True, exist_ok=True)
            write_picture(root / split / "S1" / f"chip{number}.tif", RNG.normal(size=(32, 32, 2)).astype(np.float32))
            height = RNG.normal(size=(32, 32, 1)).astype(np.float32)
            height[:5] = np.nan
            write_picture(root / split / "dem" / f"chip{number:03d}.tif", height)
    return ""


@pytest.fixture(
    params=[side_by_side, two_folders, manifest, photos_alone, tagged, named_folders], ids=lambda make: make.__name__
)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A folder whose name needs quoting, and the flags that it needs."""
    root = tmp_path / "my pairs (new), it's"
    root.mkdir()
    return root, request.param(root)


def last_line(folder: tuple[Path, str]) -> str:
    root, flags = folder
    ran = typed(f"pix2pix data check {shlex.quote(root.name)} {flags}", root.parent)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    line = ran.stdout.splitlines()[-1]
    assert line.startswith("pix2pix train experiment=pairs data=")
    return line


def test_the_line_that_check_prints_is_right(folder: tuple[Path, str]) -> None:
    settings, _ = check(shlex.split(last_line(folder))[2:])
    assert settings["data"]["root"] == str(folder[0])


@pytest.mark.slow
def test_the_line_that_check_prints_trains(folder: tuple[Path, str]) -> None:
    small = "size=tiny schedule.epochs=1 generator.depth=4 discriminator.receptive_field=7 hydra.run.dir=run"
    ran = typed(f"{last_line(folder)} {small}", folder[0].parent)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Scores on val: psnr" in ran.stdout
    assert (folder[0].parent / "run" / "checkpoints" / "last.ckpt").is_file()


SETS = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.slow
@pytest.mark.skipif(not SETS.is_dir(), reason="the field sets are not here")
@pytest.mark.parametrize("name", ["bf_fluo_coli", "underwater", "s1_water_geotiff", "facades"])
def test_the_line_of_a_field_set_trains(name: str, tmp_path: Path) -> None:
    line = last_line((SETS / name, ""))
    few = "size=tiny schedule.epochs=1 trainer.limit_train_batches=3 hydra.run.dir=run"
    ran = typed(f"{line} {few}", tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Scores on val: psnr" in ran.stdout
    assert "nan" not in ran.stdout.partition("Scores on val")[2].partition("\n")[0]


def test_preview_shows_the_pairs_that_can_be_shown(folder: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    root, flags = folder
    monkeypatch.chdir(root.parent)
    assert main(["preview", root.name, *shlex.split(flags), "--size", "32", "-o", "sheet.png"]) == 0
    with Image.open(root.parent / "sheet.png") as sheet:
        assert len(set(sheet.convert("RGB").get_flattened_data())) > 200  # there was noise in every case


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("pix2pix data check nowhere", "nowhere: no such folder"),
        ("pix2pix data check .", "no layout of pairs found. In it: nothing."),
        ("pix2pix data preview . -o sheet.png", "no layout of pairs found. In it: nothing."),
        ("pix2pix data preview . -o sheet.txt", "sheet.txt: a sheet is written as .png or .jpg or .jpeg"),
        ("pix2pix data preview .", "the following arguments are required: -o/--output"),
        ("pix2pix data chek .", "invalid choice: 'chek'"),
    ],
)
def test_mistakes_end_in_words(
    command: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        status = main(shlex.split(command)[2:])
    except SystemExit as ended:
        status = int(ended.code or 0)
    assert status in (1, 2)
    assert said in "".join(capsys.readouterr())
    assert list(tmp_path.iterdir()) == []
