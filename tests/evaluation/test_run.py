"""Finding a run, and rebuilding its data and generator; what is refused, in words."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.evaluation.untrained_runs import change_record, pairs_folder, untrained

from pix2pix.evaluation.run import EvaluationError, flat_settings, open_run
from pix2pix.runs.run import write_slim


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return untrained(tmp_path_factory.mktemp("outputs") / "scenes" / "run")


def refused(typed: Path, **how: Any) -> str:
    with pytest.raises(EvaluationError) as error:
        open_run(str(typed), **how).data("val")
    return str(error.value)


def test_evaluations_go_to_the_run_and_those_of_another_checkpoint_beside_them(scenes: Path) -> None:
    write_slim(scenes / "checkpoints" / "last.ckpt", scenes / "checkpoints" / "generator.ckpt")
    shutil.copy(scenes / "checkpoints" / "last.ckpt", scenes / "checkpoints" / "best_ssim.ckpt")
    folder = open_run(str(scenes))
    slim = open_run(str(scenes / "checkpoints" / "generator.ckpt"))
    best = open_run(str(scenes / "checkpoints" / "best_ssim.ckpt"))
    assert folder.folder == slim.folder == scenes / "evaluation"
    assert best.folder == scenes / "evaluation_best_ssim"
    assert folder.weights == slim.weights
    assert (folder.images, slim.images) == (7, None)


def test_the_digest_is_of_the_weights(scenes: Path, tmp_path: Path) -> None:
    assert open_run(str(untrained(tmp_path / "same"))).weights == open_run(str(scenes)).weights
    assert open_run(str(untrained(tmp_path / "other", "seed=1"))).weights != open_run(str(scenes)).weights


def test_settings_without_effect_are_not_among_those_that_tell_runs_apart(scenes: Path) -> None:
    flat = flat_settings(open_run(str(scenes)))
    assert flat["objective.l1_weight"] == 100
    assert not [key for key in flat if key.startswith(("logger", "callbacks", "data.cache"))]


def test_no_such_run(scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(scenes.parents[2])
    (scenes.parents[2] / "outputs").mkdir(exist_ok=True)
    assert refused(tmp_path / "nothing").startswith(f"{tmp_path}/nothing is neither a file nor a folder")
    assert refused(scenes.parent).endswith(f" It holds 1 run: type {scenes.parent}/*/checkpoints/last.ckpt")


def test_the_latest_run_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tmp_path / "outputs" / "scenes" / "one" / "checkpoints"
    run.mkdir(parents=True)
    (run / "last.ckpt").touch()
    monkeypatch.chdir(tmp_path)
    assert refused(Path("outputs")).endswith(" The latest run here: outputs/scenes/one")


def test_a_run_without_checkpoint(tmp_path: Path) -> None:
    assert "is a folder without checkpoints/last.ckpt: expected a checkpoint or" in refused(tmp_path)


def test_a_file_that_is_no_checkpoint(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "other.ckpt")
    assert "no checkpoint of pix2pix" in refused(tmp_path / "other.ckpt")


def test_pictures_that_have_moved(tmp_path: Path) -> None:
    root = pairs_folder(tmp_path / "pairs", train=2, val=3)
    run = untrained(tmp_path / "run", "data=side_by_side", f"data.root={root}")
    root.rename(tmp_path / "moved")
    assert refused(run) == (
        f"{run} was trained on the pictures in {root}, and there is no such folder here."
        " Where they are now: --data-root FOLDER"
    )
    assert refused(run, data_root="nowhere") == "--data-root: there is no folder 'nowhere'"
    data = open_run(str(run), data_root=str(tmp_path / "moved")).data("val")
    assert list(data.readable("val").names) == ["0", "1", "2"]


def test_a_split_without_pictures(tmp_path: Path) -> None:
    root = pairs_folder(tmp_path / "pairs", train=2, val=1)
    run = untrained(tmp_path / "run", "data=side_by_side", f"data.root={root}")
    with pytest.raises(EvaluationError, match="the split 'test'"):
        open_run(str(run)).data("test")


def test_scenes_have_no_folder(scenes: Path, tmp_path: Path) -> None:
    said = refused(scenes, data_root=str(tmp_path))
    assert said == f"--data-root: {scenes} was trained on data=scenes, which reads no folder"


@pytest.mark.parametrize(
    "source",
    [
        {"_target_": "os.system", "command": "true"},
        {"_target_": "pix2pix.data.sources.folders.Path", "_partial_": True},
        {"_target_": "pix2pix.data.sources.folders.os.system"},
        {"_target_": "pix2pix.data.sources.gone.Scenes", "_partial_": True},
    ],
)
def test_nothing_is_called_because_a_checkpoint_names_it(source: dict[str, Any], tmp_path: Path) -> None:
    run = untrained(tmp_path / "run")
    change_record(run, pairs=source)
    assert "which is no pair source of this version of pix2pix" in refused(run)


def test_nothing_is_called_within_a_source_of_ours(tmp_path: Path) -> None:
    run = untrained(tmp_path / "run")
    scenes = {"_target_": "pix2pix.data.sources.scenes.Scenes", "_partial_": True, "count": 1}
    change_record(run, pairs={**scenes, "size": [{"_target_": "os.getcwd"}]})
    assert "data.pairs.size: found [{'_target_': 'os.getcwd'}], expected [HEIGHT,WIDTH] in pixels" in refused(run)


def test_a_source_of_ones_own_code_can_be_trusted(tmp_path: Path) -> None:
    run = untrained(tmp_path / "run")
    own = {
        "_target_": "tests.training.tiny_run.RandomPictures",
        "_partial_": True,
        "count": {"train": 2, "val": 2, "test": 2},
    }
    change_record(run, pairs=own)
    assert "--trust" in refused(run)
    assert len(open_run(str(run), trust=True).data("val").readable("val")) == 2
