"""Ranks that others start: what the variables of torchrun and srun say, what does not fit together, who ends whom."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pix2pix.errors import ConfigError
from pix2pix.processes.ranks import (
    RankLostError,
    check_launch,
    ending_together,
    launched,
    rank_arguments,
    started_by_lightning,
)
from pix2pix.processes.signals import Interrupted
from pix2pix.settings.compose import check

TORCHRUN = {"RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"}
SRUN = {"SLURM_NTASKS": "8", "SLURM_PROCID": "3", "SLURM_STEP_NUM_TASKS": "4"}
BATCH_JOB = {"SLURM_NTASKS": "8", "SLURM_PROCID": "0"}  # nobody has typed srun yet
LIGHTNING = {"LOCAL_RANK": "1", "NODE_RANK": "0", "WORLD_SIZE": "2"}


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ.keys() & (TORCHRUN | SRUN | LIGHTNING).keys():
        monkeypatch.delenv(name)


def say(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, (0, 1)),
        (TORCHRUN, (1, 2)),
        (SRUN, (3, 4)),
        (BATCH_JOB, (0, 1)),
        (LIGHTNING, (0, 1)),
        (SRUN | TORCHRUN, (1, 2)),  # torchrun on each node, started by srun
    ],
)
def test_ranks_are_those_that_have_been_started(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: tuple[int, int]
) -> None:
    say(monkeypatch, variables)
    assert launched() == expected


def test_lightnings_own_ranks_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not started_by_lightning()
    say(monkeypatch, LIGHTNING)
    assert started_by_lightning()
    say(monkeypatch, TORCHRUN)
    assert not started_by_lightning()


@pytest.mark.parametrize(
    ("variables", "devices", "nodes", "message"),
    [
        (
            TORCHRUN,
            1,
            1,
            "found 1 on each of 1 nodes, .* started 2 processes. Type trainer.devices=2, or have it start 1",
        ),
        (TORCHRUN, [0, 1, 2], 1, "Type trainer.devices=2, or have it start 3"),
        (SRUN, 4, 2, "found 4 on each of 2 nodes, .* started 4 processes. Type trainer.devices=2, or have it start 8"),
        (
            {},
            2,
            2,
            "trainer.num_nodes: found 2, but nobody has started the command on the other nodes. Type srun before",
        ),
        ({"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "here"}, 2, 1, "LOCAL_RANK, MASTER_PORT is not"),
    ],
)
def test_what_does_not_fit_together_is_told(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], devices: Any, nodes: int, message: str
) -> None:
    say(monkeypatch, variables)
    with pytest.raises(ConfigError, match=message):
        check_launch({"devices": devices, "num_nodes": nodes})


def test_nodes_are_a_number() -> None:
    with pytest.raises(ConfigError, match="num_nodes: found 'two', expected a number of at least 1"):
        check(["trainer.num_nodes=two"])


@pytest.mark.parametrize(
    ("variables", "devices", "nodes"),
    [({}, 2, 1), ({}, "auto", 1), (TORCHRUN, 2, 1), (TORCHRUN, "auto", 1), (TORCHRUN, -1, 2), (SRUN, [0, 1], 2)],
)
def test_what_fits_passes(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], devices: Any, nodes: int) -> None:
    say(monkeypatch, variables)
    check_launch({"devices": devices, "num_nodes": nodes})


def test_a_process_alone_is_told_its_folder(tmp_path: Path) -> None:
    assert rank_arguments(tmp_path) == [f"hydra.run.dir='{tmp_path}'"]


@pytest.mark.parametrize(
    ("error", "raised", "killed"),
    [
        (ValueError("a bad picture"), ValueError, [signal.SIGKILL]),
        (RuntimeError("[third_party/gloo/pair.cc:1] Connection closed by peer"), RankLostError, [signal.SIGKILL]),
        (Interrupted(signal.SIGTERM, in_order=True), Interrupted, []),  # the others leave by themselves
        (Interrupted(signal.SIGTERM, in_order=False), Interrupted, [signal.SIGKILL]),
    ],
)
def test_an_error_of_one_rank_ends_those_that_it_has_started(
    error: BaseException, raised: type[BaseException], killed: list[int]
) -> None:
    received: list[int] = []
    launcher = SimpleNamespace(kill=received.append)
    trainer: Any = SimpleNamespace(
        strategy=SimpleNamespace(launcher=launcher), global_rank=0, world_size=1, is_global_zero=True
    )
    with pytest.raises(raised), ending_together(trainer, lambda: None):
        raise error
    assert received == killed
