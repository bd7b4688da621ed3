"""The wheel: what is in it, and that training works from an empty folder in an environment that has only the wheel."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


def run(*command: object, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(str, command)], capture_output=True, text=True, cwd=folder, env=os.environ | environment, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, PROJECT, folder=PROJECT)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment. It sees this one's packages, but not what makes this checkout importable."""
    folder = tmp_path_factory.mktemp("environment")
    made = run(sys.executable, "-m", "venv", folder, folder=folder)
    assert made.returncode == 0, made.stderr
    programs = folder / Path(sys.executable).parent.name
    purelib = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    # A .pth file that is found by way of a .pth file is not read, so the editable install stays behind.
    Path(purelib, "packages_of_the_tests.pth").write_text("\n".join(site.getsitepackages()))
    installed = run(programs / "python", "-m", "pip", "install", "--no-deps", "--no-index", wheel, folder=folder)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    where = run(programs / "python", "-c", "import pix2pix; print(pix2pix.__file__)", folder=folder)
    assert Path(where.stdout.strip()).is_relative_to(folder)
    return programs


def test_the_wheel_holds_the_packages_and_the_settings(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
        for path in (PROJECT / "conf").rglob("*.yaml"):
            inside = f"pix2pix/conf/{path.relative_to(PROJECT / 'conf').as_posix()}"
            assert archive.read(inside) == path.read_bytes()
    files = [path for path in (PROJECT / "src").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    ours = {path.relative_to(PROJECT / "src").as_posix() for path in files}
    assert {"pix2pix/web/page/index.html", "pix2pix/reproduction/page.html"} <= ours
    assert {name for name in names if not name.startswith("pix2pix/conf/")} == ours
    assert {name.partition("/")[0] for name in names} == {"pix2pix", "hydra_plugins"}


def test_training_from_an_empty_folder(bin_folder: Path, tmp_path: Path) -> None:
    small = ["size=tiny", "schedule.epochs=1", "data.train_pairs=8", "data.val_pairs=2"]
    trained = run(bin_folder / "pix2pix", "train", *small, folder=tmp_path)
    assert trained.returncode == 0, trained.stdout + trained.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["outputs"]
    (folder,) = (tmp_path / "outputs" / "scenes").iterdir()
    made = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert made >= {".hydra/config.yaml", "checkpoints/last.ckpt", "metrics.csv", "score.json", "train.log"}
    assert any(name.startswith("samples/") for name in made)
    resumed = run(
        bin_folder / "pix2pix", "train", f"resume={folder.relative_to(tmp_path)}", "schedule.epochs=2", folder=tmp_path
    )
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert "epoch 2/2" in resumed.stdout


def test_help_mistakes_and_the_launcher_from_an_empty_folder(bin_folder: Path, tmp_path: Path) -> None:
    helped = run(bin_folder / "pix2pix", "train", "--help", folder=tmp_path)
    assert "  objective      cgan classes gan l1 l1_cgan l1_gan l2 pix2pixhd\n" in helped.stdout
    mistaken = run(bin_folder / "pix2pix", "train", "-m", "data.batch_size=0,1", folder=tmp_path)
    assert mistaken.returncode == 2
    assert mistaken.stderr.startswith("pix2pix train: point 0 of the sweep (data.batch_size=0): data.batch_size: found")
