"""Two processes of batch 2 against one of batch 4: steps, scores, logs, files; and the launchers that start ranks."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tests.end_to_end.ranks_program import train_all
from tests.training.test_bad_pairs import pairs

from pix2pix.callbacks import checkpoints as checkpoints_module
from pix2pix.callbacks.checkpoints import Checkpoints
from pix2pix.processes.signals import Interrupted

ROOT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("ranks_program.py")
PATIENCE = 300.0  # seconds

# 10 pairs: batches of 4, 4 and 2. Dropout is noise that each rank draws for itself.
TINY = (
    *(
        "data.train_pairs=10",
        "data.size=[16,16]",
        "size.base_channels=4",
        "size.discriminator_channels=4",
        "generator.depth=3",
        "generator.dropout=0",
    ),
    *("discriminator.receptive_field=7", "schedule.epochs=3", "training.log_every_images=4"),
    *("trainer.precision=32-true", "callbacks.samples.count=1"),
)
INSTANCE = ("generator.norm=instance", "discriminator.norm=instance")
WHOLE_STEP = ("training.accumulate=2", "training.average=0.9", "training.clip_norm=1")
# Pictures of a batch of one process, and what the run is about. Validation: an odd count, fewer pictures than ranks,
# and one batch more on the first rank than on the second.
CASES: dict[str, tuple[int, tuple[str, ...]]] = {
    "instance norm": (4, (*INSTANCE, "data.val_pairs=5")),
    "synchronised batch norm": (4, ("trainer.sync_batchnorm=true", "data.val_pairs=1")),
    "accumulated": (2, (*INSTANCE, *WHOLE_STEP, "data.val_pairs=17")),
    "colours as classes": (4, (*INSTANCE, "data.val_pairs=3", "objective=classes", "data.task=grey2colour")),
    "beyond the paper": (
        4,
        (
            *("generator.norm=instance", "discriminator=multiscale", "discriminator.scales=2", "objective=pix2pixhd"),
            *("discriminator.spectral_norm=true", "objective.r1_gamma=1", "objective.r1_every=2", "data.val_pairs=2"),
        ),
    ),
    "accumulated, synchronised": (2, ("trainer.sync_batchnorm=true", *WHOLE_STEP, "data.val_pairs=2")),
}
# The norm takes these biases away at once, so their gradient is rounding alone, which Adam makes steps of.
WITHOUT_EFFECT = re.compile(r"(generator|average)\.(network\.)?(down\.1\.0|up\.[01]\.1)\.bias")


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def start_rank(rank: int, port: str, command: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    """Start one of two ranks as torchrun does."""
    place = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
    environment = os.environ | place | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, output


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every case, in `one/`, and in `rank_0/` and `rank_1/`."""
    folder = tmp_path_factory.mktemp("runs")
    one = {name: [*TINY, *case, "trainer=cpu", f"data.batch_size={batch}"] for name, (batch, case) in CASES.items()}
    two = {
        name: [*TINY, *case, "trainer=ddp_cpu", f"data.batch_size={batch // 2}"]
        for name, (batch, case) in CASES.items()
    }
    port = free_port()
    ranks = [
        start_rank(rank, port, [str(PROGRAM), str(folder / f"rank_{rank}"), json.dumps(two)], folder) for rank in (0, 1)
    ]
    train_all(folder / "one", one)
    for rank in ranks:
        status, output = ended(rank)
        assert status == 0, output
        assert "Warning" not in output
    return folder


def end(runs: Path, who: str, case: str) -> dict[str, Any]:
    return torch.load(runs / who / case / "end.pt")  # type: ignore[no-any-return]


def rows(run: Path) -> list[dict[str, float]]:
    with (run / "metrics.csv").open(newline="") as file:
        return [
            {name: float(text) for name, text in row.items() if text and name != "images_per_second"}
            for row in csv.DictReader(file)
        ]


@pytest.mark.parametrize("case", CASES)
def test_the_steps_are_those_of_one_process(runs: Path, case: str) -> None:
    one, two = end(runs, "one", case)["state"], end(runs, "rank_0", case)["state"]
    assert one.keys() == two.keys()
    differences = {
        name: float((one[name].double() - two[name].double()).abs().max())
        for name in one
        if not ("instance" in " ".join(CASES[case][1]) and WITHOUT_EFFECT.fullmatch(name))
    }
    largest = max(differences, key=lambda name: differences[name])
    # A step is 2e-4 long, and Adam divides by gradients that are partly small.
    assert differences[largest] < 5e-6, f"{largest}: {differences[largest]}"


@pytest.mark.parametrize("case", CASES)
def test_both_ranks_have_the_same_weights_and_scores(runs: Path, case: str) -> None:
    first, second = (end(runs, who, case) for who in ("rank_0", "rank_1"))
    assert first["scores"] == second["scores"]
    for name, value in first["state"].items():
        assert torch.equal(value, second["state"][name]), name


@pytest.mark.parametrize("case", CASES)
def test_validation_counts_every_picture_once(runs: Path, case: str) -> None:
    assert end(runs, "rank_0", case)["scores"] == pytest.approx(end(runs, "one", case)["scores"], rel=2e-6)


@pytest.mark.parametrize("case", CASES)
def test_what_is_logged_is_that_of_the_whole_batch(runs: Path, case: str) -> None:
    one, two = (rows(runs / who / case) for who in ("one", "rank_0"))
    assert [row["images"] for row in two] == [row["images"] for row in one]
    assert two == [pytest.approx(row, rel=5e-6) for row in one]


def test_the_first_rank_alone_writes(runs: Path) -> None:
    written = runs / "rank_0" / "accumulated"
    names = {str(path.relative_to(written)) for path in written.rglob("*")}
    assert {"metrics.csv", "checkpoints/last.ckpt", "checkpoints/best_ssim.ckpt", "samples/epoch_0003.png"} <= names
    assert {path.name for path in (runs / "rank_1").rglob("*") if path.is_file()} == {"end.pt"}


def test_bad_pairs_of_any_rank_count_once_and_are_not_scored(tmp_path: Path) -> None:
    """The bad file falls to the second rank, whose stand-in would be a picture of the first."""
    small = [*TINY[1:], "trainer=ddp_cpu", "data=side_by_side", "data.on_bad=skip", "schedule.epochs=1", *INSTANCE]
    cases = {}
    for name, bad in (("without", None), ("damaged", b"cut off")):
        root = pairs(tmp_path / f"{name} pairs", 5, bad=3)
        if bad is not None:
            (root / "val" / "3.png").write_bytes(bad)
        cases[name] = [*small, f"data.root='{root}'"]
    port = free_port()
    for rank in [
        start_rank(rank, port, [str(PROGRAM), str(tmp_path / f"rank_{rank}"), json.dumps(cases)], tmp_path)
        for rank in (0, 1)
    ]:
        status, output = ended(rank)
        assert status == 0, output
    for who in ("rank_0", "rank_1"):
        without, damaged = (end(tmp_path, who, case) for case in cases)
        assert (without["skipped"], damaged["skipped"]) == (0, 1)
        assert damaged["scores"] == pytest.approx(without["scores"], rel=1e-6)  # summed in another order


def test_a_signal_that_comes_while_the_ranks_agree_is_obeyed_when_all_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not put in by then, it is put in after the next batch, and known to all after the one that follows."""
    numbers: list[int] = []

    class Ranks:
        def put(self, value: int) -> int:
            if not numbers:
                signal.raise_signal(signal.SIGTERM)
            numbers.append(value)
            return max(numbers[:-1], default=0)

    monkeypatch.setattr(checkpoints_module, "Agreement", Ranks)
    loop = SimpleNamespace(
        batch_progress=SimpleNamespace(is_last_batch=False), _should_check_val_fx=lambda fetcher: False
    )
    trainer: Any = SimpleNamespace(
        world_size=2,
        is_global_zero=False,
        fit_loop=SimpleNamespace(epoch_loop=loop, _data_fetcher=object()),
        save_checkpoint=lambda path: None,
    )
    module: Any = SimpleNamespace(images_seen=1)
    checkpoints = Checkpoints(tmp_path, {})
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    try:
        checkpoints.on_train_start(trainer, module)
        checkpoints.on_train_batch_end(trainer, module, None, None, 0)
        checkpoints.on_train_batch_end(trainer, module, None, None, 1)
        with pytest.raises(Interrupted, match="SIGTERM"):
            checkpoints.on_train_batch_end(trainer, module, None, None, 2)
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
    assert numbers == [0, signal.SIGTERM, signal.SIGTERM]


# --- launchers ------------------------------------------------------------------------------------------------------

COMMAND = ("-m", "pix2pix.commands.train", *TINY, *INSTANCE, "data.val_pairs=3", "data.batch_size=2")


def state(run: Path) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    return content


def the_run(folder: Path) -> Path:
    (run,) = (folder / "outputs" / "scenes").iterdir()
    return run


def test_ranks_started_by_lightning_and_from_outside(tmp_path: Path) -> None:
    """The same run, in one folder, whoever starts the second rank, and though it starts in another second."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    lightning = subprocess.Popen(
        [sys.executable, *COMMAND, "trainer=ddp_cpu"],
        cwd=inside,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    port = free_port()
    ranks = []
    for rank in (1, 0):
        ranks.append(start_rank(rank, port, [*COMMAND, "trainer=cpu", "trainer.devices=2"], outside))
        time.sleep(1.1)
    for process in (lightning, *ranks):
        status, output = ended(process)
        assert status == 0, output
        assert "Warning" not in output
        assert "It is recommended" not in output
    for run in (the_run(inside), the_run(outside)):
        recorded = (run / ".hydra" / "overrides.yaml").read_text()
        assert "data.batch_size=2" in recorded
        assert json.loads((run / "score.json").read_text())["images"] == 30
        images = [row["images"] for row in rows(run) if "loss/l1" in row]
        assert images == [4, 8, 10, 14, 18, 20, 24, 28, 30]
        assert len(list((run / "samples").iterdir())) == 3
    first, second = state(the_run(inside)), state(the_run(outside))
    assert all(torch.equal(value, second[name]) for name, value in first.items())


@pytest.mark.slow
def test_torchrun(tmp_path: Path) -> None:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run([*torchrun, *COMMAND, "trainer=ddp_cpu"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads((the_run(tmp_path) / "score.json").read_text())["images"] == 30
    wrong = subprocess.run([*torchrun, *COMMAND, "trainer=cpu"], cwd=tmp_path, capture_output=True, text=True)
    assert "trainer.devices: found 1 on each of 1 nodes, and the launcher has started 2 processes" in wrong.stderr


def slurm_says_why_not() -> str | None:
    if shutil.which("srun") is None:
        return "SLURM is not installed"
    idle = subprocess.run(["sinfo", "--noheader", "--states=idle"], capture_output=True, text=True)
    return None if idle.stdout.strip() else "no node of SLURM is idle"


@pytest.mark.slow
def test_slurm(tmp_path: Path) -> None:
    """`srun` starts the ranks; `scancel` stops them in order; `resume=` goes on."""
    if reason := slurm_says_why_not():
        pytest.skip(reason)
    srun = ["srun", "--ntasks=2", f"--job-name={tmp_path.name}", sys.executable]
    job = subprocess.Popen(
        [*srun, *COMMAND, "trainer=ddp_cpu", "schedule.epochs=500"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + PATIENCE
    while not list(tmp_path.glob("outputs/*/*/samples/epoch_0003.png")):
        assert job.poll() is None, job.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.1)
    subprocess.run(["scancel", "--signal=TERM", f"--name={tmp_path.name}"], check=True)
    status, output = ended(job)
    assert status == 128 + signal.SIGTERM, output
    run = the_run(tmp_path)
    epochs = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["PairedData"]["epoch"]
    again = subprocess.run(
        [*srun, "-m", "pix2pix.commands.train", f"resume='{run}'", f"schedule.epochs={epochs + 2}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert again.returncode == 0, again.stderr
    assert json.loads((run / "score.json").read_text())["images"] == 10 * (epochs + 2)
    images = [row["images"] for row in rows(run) if "loss/l1" in row]
    assert images == sorted(set(images))
    assert not (run / ".hydra" / "resume_2").exists()
