"""Runs that are continued in ways that would lose or poison work, and what their folders hold afterwards."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from hydra.core.plugins import Plugins
from omegaconf import OmegaConf
from tests.end_to_end.conftest import Command
from tests.training.stopped_run import TINY, assert_same_run, checkpoint

from pix2pix.commands import evaluate
from pix2pix.pictures.codecs import write_picture

FOLDER = tuple(each for each in TINY if not each.startswith(("data.train_pairs", "data.val_pairs")))


def yaml_of(file: Path) -> Any:
    return OmegaConf.to_container(OmegaConf.load(file), resolve=False)


def files(folder: Path) -> dict[str, str]:
    """What a folder holds, but for logs and locks."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".log" and path.name != ".lock"
    }


def paint(folder: Path, train: int, val: int = 1, name: str = "{}", seed: int = 0) -> None:
    draw = np.random.default_rng(seed)
    for split, count in (("train", train), ("val", val)):
        (folder / split).mkdir(parents=True)
        for index in range(count):
            picture = draw.integers(0, 256, (16, 32, 3), dtype=np.uint8)
            write_picture(folder / split / f"{name.format(index)}.png", picture)


# --- fewer epochs than are done ---------------------------------------------------------------------------------------


def test_fewer_epochs_than_are_done_are_refused_and_not_kept(tmp_path: Path, pix2pix_train: Command) -> None:
    assert pix2pix_train(*TINY, "hydra.run.dir=run")[0] == 0
    run, before = tmp_path / "run", files(tmp_path / "run")
    for typed in ("schedule.epochs=1", "schedule.epochs=2"):
        status, printed = pix2pix_train("resume=run", typed)
        assert status == 2
        assert (
            f"schedule.epochs: found {typed[-1]}, and the run has done its epoch 3. Type schedule.epochs=3 or more;"
            " a shorter run is a new one\n"
        ) in printed
        assert files(run) == before
    status, printed = pix2pix_train("resume=run")
    assert status == 0
    assert "All epochs are done." in printed

    assert pix2pix_train("resume=run", "schedule.epochs=4")[0] == 0
    assert checkpoint(run)["PairedData"]["epoch"] == 4
    assert OmegaConf.load(run / ".hydra" / "resume_1" / "config.yaml").schedule.epochs == 4
    assert OmegaConf.load(run / ".hydra" / "resume_1" / "overrides.yaml")[0] == "schedule.epochs=4"
    assert OmegaConf.load(run / ".hydra" / "config.yaml").schedule.epochs == 3
    status, printed = pix2pix_train("resume=run")  # extended, it stays so
    assert (status, "All epochs are done." in printed) == (0, True)
    assert checkpoint(run)["PairedData"]["epoch"] == 4
    assert sorted(path.name for path in (run / ".hydra").iterdir() if path.is_dir()) == ["resume_1"]


def test_a_folder_that_holds_such_a_record_recovers(tmp_path: Path, pix2pix_train: Command) -> None:
    """As earlier versions left it: the record is written before the settings are refused."""
    assert pix2pix_train(*TINY, "hydra.run.dir=run")[0] == 0
    record = tmp_path / "run" / ".hydra"
    refused = OmegaConf.load(record / "config.yaml")
    refused.schedule.epochs = 1
    (record / "resume_1").mkdir()
    OmegaConf.save(refused, record / "resume_1" / "config.yaml")
    (record / "resume_2").mkdir()
    (record / "resume_2" / "config.yaml").touch()  # killed while it was written
    (record / "resume_old").mkdir()
    assert pix2pix_train("resume=run", "schedule.epochs=4")[0] == 0
    assert checkpoint(tmp_path / "run")["PairedData"]["epoch"] == 4
    assert (record / "resume_3" / "config.yaml").exists()
    assert pix2pix_train("resume=run")[0] == 0


def test_a_number_that_cannot_be_does_not_take_its_record(tmp_path: Path, pix2pix_train: Command) -> None:
    """By a stray name of a sample all records seem refused: the latest one is taken, not that of the first start."""
    assert pix2pix_train(*TINY, "hydra.run.dir=run")[0] == 0
    assert pix2pix_train("resume=run", "schedule.epochs=4")[0] == 0
    (tmp_path / "run" / "samples" / "epoch_99999999.png").touch()
    with (tmp_path / "run" / "metrics.csv").open("a") as table:
        table.write("28" + ",1e999" * 20 + "\n")
    status, printed = pix2pix_train("resume=run")
    assert (status, "All epochs are done." in printed) == (0, True)
    assert checkpoint(tmp_path / "run")["PairedData"]["epoch"] == 4


# --- a checkpoint that is gone ----------------------------------------------------------------------------------------


def test_without_its_last_checkpoint_a_run_is_not_trained_over(tmp_path: Path, pix2pix_train: Command) -> None:
    assert pix2pix_train(*TINY, "schedule.epochs=5", "hydra.run.dir=whole")[0] == 0
    assert pix2pix_train(*TINY, "hydra.run.dir='a run'")[0] == 0
    run = tmp_path / "a run"
    (run / "checkpoints" / "last.ckpt").unlink()
    left = files(run)
    best = torch.load(run / "checkpoints" / "best_ssim.ckpt", weights_only=True)

    status, printed = pix2pix_train("resume='a run'", "schedule.epochs=5")
    assert status == 2
    assert files(run) == left
    assert (
        f"resume: {run}/checkpoints/last.ckpt is gone, and a start from the beginning would write over"
        " checkpoints/best_ssim.ckpt, samples, metrics.csv, score.json. To go on from best_ssim.ckpt, which is of"
        f" {best['images_seen']} images: "
    ) in printed
    status, printed = pix2pix_train(*TINY, "hydra.run.dir='a run'")
    assert (status, "a run holds a run already. To continue it: pix2pix train" in printed) == (2, True)
    assert files(run) == left

    status, printed = pix2pix_train("resume='a run'")
    advised = printed.partition("images: ")[2].partition(", and the same again")[0]
    command, source, place = shlex.split(advised)
    assert command == "cp"
    shutil.copy(source, place)
    assert pix2pix_train("resume='a run'", "schedule.epochs=5")[0] == 0
    assert_same_run(run, tmp_path / "whole", "last", "best_ssim")


@pytest.mark.parametrize("kept", ["metrics.csv", "samples"])
def test_curves_and_samples_alone_are_not_written_over_either(
    tmp_path: Path, pix2pix_train: Command, kept: str
) -> None:
    assert pix2pix_train(*TINY, "hydra.run.dir=run")[0] == 0
    for path in tmp_path.glob("run/*"):
        if path.name not in (kept, ".hydra"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    left = files(tmp_path / "run")
    for arguments in (["resume=run"], [*TINY, "hydra.run.dir=run"]):
        assert pix2pix_train(*arguments)[0] == 2
        assert files(tmp_path / "run") == left


# --- other pairs, and pairs that have moved ---------------------------------------------------------------------------


def test_a_run_is_continued_with_its_own_pairs_wherever_they_are(
    tmp_path: Path, pix2pix_train: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ("data=side_by_side", "data.root=pairs", "hydra.run.dir=run", "schedule.epochs=1")
    paint(tmp_path / "pairs", 3)
    assert pix2pix_train(*FOLDER, *data)[0] == 0
    run = tmp_path / "run"
    assert checkpoint(run)["pix2pix"]["settings"]["data"]["root"] == str(tmp_path / "pairs")
    assert checkpoint(run)["pix2pix"]["settings"]["data"]["pairs"]["root"] == str(tmp_path / "pairs")

    # from another folder
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert pix2pix_train("resume=../run", "schedule.epochs=2")[0] == 0
    assert evaluate.main([str(run), "--metrics", "psnr", "--pictures", "1"]) == 0

    # other pairs: more of them, or others of the same number
    paint(tmp_path / "more", 5, val=2)
    paint(tmp_path / "others", 3, name="frame_{}")
    before = files(run)
    for folder, found in (
        ("more", "found train pairs: 5 and not 3, val pairs: 2 and not 1."),
        ("others", "found train pairs: 3 of other names, val pairs: 1 of other names."),
    ):
        status, printed = pix2pix_train("resume=../run", f"data.root=../{folder}", "schedule.epochs=3")
        assert status == 2
        assert f"data.root={tmp_path}/{folder} (it was {tmp_path}/pairs): {found}" in printed
        assert files(run) == before

    # moved
    (tmp_path / "pairs").rename(tmp_path / "moved")
    status, printed = pix2pix_train("resume=../run")
    assert status == 2
    assert f"data.root: there is no folder '{tmp_path}/pairs'." in printed
    assert f" If the pictures have moved: pix2pix train resume={run} data.root=FOLDER" in printed
    assert pix2pix_train("resume=../run", "data.root=../moved", "schedule.epochs=3")[0] == 0
    monkeypatch.chdir(tmp_path)
    assert pix2pix_train("resume=run", "schedule.epochs=4")[0] == 0  # where it has moved to is kept
    assert checkpoint(run)["pix2pix"]["settings"]["data"]["root"] == str(tmp_path / "moved")


def test_files_that_were_replaced_are_told_once(tmp_path: Path, pix2pix_train: Command) -> None:
    """Under the same names, as mended ones have: the run goes on."""
    data = ("data=side_by_side", "data.root=pairs", "hydra.run.dir=run", "schedule.epochs=1")
    paint(tmp_path / "pairs", 3)
    assert pix2pix_train(*FOLDER, *data)[0] == 0
    before = sum(path.stat().st_size for path in (tmp_path / "pairs" / "train").iterdir())
    write_picture(tmp_path / "pairs" / "train" / "1.png", np.zeros((16, 32, 3), np.uint8))
    after = sum(path.stat().st_size for path in (tmp_path / "pairs" / "train").iterdir())
    status, printed = pix2pix_train("resume=run", "schedule.epochs=2")
    assert status == 0
    assert (
        f"data.root={tmp_path}/pairs: found other files under the same names: train pairs of {after} bytes in all and"
        f" not {before}. The run goes on with what they hold now; what it has learned is of those before"
    ) in printed
    assert "other files under" not in pix2pix_train("resume=run", "schedule.epochs=3")[1]


def test_a_relative_path_of_an_earlier_version_is_from_where_the_run_was_started(
    tmp_path: Path, pix2pix_train: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(tmp_path / "pairs", 3)
    assert pix2pix_train(*FOLDER, "data=side_by_side", "data.root=pairs", "hydra.run.dir=run")[0] == 0
    record = tmp_path / "run" / ".hydra" / "config.yaml"
    record.write_text(record.read_text().replace(f"root: {tmp_path}/pairs", "root: pairs"))
    paint(tmp_path / "elsewhere" / "pairs", 3, seed=1)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert pix2pix_train("resume=../run", "schedule.epochs=4")[0] == 0
    assert checkpoint(tmp_path / "run")["pix2pix"]["settings"]["data"]["root"] == str(tmp_path / "pairs")


def test_what_a_run_was_started_from_may_be_gone(tmp_path: Path, pix2pix_train: Command) -> None:
    assert pix2pix_train(*TINY, "schedule.epochs=1", "hydra.run.dir=first")[0] == 0
    assert pix2pix_train(*TINY, "schedule.epochs=1", "hydra.run.dir=run", "init_from=first")[0] == 0
    assert checkpoint(tmp_path / "run")["pix2pix"]["settings"]["init_from"] == str(tmp_path / "first")
    shutil.rmtree(tmp_path / "first")
    assert pix2pix_train("resume=run", "schedule.epochs=2")[0] == 0


def test_a_start_from_weights_of_other_pictures_is_told(tmp_path: Path, pix2pix_train: Command) -> None:
    for folder, highest in (("kelvin", 320), ("celsius", 47)):
        for split in ("train", "val"):
            for side in "AB":
                (tmp_path / folder / split / side).mkdir(parents=True)
                for index in range(2):
                    ramp = np.tile(np.linspace(highest - 60, highest, 64, dtype=np.float32), (64, 1))
                    tifffile.imwrite(tmp_path / folder / split / side / f"{index}.tif", ramp)

    def train(run: str, folder: str, *typed: str, measured: bool = False) -> str:
        low = {"kelvin": 260, "celsius": -13}[folder]
        side = f"{{kind:raw,range:{'measured' if measured else [low, low + 60]}}}".replace(" ", "")
        words = ("data=two_folders", f"data.root={folder}", f"data.source={side}", f"data.target={side}")
        status, printed = pix2pix_train(*FOLDER, "schedule.epochs=1", *words, f"hydra.run.dir={run}", *typed)
        assert status == 0, printed
        return printed

    assert "init_from" not in train("first", "kelvin")
    assert "was trained otherwise" not in train("same", "kelvin", "init_from=first")
    printed = train("other", "celsius", "init_from=first", "data.direction=b_to_a")
    assert (
        "init_from: first was trained otherwise: the range of the source was [260.0, 320.0] and is"
        " [-13.0, 47.0]; the range of the target was [260.0, 320.0] and is [-13.0, 47.0]; data.direction was a_to_b and"
        " is b_to_a. Its weights are taken as they are"
    ) in printed
    # a range that is measured is compared once it is known
    assert "init_from" not in train("measured", "kelvin", measured=True)
    assert "was trained otherwise" not in train("again", "kelvin", "init_from=measured", measured=True)
    assert "otherwise: the range of the source was [[260.0, 320.0]] and is [[-13.0, 47.0]]" in train(
        "anew", "celsius", "init_from=measured", measured=True
    )


# --- folders ----------------------------------------------------------------------------------------------------------


def test_what_is_refused_leaves_no_folder(tmp_path: Path, pix2pix_train: Command) -> None:
    """What only the data or another checkpoint can tell to be wrong, and Hydra's own settings."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    torch.save({}, tmp_path / "none.ckpt")
    before = sorted(tmp_path.rglob("*"))
    for typed in (
        ["data=side_by_side", "data.root=empty"],
        ["init_from=none.ckpt"],
        ["generator._target_=pix2pix.nowhere.Generator"],
        ["init_from=none.ckpt", "hydra.run.dir=a/b/c"],
        ["hydra.nothing=1"],
    ):
        small = FOLDER if typed[0] == "data=side_by_side" else TINY
        status, printed = pix2pix_train(*small, *typed)
        assert status == 2, printed
        assert sorted(tmp_path.rglob("*")) == before, typed
    status, printed = pix2pix_train(*TINY, "init_from=none.ckpt", "hydra.run.dir=mine")
    assert status == 2
    assert (tmp_path / "mine" / "notes.txt").read_text() == "keep"
    assert not (tmp_path / "mine" / ".hydra").exists()


def test_runs_that_start_at_the_same_time_have_folders_of_their_own(tmp_path: Path, pix2pix_train: Command) -> None:
    """All of one year here; by default it is of one second."""
    for _ in range(3):
        assert pix2pix_train(*TINY, "schedule.epochs=1", "hydra.run.dir='runs/${now:%Y}'")[0] == 0
    first, *others = sorted((tmp_path / "runs").iterdir())
    assert [each.name for each in others] == [f"{first.name}_2", f"{first.name}_3"]
    for each in (first, *others):
        assert (each / "score.json").exists()
        assert yaml_of(each / ".hydra" / "hydra.yaml")["hydra"]["runtime"]["output_dir"] == str(each)
        assert len((each / "metrics.csv").read_text().splitlines()) == 1 + 3 + 1


# --- what a sweeper is given ------------------------------------------------------------------------------------------


def test_a_sweeper_gets_the_metric_that_it_seeks(
    tmp_path: Path, pix2pix_train: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugins = tmp_path / "plugins" / "hydra_plugins"
    plugins.mkdir(parents=True)
    shutil.copy(Path(__file__).parents[1] / "recording_sweeper.py", plugins)
    monkeypatch.syspath_prepend(plugins.parent)
    Plugins.instance()._initialize()  # look for plugins again
    small = (*TINY, "schedule.epochs=1", "hydra/launcher=basic", "hydra/sweeper=recording")
    for number, (typed, names) in enumerate({"[psnr,l1]": ["psnr", "l1"], "ssim": "ssim", "null": None}.items()):
        status, printed = pix2pix_train("-m", *small, f"sweep_metric={typed}", f"hydra.sweep.dir={number}")
        assert status == 0, printed
        scores = [json.loads((tmp_path / f"{number}/{n}/score.json").read_text())["scores"] for n in (0, 1)]
        assert scores[0] != scores[1]
        expected = [
            each if names is None else each[names] if isinstance(names, str) else [each[name] for name in names]
            for each in scores
        ]
        assert json.loads((tmp_path / "returned.json").read_text()) == expected
