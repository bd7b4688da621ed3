"""The folder of a new run: one for each run, however many start at once, and none for what is refused."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from pix2pix.errors import ConfigError
from pix2pix.runs.new_folder import new_folder


def take(folder: Path, start: Any, found: Any) -> None:
    start.wait()
    with new_folder(folder, lambda: True) as taken:
        (taken / "metrics.csv").touch()
        found.put(taken.name)
        start.wait()  # all hold theirs at once


def test_runs_that_start_at_once_take_a_folder_each(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("fork")
    start, found = processes.Barrier(6), processes.Queue()
    started = [processes.Process(target=take, args=(tmp_path / "a" / "now", start, found)) for _ in range(6)]
    for each in started:
        each.start()
    names = sorted(found.get(timeout=60) for _ in started)
    for each in started:
        each.join()
    assert names == ["now", "now_2", "now_3", "now_4", "now_5", "now_6"]


def test_a_folder_that_was_chosen_is_that_folder(tmp_path: Path) -> None:
    with new_folder(tmp_path, lambda: False) as taken:
        assert taken == tmp_path
    (tmp_path / "metrics.csv").touch()
    with pytest.raises(ConfigError, match=r"holds metrics\.csv of a run"), new_folder(tmp_path, lambda: False):
        pass


def ended(folder: Path, end: BaseException, *files: str) -> None:
    with new_folder(folder, lambda: False) as taken:
        for name in files:
            (taken / name).touch()
        raise end


@pytest.mark.parametrize("end", [ConfigError("no"), SystemExit(2)])
def test_what_is_refused_leaves_nothing(tmp_path: Path, end: BaseException) -> None:
    with pytest.raises(type(end)):
        ended(tmp_path / "a" / "b", end, "train.log")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("end", [SystemExit(0), SystemExit(1), SystemExit(143), RuntimeError()])
def test_whatever_else_ends_it_leaves_its_log(tmp_path: Path, end: BaseException) -> None:
    with pytest.raises(type(end)):
        ended(tmp_path / "a", end, "train.log")
    assert (tmp_path / "a" / "train.log").exists()


def test_what_was_there_or_is_no_log_stays(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(ConfigError):
        ended(tmp_path / "there", ConfigError("no"), "train.log")
    assert (tmp_path / "there" / "train.log").exists()
    with pytest.raises(ConfigError):
        ended(tmp_path / "new", ConfigError("no"), "train.log", "notes.txt")
    assert (tmp_path / "new" / "notes.txt").exists()
