"""Sweeps as a user types them, with `hydra/launcher=process` and a stand-in for training."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import psutil
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from pix2pix.settings.idle import VARIABLE
from pix2pix.settings.resolvers import sweep_id

ROOT = Path(__file__).parents[1]
FAKE = Path(__file__).with_name("fake_train.py")
CONFIG = """
lr: 1.0
seed: 0
text: ""
names: []
seconds: 0
fail_while: null
marker: none
resume: null
trainer: {devices: 1}
hydra:
  sweep: {dir: "out puts/sweep_${sweep_id:${hydra.overrides.task}}"}
"""


@pytest.fixture
def marker() -> Iterator[str]:
    """A word in the command line of every process that a sweep starts; nothing that has it outlives the test."""
    word = f"pix2pix-sweep-test-{uuid.uuid4().hex}"
    yield word
    for process in marked(word):
        process.kill()


def marked(word: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if word in " ".join(process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def sweep_command(folder: Path, marker: str, *arguments: str, config: str = CONFIG) -> list[str]:
    conf = folder / "conf"
    conf.mkdir(exist_ok=True)
    (conf / "tiny.yaml").write_text(config)
    launcher = ["hydra/launcher=process", f"hydra.launcher.command=['{sys.executable}','{FAKE}']"]
    flags = [f"--config-path={conf}", "--config-name=tiny", "-m"]
    return [sys.executable, str(FAKE), *flags, *launcher, f"marker={marker}", *arguments]


def environment() -> dict[str, str]:
    without = {key: value for key, value in os.environ.items() if key not in ("OMP_NUM_THREADS", "HYDRA_FULL_ERROR")}
    return without | {"PYTHONPATH": str(ROOT / "src"), "CUDA_VISIBLE_DEVICES": ""}


def sweep(folder: Path, marker: str, *arguments: str, config: str = CONFIG) -> subprocess.CompletedProcess[str]:
    command = sweep_command(folder, marker, *arguments, config=config)
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=60)


def sweep_folder(folder: Path) -> Path:
    (found,) = (folder / "out puts").iterdir()
    return found


def seen(point: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((point / "score.json").read_text())["seen"]
    return result


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "table.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_one_of_four_fails_and_alone_runs_again(tmp_path: Path, marker: str) -> None:
    broken = tmp_path / "broken"
    broken.touch()
    arguments = ["seed=1,2,3,4", "trainer.devices=2", "lr=0.5", f"fail_while={broken}", "hydra.launcher.jobs=2"]
    first = sweep(tmp_path, marker, *arguments)

    assert first.returncode == 1
    assert "1 of 4 points failed: seed=2" in first.stderr
    folder = sweep_folder(tmp_path)
    rows = table(folder)
    assert [(row["seed"], row["status"], row["exit_status"]) for row in rows] == [
        ("1", "finished", "0"),
        ("2", "failed", "1"),
        ("3", "finished", "0"),
        ("4", "finished", "0"),
    ]
    assert "lr" not in rows[0]  # not swept
    assert [row["psnr"] for row in rows] == ["21", "", "23", "24"]
    assert "the loss is not finite" in (folder / "table.md").read_text()
    assert (folder / "table.md").read_text().splitlines()[0] in first.stdout
    assert not marked(marker)  # the failed point left a child behind
    for seed in (1, 3, 4):
        assert (seen(folder / f"seed={seed}")["seed"], seen(folder / f"seed={seed}")["lr"]) == (seed, 0.5)
    ports = [seen(folder / f"seed={seed}")["environment"]["MASTER_PORT"] for seed in (1, 3, 4)]
    assert len({*ports, None}) == 4

    broken.unlink()
    scores = {seed: (folder / f"seed={seed}" / "score.json").stat().st_mtime_ns for seed in (1, 3, 4)}
    again = sweep(tmp_path, marker, *arguments)
    assert again.returncode == 0, again.stderr
    assert sweep_folder(tmp_path) == folder
    assert [row["status"] for row in table(folder)] == ["finished"] * 4
    starts = [len((folder / f"seed={seed}" / "starts.txt").read_text().splitlines()) for seed in (1, 2, 3, 4)]
    assert starts == [1, 2, 1, 1]
    assert scores == {seed: (folder / f"seed={seed}" / "score.json").stat().st_mtime_ns for seed in (1, 3, 4)}


def test_what_has_no_effect_on_some_points_is_told_and_they_run(tmp_path: Path, marker: str) -> None:
    done = sweep(tmp_path, marker, "seed=1,2", "names=[a]")
    assert done.returncode == 0, done.stderr
    assert "In 1 of 2 points names: for seed 1 alone" in done.stdout + done.stderr
    for seed in (1, 2):
        assert seen(sweep_folder(tmp_path) / f"seed={seed}")["environment"][VARIABLE] == "1"


def test_jobs_overlap_and_divide_the_cores(tmp_path: Path, marker: str) -> None:
    done = sweep(tmp_path, marker, "seed=1,2,3,4", "seconds=1", "hydra.launcher.jobs=2")
    assert done.returncode == 0, done.stderr
    points = [seen(tmp_path / row["folder"]) for row in table(sweep_folder(tmp_path))]
    alive = [sum(other["began"] <= point["began"] < other["ended"] for other in points) for point in points]
    assert max(alive) == 2
    share = str(max(1, len(os.sched_getaffinity(0)) // 2))
    for point in points:
        expected = {"OMP_NUM_THREADS": share, "MKL_NUM_THREADS": share, "MASTER_PORT": None, VARIABLE: "1"}
        assert point["environment"] == expected


ODD = ["a b", "x,y=z", "it's", 'say "no"', "[1]{a:b}", "back\\sl/ash", "ends in \\", "ünï $HOME #%(a)s", "null"]


def quoted(text: str) -> str:
    """As Hydra's grammar documents it: quotes are escaped, and backslashes only before a quote."""
    head = text.rstrip("\\")
    return "'" + head.replace("'", "\\'") + "\\\\" * (len(text) - len(head)) + "'"


def test_odd_values_arrive_exactly(tmp_path: Path, marker: str) -> None:
    assert [OverridesParser.create().parse_override(f"text={quoted(odd)}").value() for odd in ODD] == ODD
    arguments = ["names=['a b','c,d=e']", "+extra={a: [1, 2]}", "hydra.verbose=[some.module]", "hydra.launcher.jobs=2"]
    folder = "hydra.sweep.dir='it\\'s, [my] sweep=1'"
    done = sweep(tmp_path, marker, "text=" + ",".join(map(quoted, ODD)), *arguments, folder)
    assert done.returncode == 0, done.stderr
    points = [seen(Path(row["folder"])) for row in table(tmp_path / "it's, [my] sweep=1")]
    assert [point["text"] for point in points] == ODD
    assert all(point["names"] == ["a b", "c,d=e"] and point["verbose"] == "['some.module']" for point in points)


def test_a_mistake_in_a_later_point_is_found_before_any_runs(tmp_path: Path, marker: str) -> None:
    done = sweep(tmp_path, marker, "lr=1,2,-3")
    assert done.returncode == 1
    assert "point 2 of the sweep" in done.stderr
    assert "lr: found -3, expected a number of 0 or more" in done.stderr
    assert not list(tmp_path.rglob("starts.txt"))


def test_a_chosen_subdir_is_kept_and_a_reference_is_followed_by_the_point(tmp_path: Path, marker: str) -> None:
    reference = "text='lr is ${lr}'"
    done = sweep(tmp_path, marker, "seed=1,2", reference, "hydra.sweep.subdir='number ${hydra.job.num}'")
    assert done.returncode == 0, done.stderr
    folder = sweep_folder(tmp_path)
    assert folder.name == f"sweep_{sweep_id([f'marker={marker}', 'seed=1,2', reference])}"
    assert [row["point"] for row in table(folder)] == ["number 0", "number 1"]
    assert seen(folder / "number 1")["text"] == "lr is 1.0"


def test_sweeps_in_batches_and_from_the_sweepers_own_settings_share_one_table(tmp_path: Path, marker: str) -> None:
    done = sweep(
        tmp_path,
        marker,
        "seed=1,2",
        "hydra.sweeper.max_batch_size=1",
        config=CONFIG + "  sweeper: {params: {lr: '3,4'}}",
    )
    assert done.returncode == 0, done.stderr
    rows = table(sweep_folder(tmp_path))
    assert [row["point"] for row in rows] == ["lr=3,seed=1", "lr=3,seed=2", "lr=4,seed=1", "lr=4,seed=2"]
    assert [row["ssim"] for row in rows] == ["0.3", "0.3", "0.4", "0.4"]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("ssim", [0.1, 0.1]), ("[psnr,ssim]", [[21.0, 0.1], [22.0, 0.1]]), ("null", [{"ssim": 0.1, "psnr": 21.0}, ANY])],
)
def test_a_sweeper_gets_the_metric_that_it_seeks(tmp_path: Path, marker: str, metric: str, expected: list[Any]) -> None:
    plugins = tmp_path / "plugins" / "hydra_plugins"
    plugins.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("recording_sweeper.py"), plugins)
    command = sweep_command(tmp_path, marker, "hydra/sweeper=recording", f"+sweep_metric={metric}")
    path = os.pathsep.join([str(ROOT / "src"), str(plugins.parent)])
    subprocess.run(command, cwd=tmp_path, env=environment() | {"PYTHONPATH": path}, check=True, timeout=60)
    assert json.loads((tmp_path / "returned.json").read_text()) == expected


def test_the_same_sweep_is_not_run_twice_at_a_time(tmp_path: Path, marker: str) -> None:
    arguments = ["seed=1,2", "seconds=100"]
    with subprocess.Popen(
        sweep_command(tmp_path, marker, *arguments),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as first:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob("out puts/*/*/starts.txt")):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        second = sweep(tmp_path, marker, *arguments)
        assert second.returncode == 1
        assert "another pix2pix train -m works there" in second.stderr
        assert not (sweep_folder(tmp_path) / "table.csv").exists()
        first.send_signal(signal.SIGTERM)
    assert [row["status"] for row in table(sweep_folder(tmp_path))] == ["stopped", "waiting"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("whole_group", [True, False])
def test_a_signal_ends_all_and_leaves_nothing_running(
    tmp_path: Path, marker: str, number: signal.Signals, whole_group: bool
) -> None:
    command = sweep_command(tmp_path, marker, "seed=1,2,3", "seconds=100", "hydra.launcher.jobs=2")
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where tests run in the background
    )
    deadline = time.monotonic() + 30
    while len([one for one in marked(marker) if "time.sleep" in " ".join(one.info["cmdline"])]) < 2:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.1)
    if whole_group:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert not marked(marker)
    assert "the same command goes on from here" in output
    assert [row["status"] for row in table(sweep_folder(tmp_path))] == ["stopped", "stopped", "waiting"]
