"""Sweeps: which points run, on what, and what is written of them. The training is a few lines without Hydra."""

import csv
import fcntl
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from pix2pix.hints import quote
from pix2pix.processes.trees import ProcessTree, end
from pix2pix.settings.resolvers import sweep_id
from pix2pix.sweeping.point import Point, SweepError, point_name
from pix2pix.sweeping.sharing import visible_devices
from pix2pix.sweeping.sweep import run_points

TRAINING = """
import json, os, pathlib, sys, time
settings = dict(argument.split("=", 1) for argument in sys.argv[1:])
folder = pathlib.Path((settings.get("hydra.run.dir") or settings["resume"]).strip("'"))
began = time.time()
print("starts with", sys.argv[1:], flush=True)
time.sleep(float(settings.get("seconds", 0)))
if settings.get("do") == "fail":
    print(*range(100), sep=os.linesep)
    sys.exit(7)
if settings.get("do") == "die":
    os.kill(os.getpid(), 9)
if settings.get("do") != "nothing":
    overrides = [argument for argument in sys.argv[1:] if not argument.startswith(("hydra.", "--"))]
    seen = {key: os.environ.get(key) for key in ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MASTER_PORT")}
    score = {"overrides": overrides, "scores": {"ssim": 0.5}, "images": 1, "minutes": 2.0}
    seen |= {"argv": sys.argv[1:], "began": began, "ended": time.time()}
    (folder / "score.json").write_text(json.dumps(score | {"seen": seen}))
"""
COMMAND = [sys.executable, "-S", "-c", TRAINING]


@pytest.fixture(autouse=True)
def no_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


def points(folder: Path, *overrides: list[str]) -> list[Point]:
    return [Point(f"p{number}", one, folder / f"p{number}") for number, one in enumerate(overrides)]


def seen(folder: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((folder / "score.json").read_text())["seen"]
    return result


def test_failures_are_recorded_and_do_not_stop_the_others(tmp_path: Path) -> None:
    asked = points(
        tmp_path, ["seed=1", "do=fail"], ["seed=1", "do=die"], ["seed=1", "do=nothing"], ["seed=1", "do=score"]
    )
    results = run_points(asked, tmp_path, command=COMMAND, jobs=4)
    assert [(result.status, result.exit_status) for result in results] == [
        ("failed", 7),
        ("failed", 128 + 9),
        ("failed", 0),
        ("finished", 0),
    ]
    assert results[0].last_lines.splitlines() == [str(number) for number in range(85, 100)]
    assert (results[3].scores, results[3].minutes) == ({"ssim": 0.5}, 2.0)
    with (tmp_path / "table.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["point", "do", "status", "exit_status", "ssim", "minutes", "folder"]
    assert rows[4] == ["p3", "score", "finished", "0", "0.5", "2", str(tmp_path / "p3")]


def test_what_has_a_score_is_skipped_and_what_has_a_checkpoint_is_continued(tmp_path: Path) -> None:
    asked = points(tmp_path, ["seed=1"], ["seed=2"])
    run_points(asked[:1], tmp_path, command=COMMAND)
    before = (tmp_path / "p0" / "score.json").read_bytes()
    (tmp_path / "p1" / "checkpoints").mkdir(parents=True)
    (tmp_path / "p1" / "checkpoints" / "last.ckpt").touch()
    (tmp_path / "p1" / ".hydra").mkdir()
    (tmp_path / "p1" / ".hydra" / "overrides.yaml").write_text("- seed=2\n")

    hydras = ["--config-name=train", "hydra.verbose=true"]
    for _ in range(2):  # the continued run's own score names other overrides than the first start's
        results = run_points(asked, tmp_path, command=COMMAND, hydra_arguments=hydras)
        assert [result.status for result in results] == ["finished", "finished"]
    assert (tmp_path / "p0" / "score.json").read_bytes() == before
    assert seen(tmp_path / "p1")["argv"] == [f"resume='{tmp_path / 'p1'}'"]
    assert (tmp_path / "p1" / "console.log").read_text().count("starts with") == 1


def test_a_point_that_starts_anew_gets_hydras_arguments_and_its_overrides_and_folder(tmp_path: Path) -> None:
    (asked,) = points(tmp_path, ["seed=1", "text=a=b, c"])
    run_points([asked], tmp_path, command=COMMAND, hydra_arguments=["--config-name=train", "hydra.verbose=true"])
    folder = f"hydra.run.dir='{tmp_path / 'p0'}'"
    assert seen(asked.folder)["argv"] == [
        "--config-name=train",
        "hydra.verbose=true",
        "seed=1",
        "text=a=b, c",
        folder,
    ]


def test_a_folder_of_other_settings_is_refused_before_anything_runs(tmp_path: Path) -> None:
    run_points(points(tmp_path, ["seed=1"]), tmp_path, command=COMMAND)
    (tmp_path / "p0").rename(tmp_path / "p1")
    with pytest.raises(
        SweepError, match=r"p1 holds a run of other settings: found \['seed=1'\], expected \['seed=2'\]"
    ):
        run_points(points(tmp_path, ["seed=1"], ["seed=2"]), tmp_path, command=COMMAND)
    assert not (tmp_path / "p0").exists()


def test_what_a_point_is_finished_by_may_be_another_file(tmp_path: Path) -> None:
    asked = [Point("a", ["seed=1"], tmp_path / "a", "more.json"), Point("b", ["seed=1"], tmp_path / "b", "more.json")]
    asked[0].folder.mkdir()
    (asked[0].folder / "more.json").write_text('{"overrides": ["seed=1"], "scores": {"x": 3}, "minutes": 1}')
    first, second = run_points(asked, tmp_path, command=COMMAND)
    assert (first.status, first.scores, first.exit_status) == ("finished", {"x": 3}, None)
    assert (second.status, second.exit_status) == ("failed", 0)  # it has a score.json alone


def test_whoever_asks_is_told_of_each_point_as_it_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told: list[tuple[str, str, bool]] = []
    asked = points(tmp_path, ["seconds=0"], ["do=fail"], ["seconds=2"])
    run_points(
        asked,
        tmp_path,
        command=COMMAND,
        jobs=3,
        ended=lambda each: told.append((each.point.name, each.status, (tmp_path / "p2" / "score.json").exists())),
        show=False,
    )
    assert sorted(told) == [("p0", "finished", False), ("p1", "failed", False), ("p2", "finished", True)]
    assert capsys.readouterr().out == ""
    assert (tmp_path / "table.csv").exists()


@pytest.mark.parametrize(
    "text",
    [
        '{"scores": ',
        '{"scores": {"ssim": 1e999}, "minutes": 1}',
        '{"scores": {"ssim": 1e300}, "minutes": 1}',  # of which two have no mean
        f'{{"scores": {{"ssim": 0.5}}, "minutes": 1{"0" * 400}}}',
        '{"scores": {"ssim": 1}, "minutes": 1, "pictures": "8"}',
    ],
)
def test_a_broken_score_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    (asked,) = points(tmp_path, ["seed=1"])
    asked.folder.mkdir()
    (asked.folder / "score.json").write_text(text)
    with pytest.raises(SweepError, match=r"p0/score.json cannot be read"):
        run_points([asked], tmp_path, command=COMMAND)


def test_how_many_pictures_the_scores_are_of_is_in_the_table(tmp_path: Path) -> None:
    (asked,) = points(tmp_path, ["seed=1"])
    asked.folder.mkdir()
    score = {"overrides": asked.overrides, "scores": {"ssim": 0.5}, "pictures": 8, "images": 1, "minutes": 2.0}
    (asked.folder / "score.json").write_text(json.dumps(score))
    run_points([asked], tmp_path, command=COMMAND)
    with (tmp_path / "table.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["ssim"], row["pictures"]) == ("0.5", "8")


@pytest.mark.parametrize("name", ["score.json", "console.log"])
def test_a_point_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    (asked,) = points(tmp_path, ["seed=1"])
    asked.folder.mkdir()
    (tmp_path / "notes").write_text("mine")
    (asked.folder / name).symlink_to("../notes")
    with pytest.raises(SweepError, match=f"{name}: a link to {tmp_path / 'notes'}"):
        run_points([asked], tmp_path / "sweep", command=COMMAND)
    assert (tmp_path / "notes").read_text() == "mine"


def test_two_points_of_one_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="have one folder"):
        run_points([Point("a", ["seed=1"], tmp_path / "a"), Point("b", ["seed=1"], tmp_path / "a")], tmp_path)


def test_a_point_that_another_sweep_trains_is_left_alone(tmp_path: Path) -> None:
    asked = points(tmp_path, ["seed=1"], ["seed=2"])
    asked[0].folder.mkdir()
    with (asked[0].folder / "console.log").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        busy, finished = run_points(asked, tmp_path, command=COMMAND)
    assert (busy.status, finished.status) == ("failed", "finished")
    assert "in use by processes that still run" in busy.last_lines
    assert [result.status for result in run_points(asked, tmp_path, command=COMMAND)] == ["finished", "finished"]


def test_gpus_are_never_given_to_two_points_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5,GPU-ab,7")
    asked = points(tmp_path, *([f"seconds={seconds}"] for seconds in (1.2, 0.2, 0.3, 0.4, 0.5)))
    run_points(asked, tmp_path, command=COMMAND, devices_per_job=2)
    runs = [seen(point.folder) for point in asked]
    alive = [[two for two in runs if two["began"] <= one["began"] < two["ended"]] for one in runs]
    assert max(map(len, alive)) == 2  # as many as fit
    for together in alive:
        given = [device for one in together for device in one["CUDA_VISIBLE_DEVICES"].split(",")]
        assert len(given) == 2 * len(together) == len(set(given))
        assert set(given) <= {"3", "5", "GPU-ab", "7"}
        assert len({one["MASTER_PORT"] for one in together}) == len(together)


@pytest.mark.parametrize(("jobs", "devices_per_job"), [(None, 3), (2, 2), (0, 1), (1, -1)])
def test_more_than_fits_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int | None, devices_per_job: int
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    with pytest.raises(SweepError, match=f"jobs={jobs or (1 if jobs is None else 0)}"):
        run_points(points(tmp_path, ["a=1"]), tmp_path, jobs=jobs, devices_per_job=devices_per_job, command=COMMAND)


def test_points_may_share_all_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    asked = points(tmp_path, ["seed=1", "seconds=3"], ["seed=2", "seconds=3"])
    run_points(asked, tmp_path, command=COMMAND, jobs=2, devices_per_job=0)
    one, two = (seen(point.folder) for point in asked)
    assert one["CUDA_VISIBLE_DEVICES"] == two["CUDA_VISIBLE_DEVICES"] == "0"
    assert max(one["began"], two["began"]) < min(one["ended"], two["ended"])


@pytest.mark.parametrize(
    ("cores", "limit", "jobs", "ranks", "expected"),
    [(16, None, 2, 1, 8), (16, None, 2, 4, 2), (2, None, 3, 1, 1), (16, "3", 2, 1, 3), (16, "9", 2, 1, 8)],
)
def test_cores_are_divided_by_points_and_ranks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int, limit: str | None, jobs: int, ranks: int, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    if limit:
        monkeypatch.setenv("OMP_NUM_THREADS", limit)
    asked = points(tmp_path, ["seed=1"], ["seed=2"], ["seed=3"])
    run_points(asked, tmp_path, command=COMMAND, jobs=jobs, devices_per_job=ranks)
    assert [seen(point.folder)["OMP_NUM_THREADS"] for point in asked] == [str(expected)] * 3


def test_devices_are_counted_by_nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "nvidia-smi"
    fake.write_text(
        '#!/bin/sh\necho "GPU 0: NVIDIA A (UUID: GPU-1)"\necho "  MIG 1g (UUID: MIG-2)"\necho "GPU 1: NVIDIA A"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert visible_devices() == []  # hidden
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert visible_devices() == ["0", "1"]
    fake.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_devices() == []


STUBBORN = "trap '' TERM; (trap '' TERM; sleep 300) & echo $!; sleep 300; sleep 300"


def stubborn_tree(folder: Path) -> tuple[ProcessTree, list[psutil.Process]]:
    tree = ProcessTree.start(["sh", "-c", STUBBORN], dict(os.environ), folder / "log")
    while not (children := psutil.Process(tree.head.pid).children(recursive=True)) or not tree.last_lines(1):
        time.sleep(0.01)
    return tree, [psutil.Process(tree.head.pid), *children]


def test_what_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    tree, processes = stubborn_tree(tmp_path)
    began = time.monotonic()
    end([tree], grace=0.5)
    assert 0.5 <= time.monotonic() - began < 3
    assert tree.exit_status == 128 + signal.SIGKILL
    assert not [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def test_a_second_signal_kills_at_once(tmp_path: Path) -> None:
    tree, processes = stubborn_tree(tmp_path)
    signals = [signal.SIGINT]
    threading.Timer(0.3, signals.append, [signal.SIGINT]).start()
    began = time.monotonic()
    end([tree], grace=60, signals=signals)
    assert time.monotonic() - began < 5
    assert not [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


ZOMBIE = """
import os, time
if os.fork() == 0:
    if os.fork() == 0:
        os._exit(0)
    os.setpgid(0, 0)
    print(os.getpid(), flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_dead_process_that_nobody_collects_does_not_count(tmp_path: Path) -> None:
    tree = ProcessTree.start([sys.executable, "-S", "-c", ZOMBIE], dict(os.environ), tmp_path / "log")
    tree.head.wait()
    while not tree.last_lines(1):
        time.sleep(0.01)
    parent = psutil.Process(int(tree.last_lines(1)))
    os.killpg(tree.head.pid, 0)  # the group exists
    while [child.status() for child in parent.children()] != [psutil.STATUS_ZOMBIE]:
        time.sleep(0.01)  # it may still be on its way out
    assert not tree.lives()
    parent.kill()


def test_the_handlers_of_the_caller_come_back(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    run_points(points(tmp_path, ["seed=1"]), tmp_path, command=COMMAND)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


def test_an_error_in_the_middle_ends_what_runs(tmp_path: Path) -> None:
    asked = points(tmp_path, ["seed=1", "seconds=300"], ["seed=2"])
    (tmp_path / "p1").write_text("a file where the folder should be")
    with pytest.raises(FileExistsError):
        run_points(asked, tmp_path, command=COMMAND, jobs=2)
    with (tmp_path / "p0" / "console.log").open("ab") as log:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody holds it any more


TELLING = """
import json, pathlib, sys, time
settings = dict(argument.split("=", 1) for argument in sys.argv[1:])
folder = pathlib.Path(settings["hydra.run.dir"].strip("'"))
print("generator 0.01 M parameters\\nepoch 1/2 · D 0.69 · 00:09 left\\nsomething else", flush=True)
while not (folder.parent / "told").exists():
    time.sleep(0.02)
score = {"ssim": float(settings["seed"]) / 10 + (settings["objective"] == "l1")}
(folder / "score.json").write_text(json.dumps({"overrides": sys.argv[1:3], "scores": score, "minutes": 2.0}))
"""


def test_how_far_each_point_is_and_where_its_log_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    told = threading.Thread(target=wait_and_tell, args=(caplog, tmp_path / "told"))
    told.start()
    asked = points(tmp_path, ["seed=1", "objective=l1"], ["seed=2", "objective=l1"])
    run_points(asked, tmp_path, command=[sys.executable, "-S", "-c", TELLING], jobs=2)
    told.join()
    for name, number in (("p0", 1), ("p1", 2)):
        assert f"{name}: started ({number} of 2), its log: {tmp_path / name / 'console.log'}" in caplog.messages
        assert caplog.messages.count(f"{name}: epoch 1/2 · D 0.69 · 00:09 left") == 1


def wait_and_tell(caplog: pytest.LogCaptureFixture, file: Path) -> None:
    deadline = time.monotonic() + 60
    while sum(": epoch 1/2" in message for message in caplog.messages) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    file.touch()


def test_means_over_seeds_stand_below_the_table(tmp_path: Path) -> None:
    (tmp_path / "told").touch()
    asked = points(tmp_path, *([f"seed={seed}", f"objective={name}"] for name in ("l1", "l2") for seed in (1, 2, 4)))
    run_points(asked[:5], tmp_path, command=[sys.executable, "-S", "-c", TELLING])
    means = (tmp_path / "table.md").read_text().partition("Means over seeds, and standard deviations:\n\n")[2]
    # 0.1, 0.2, 0.4: the mean 0.7 / 3, the variance ((4/30)² + (1/30)² + (5/30)²) / 2 = 42/1800; and 0.1, 0.2 + 0
    assert [[cell.strip() for cell in line.split("|")[1:-1]] for line in means.splitlines() if "---" not in line] == [
        ["objective", "seeds", "ssim"],
        ["l1", "3", "1.23333 ± 0.15"],
        ["l2", "2", "0.15 ± 0.071"],
    ]


def test_without_seeds_there_are_no_means(tmp_path: Path) -> None:
    (tmp_path / "told").touch()
    asked = points(tmp_path, ["seed=1", "objective=l1"], ["seed=1", "objective=l2"])
    run_points(asked, tmp_path, command=[sys.executable, "-S", "-c", TELLING])
    assert "Means" not in (tmp_path / "table.md").read_text()


def test_names_are_readable_where_they_can_be_and_never_the_same_for_two() -> None:
    assert point_name(["seed=1", "objective=l1"]) == "seed=1,objective=l1"
    odd = [["text='a b'"], ["text=ab"], ["text='a/b'"], ["text=a-b"], ["size=[1,2]"], ["size={a:1}"], ["+text=ab"]]
    long = [["text=" + "x" * 300], ["text=" + "x" * 301]]
    names = [point_name(one) for one in odd + long]
    assert len(set(names)) == len(names)
    assert all(len(name) < 120 and not set(name) & set("/ '\"[]{}") for name in names)
    assert names[4].startswith("size=1,2_")


def test_the_id_of_a_sweep_is_stable() -> None:
    assert sweep_id(["seed=1,2", "lr=3"]) == sweep_id(["lr=3", "seed=1,2"]) == "4833479d"
    assert sweep_id(["seed=1,2", "lr=4"]) != sweep_id(["seed=1,2", "lr=3"])


@pytest.mark.parametrize("text", ["/a b", "it's", 'a "b"', "a,b=[c]{d}", "back\\", "back\\'s", "ünï", "100%", "#x"])
def test_quoted_text_is_read_back(text: str) -> None:
    assert OverridesParser.create().parse_override(f"key={quote(text)}").value() == text
