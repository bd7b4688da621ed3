"""The command `pix2pix evaluate`: what it writes and prints, what it reads again, and how mistakes end."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from tests.evaluation.untrained_runs import pairs_folder, untrained

from pix2pix.commands.evaluate import main
from pix2pix.data.domains import Labels, Rgb
from pix2pix.evaluation import one_run
from pix2pix.evaluation.run import open_run
from pix2pix.segmentation_score.check import Standing
from pix2pix.segmentation_score.judge import Judge, JudgeScore, key
from pix2pix.segmentation_score.network import Segmenter

SCORES = ["psnr", "ssim", "l1", "log_spectrum_distance", *(f"lab_{each}_intersection" for each in "lab")]


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("originals")
    for seed in range(3):
        untrained(folder / f"seed {seed}", f"seed={seed}")
    untrained(folder / "l1", "objective=l1", "seed=3")
    return folder


@pytest.fixture
def runs(originals: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs that nobody has evaluated."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(originals, tmp_path / "runs")
    return Path("runs")


def metrics(run: Path, split: str = "val") -> dict[str, Any]:
    content: dict[str, Any] = json.loads((run / "evaluation" / split / "metrics.json").read_text())
    return content


def never(*_: object, **__: object) -> None:
    raise AssertionError("measured though it was there already")


def mistake(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    capsys.readouterr()
    assert main([str(word) for word in words]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def test_what_is_written_and_printed(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = runs / "seed 0"
    assert main([str(run), "--split", "test"]) == 0
    said = metrics(run, "test")
    assert (said["run"], said["split"], said["pictures"]) == (str(run), "test", 4)
    assert list(said["scores"]) == SCORES
    assert said["settings"]["images"] == 7
    with (run / "evaluation" / "test" / "pictures.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [f"test-{index:06d}" for index in range(4)]
    for name in ("psnr", "ssim", "l1", "log_spectrum_distance"):
        score, values = said["scores"][name], [float(row[name]) for row in rows]
        assert score["value"] == pytest.approx(np.mean(values), rel=1e-12)
        assert min(values) <= score["low"] < score["value"] < score["high"] <= max(values)
    with Image.open(run / "evaluation" / "test" / "pictures.png") as grid:
        assert grid.height > 4 * 128  # four rows: all pictures there are
    printed = capsys.readouterr().out
    ssim = next(line for line in printed.splitlines() if line.startswith("ssim"))
    assert ssim.split()[1] == "↑"
    assert float(ssim.split()[2]) == pytest.approx(said["scores"]["ssim"]["value"], abs=1e-3)
    assert "Left out: ms_ssim needs pictures of at least 161 pixels" in printed


def test_what_is_there_is_read_again(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs / "seed 0"
    assert main([str(run)]) == 0
    first, before = capsys.readouterr().out, metrics(run)
    monkeypatch.setattr(one_run, "measure", never)
    assert main([str(run)]) == 0
    assert capsys.readouterr().out == first
    assert metrics(run) == before
    assert main([str(run), "--metrics", "ssim,lab_histogram"]) == 0
    printed = capsys.readouterr().out
    assert "ssim" in printed
    assert "psnr" not in printed
    assert main([str(run), "--resamples", "200"]) == 0
    after = metrics(run)
    assert after["settings"]["resamples"] == 200
    assert after["scores"]["psnr"]["value"] == before["scores"]["psnr"]["value"]
    assert after["scores"]["psnr"]["low"] != before["scores"]["psnr"]["low"]
    with pytest.raises(AssertionError, match="measured though"):
        main([str(run), "--again"])


def test_an_evaluation_of_other_settings_is_not_overwritten(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = runs / "seed 0"
    assert main([str(run), "--metrics", "ssim", "--pictures", "2"]) == 0
    said = mistake(capsys, run)
    assert said == (
        f"pix2pix evaluate: {run}/evaluation/val holds an evaluation with other settings: pictures was 2 and is None;"
        " it has ssim alone. To replace it: --again\n"
    )
    assert "it has no psnr" in mistake(capsys, run, "--pictures", "2", "--metrics", "psnr")
    assert "rank_by was ssim and is l1" in mistake(
        capsys, run, "--pictures", "2", "--metrics", "ssim", "--rank-by", "l1"
    )
    shutil.copy(runs / "seed 1" / "checkpoints" / "last.ckpt", run / "checkpoints")
    assert "it is of other weights (7 images seen then, 7 now)" in mistake(capsys, run, "--pictures", "2")
    assert metrics(run)["pictures"] == 2
    assert main([str(run), "--again"]) == 0
    assert metrics(run)["pictures"] == 6


def test_an_evaluation_that_was_cut_off_is_made_anew(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs / "seed 0"

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    assert main([str(run)]) == 0
    with monkeypatch.context() as patched:
        patched.setattr("pix2pix.evaluation.files.write_metrics", stopped)
        assert main([str(run), "--again"]) == 130
    assert not (run / "evaluation" / "val" / "metrics.json").exists()
    assert main([str(run)]) == 0
    assert metrics(run)["pictures"] == 6


def test_a_run_that_cannot_be_written_to(
    runs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told before anything is measured, and `-o` names another place."""
    (runs / "seed 0" / "evaluation").write_text("a file, where a folder should be")
    with monkeypatch.context() as patched:
        patched.setattr(one_run, "measure", never)
        assert main([str(runs / "seed 0")]) == 1
    assert capsys.readouterr().err == "pix2pix evaluate: runs/seed 0/evaluation/val: Not a directory\n"
    assert main([str(runs / "seed 0"), "-o", "mine"]) == 0
    assert (Path("mine") / "val" / "metrics.json").is_file()


def test_several_runs_are_compared(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    typed = [str(runs / name) for name in ("seed 0", "l1", "seed 1", "seed 2")]
    assert main([*typed, "-o", "both"]) == 0
    printed = capsys.readouterr().out
    said = json.loads(Path("both", "comparison.json").read_text())
    assert [[run["run"] for run in method["runs"]] for method in said["methods"]] == [
        [typed[0], typed[2], typed[3]],
        [typed[1]],
    ]
    first = said["methods"][0]
    values = [metrics(Path(run["run"]))["scores"]["psnr"]["value"] for run in first["runs"]]
    assert first["scores"]["psnr"]["value"] == pytest.approx(np.mean(values))
    difference = said["differences"][0]["scores"]["psnr"]["value"]
    assert difference == pytest.approx(np.mean(values) - said["methods"][1]["scores"]["psnr"]["value"])
    page = Path("both", "comparison.md").read_text()
    for text in (printed, page):
        assert "A3: runs/seed 2, seed 2, objective.adversarial=vanilla objective.conditional=true" in text
        assert "A minus B" in text
        assert "Of B there is one seed" in text


def test_runs_on_other_pictures_are_not_compared(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    untrained(runs / "large", "data.size=[24,24]", "seed=8")
    said = mistake(capsys, runs / "seed 0", runs / "large")
    assert "their targets differ: data.size is [16, 16] and [24, 24]" in said
    untrained(runs / "more", "data.val_pairs=7", "seed=9")
    assert "only one of them has 'val-000006'" in mistake(capsys, runs / "seed 0", runs / "more")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("runs/seed 9",), "runs/seed 9 is neither a file nor a folder: expected a checkpoint or the folder of a run"),
        (("runs",), "It holds 4 runs: type runs/*/checkpoints/last.ckpt"),
        (("runs/seed 0", "--metrics", "ssmi"), "--metrics: there is no 'ssmi'; there are psnr,"),
        (("runs/seed 0", "--metrics", "ms_ssim"), "--metrics: ms_ssim cannot be measured: needs pictures of at least"),
        (("runs/seed 0", "--rank-by", "psn"), "'psn' is not measured here; there are psnr, ssim,"),
        (("runs/seed 0", "--judge", "nowhere"), "--judge: the judge has not been made for these data"),
        (("runs/seed 0", "--metrics", "judge", "--judge", "none"), "--metrics judge asks for a judge"),
        (("runs/seed 0", "--metrics", "ssim", "--judge", "x"), "--judge: --metrics asks for no score of a judge"),
        (("runs/seed 0", "--weights", "x"), "--weights: for lpips, fid, kid, and --metrics names none of them"),
        (("runs/seed 0", "runs/seed 0/"), "have the same weights: name each run once"),
        (("runs/seed 0", "--data-root", "."), "was trained on data=scenes, which reads no folder"),
        (("runs/seed 0", "--device", "gpu"), "--device: 'gpu' is no device"),
    ],
)
def test_mistakes_end_in_words(
    words: tuple[str, ...], said: str, runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = mistake(capsys, *words)
    assert said in printed
    assert all(line.startswith("pix2pix evaluate: ") for line in printed.splitlines())
    assert not (runs / "seed 0" / "evaluation").exists()


def test_a_picture_that_cannot_be_read(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = pairs_folder(Path("pairs"), train=1, val=2)
    run = untrained(runs / "pairs", "data=side_by_side", f"data.root={root}")
    (root / "val" / "1.png").write_bytes(b"none")
    assert main([str(run)]) == 1
    assert "pairs/val/1.png: cannot be read" in capsys.readouterr().err
    assert not (run / "evaluation").exists()


def judge_of(run: Path, judges: Path, seed: int) -> Judge:
    """A judge that knows the validation's pictures, where the one of the run's data belongs."""
    data = open_run(str(run)).data("val")
    assert isinstance(data.source_domain, Labels)
    torch.manual_seed(seed)
    network = Segmenter(3, data.source_domain.channels, 4, 2)
    samples = [data.sample("val", index) for index in range(6)]
    photos, labels = torch.stack([each.target for each in samples]), torch.stack([each.source for each in samples])
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(40):
        optimizer.zero_grad()
        torch.autograd.backward(torch.nn.functional.cross_entropy(network(photos), labels.argmax(1)))
        optimizer.step()
    judge = Judge(network, Rgb(), data.source_domain, (16, 16), Standing(6, {}, {}, {}), {})
    folder = judges / key(data)
    folder.mkdir(parents=True, exist_ok=True)
    judge.save(folder)
    return judge


def test_the_judge_is_found_and_its_score_of_real_photos_stands_beside(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = runs / "seed 0"
    assert main([str(run)]) == 0
    assert "Left out: judge has not been made for these data; if the sources are labels: pix2pix judge RUN" in (
        capsys.readouterr().out
    )
    judge = judge_of(run, Path("outputs", "judges"), seed=0)
    assert "it has no score by the judge outputs/judges/" in mistake(capsys, run)
    assert main([str(run), "--judge", "none"]) == 0
    assert main([str(run), "--again"]) == 0
    data, translator = open_run(str(run)).data("val"), open_run(str(run)).translator()
    expected = {"": JudgeScore(judge), "real_": JudgeScore(judge)}
    for index in range(6):
        sample = data.sample("val", index)
        translated = translator(data.readable("val")[index].source, sample.name)
        labels = ((sample.source + 1) / 2)[None]
        expected[""].update(torch.from_numpy(translated).permute(2, 0, 1)[None] / 255, labels)
        expected["real_"].update((sample.target[None] + 1) / 2, labels)
    scores = metrics(run)["scores"]
    for prefix, score in expected.items():
        for name, value in score.compute().items():
            assert scores[prefix + name]["value"] == pytest.approx(float(value), abs=0.02)  # 8 bits against float
    assert scores["real_judged_pixel_accuracy"]["value"] > scores["judged_pixel_accuracy"]["value"] + 0.1
    capsys.readouterr()
    assert main([str(run), "--judge", "none"]) == 0
    assert "judged" not in capsys.readouterr().out
    judge_of(run, Path("outputs", "judges"), seed=1)
    assert "is another one" in mistake(capsys, run)


def test_scores_by_different_judges_are_not_compared(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in (0, 1):
        judge_of(runs / "seed 0", Path("judges"), seed)
        assert main([str(runs / f"seed {seed}"), "--judge", "judges"]) == 0
    shutil.rmtree("judges")
    said = mistake(capsys, runs / "seed 0", runs / "seed 1")
    assert "were scored by different judges" in said


def test_names_that_are_no_text_and_links_in_place_of_results(tmp_path: Path) -> None:
    pairs = pairs_folder(tmp_path / "pairs", train=2, val=3)
    for path in (pairs / "val").iterdir():
        path.rename(path.with_name(f"caf\udce9{path.name}"))
    run = untrained(tmp_path / "run", "data=side_by_side", f"data.root={pairs}")
    precious = tmp_path / "precious.txt"
    precious.write_text("kept")
    folder = run / "evaluation" / "val"
    folder.mkdir(parents=True)
    for name in ("pictures.csv", "pictures.png", "contributions.npz", "metrics.json"):
        (folder / name).symlink_to(precious)
    assert main([str(run), "--again", "--trust"]) == 0
    assert precious.read_text() == "kept"
    rows = (folder / "pictures.csv").read_text(encoding="utf-8").splitlines()
    assert [row.partition(",")[0] for row in rows] == ["name", *(f"caf\\udce9{index}" for index in range(3))]
    assert main([str(run)]) == 0  # read again


def test_the_pattern_that_is_advised_passes_over_a_sweep_beside_the_runs(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(runs / "l1", runs / "sweep" / "seed=1")
    said = mistake(capsys, runs)
    pattern = said.rpartition("type ")[2].strip()
    assert "It holds 4 runs" in said
    found = sorted(Path().glob(pattern))  # as a shell does
    assert len(found) == 4
    assert main([str(each) for each in found]) == 0


def test_a_pipe_is_not_waited_for(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = runs / "l1" / "evaluation" / "val"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "metrics.json")
    assert "evaluation/val/metrics.json: " in mistake(capsys, runs / "l1")


@pytest.mark.parametrize("name", ["pictures.png", "link"])
def test_no_picture_of_the_data_is_replaced_by_an_evaluation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Whose folder is that of the split, if -o says so, or has a picture of it under the name of a result."""
    pairs = pairs_folder(tmp_path / "pairs", train=2, val=3)
    run = untrained(tmp_path / "run", "data=side_by_side", f"data.root={pairs}")
    picture, output = pairs / "val" / "pictures.png", pairs
    (pairs / "val" / "0.png").rename(picture)
    if name == "link":
        output = tmp_path / "out"
        (output / "val").mkdir(parents=True)
        os.link(picture, output / "val" / "metrics.json")
    before = picture.read_bytes()
    said = mistake(capsys, run, "-o", output)
    assert f"{output / 'val'}" in said
    assert "is a file of the data, and would be replaced" in said
    assert picture.read_bytes() == before


@pytest.mark.parametrize("place", ["evaluation", "evaluation/val"])
def test_nothing_is_written_out_of_a_run_unless_it_is_trusted(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    run, elsewhere = runs / "seed 0", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "metrics.json").write_text("mine")
    (run / place).parent.mkdir(exist_ok=True)
    (run / place).symlink_to(elsewhere)
    said = mistake(capsys, run, "--metrics", "psnr")
    assert f"  {place}: a link to {elsewhere}\n" in said
    assert "--trust" in said
    assert [(each.name, each.read_text()) for each in elsewhere.iterdir()] == [("metrics.json", "mine")]
    assert main([str(run), "--metrics", "psnr", "-o", str(tmp_path / "mine")]) == 0
    assert main([str(run), "--metrics", "psnr", "--trust"]) == 0
    assert (elsewhere / ("val" if place == "evaluation" else "") / "contributions.npz").is_file()


@pytest.mark.parametrize(
    ("found", "damaged"),
    [
        ('"weights":', '"weight":'),
        ('"resamples": 100,', '"resamples": 1e999,'),
        ('"digest":', '"dig":'),
        ('"measured": [', '"measured": 5, "more": ['),
    ],
)
def test_an_evaluation_that_is_damaged_is_made_anew(runs: Path, found: str, damaged: str) -> None:
    words = [str(runs / "seed 0"), "--metrics", "psnr", "--resamples", "100"]
    assert main(words) == 0
    file = runs / "seed 0" / "evaluation" / "val" / "metrics.json"
    whole = file.read_text()
    assert found in whole
    file.write_text(whole.replace(found, damaged))
    assert main(words) == 0
    assert file.read_text() == whole


def test_numbers_beyond_the_range_of_the_training_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They are compared as if they lay at its ends, which is kind to the network."""
    monkeypatch.chdir(tmp_path)
    for split, highest in (("train", 100), ("val", 200)):
        ramp = np.tile(np.linspace(0, highest, 32, dtype=np.float32), (16, 1))
        for index in range(3):
            write_picture_pair(tmp_path / "pairs" / split, index, ramp)
    side = "{kind:raw,range:[0,100]}"
    untrained(Path("run"), "data=two_folders", "data.root=pairs", f"data.source={side}", f"data.target={side}")
    for _ in range(2):  # measured, and read again
        caplog.clear()
        assert main(["run"]) == 0
        source, target = (each for each in caplog.messages if "beyond" in each)
        found = "hold numbers beyond the range of the training's (0 to 100), 50 % of all. "
        assert source == f"run: 3 of 3 sources {found}The network sees them as if they lay at its ends"
        assert target.startswith(f"run: 3 of 3 targets {found}They are compared as if they lay at its ends, but for")
    caplog.clear()
    assert main(["run", "--split", "train"]) == 0
    assert not any("beyond" in each for each in caplog.messages)


def write_picture_pair(folder: Path, index: int, picture: Any) -> None:
    for side in "AB":
        (folder / side).mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(folder / side / f"{index}.tif", picture)
