"""Damaged checkpoints and exported files: refused in words, and never read with other weights than were written."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.evaluation.untrained_runs import untrained
from tests.hostile.mutate import Report, flip_bits, try_file, try_mutants

from pix2pix.build.assembly import resumed_checkpoint
from pix2pix.exchange.exporting import export
from pix2pix.inference.translator import Translator
from pix2pix.runs.checkpoint_io import AtomicCheckpointIO
from pix2pix.runs.run import generator_weights, read_checkpoint


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the state of a training's optimisers, as large as the networks."""
    folder = untrained(tmp_path_factory.mktemp("runs") / "run")
    last = folder / "checkpoints" / "last.ckpt"
    content = torch.load(last, weights_only=True)
    moments = {number: {"exp_avg": value} for number, value in enumerate(content["state_dict"].values())}
    content |= {"optimizer_states": [{"state": moments}], "PairedData": {"epoch": 1, "batch": 0, "pairs": 0}}
    torch.save(content, last)
    return folder


@pytest.fixture(scope="module")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    for name in ("model.safetensors", "model.onnx", "model.xml"):
        export(str(run), folder / name)
    return folder


def digest(weights: Any) -> str:
    found = hashlib.sha256()
    for name, value in sorted(weights.items()):
        found.update(name.encode())
        found.update(value.detach().numpy().tobytes())
    return found.hexdigest()


def used(path: Path) -> str:
    """Every way in which a checkpoint is read; the weights that it translates with."""
    content = read_checkpoint(path)
    translator: Any = Translator.load(path, device="cpu")
    place = path.parent / "run" / "checkpoints" / "last.ckpt"
    place.parent.mkdir(parents=True)
    place.symlink_to(path)
    try:
        resumed_checkpoint({"resume": "run", "schedule": {"epochs": 10**6}}, place.parents[1])
        AtomicCheckpointIO().load_checkpoint(path)
    finally:
        place.unlink()
        for folder in list(place.parents)[:2]:
            folder.rmdir()
    assert digest(generator_weights(content)) == digest(translator.network.generator.state_dict())
    return digest(translator.network.generator.state_dict())


def loaded(path: Path) -> str:
    translator: Any = Translator.load(path, device="cpu")
    network = translator.network
    source = torch.linspace(-1, 1, translator.source.channels * 16 * 16).reshape(1, -1, 16, 16)
    if hasattr(network, "generator"):
        return digest(network.generator.state_dict())
    return hashlib.sha256(network(source, ["a"]).numpy().tobytes()).hexdigest()


@pytest.mark.parametrize("count", [40, pytest.param(1200, marks=pytest.mark.slow)])
def test_mutants_of_a_checkpoint(run: Path, tmp_path: Path, count: int) -> None:
    last = run / "checkpoints" / "last.ckpt"
    report = try_mutants(used, last, count=count, seed=0, folder=tmp_path)
    assert not report.faults, report
    assert set(report.accepted) <= {used(last)}  # where padding alone was hit
    assert report.counts["clean"] > 0.9 * count


@pytest.mark.parametrize("count", [20, pytest.param(300, marks=pytest.mark.slow)])
def test_a_flipped_bit_changes_no_weights_unseen(run: Path, tmp_path: Path, count: int) -> None:
    rng, report, last = random.Random(1), Report(), run / "checkpoints" / "last.ckpt"
    data, mutant = last.read_bytes(), tmp_path / "last.ckpt"
    for index in range(count):
        mutant.write_bytes(flip_bits(data, rng))
        report.add(str(index), try_file(used, mutant))
    assert not report.faults, report
    assert [found for found in report.accepted if found != used(last)] == []


@pytest.mark.parametrize("name", ["model.safetensors", "model.onnx", "model.xml"])
@pytest.mark.parametrize("count", [20, pytest.param(300, marks=pytest.mark.slow)])
def test_mutants_of_exported_files(exported: Path, tmp_path: Path, name: str, count: int) -> None:
    read = _with_weights_of(exported) if name == "model.xml" else loaded
    report = try_mutants(read, exported / name, count=count, seed=2, folder=tmp_path)
    assert not report.faults, report
    assert set(report.accepted) <= {loaded(exported / name)}


def _with_weights_of(exported: Path) -> Callable[[Path], str]:
    def read(path: Path) -> str:
        place = path.with_suffix(".bin")
        place.symlink_to(exported / "model.bin")
        try:
            return loaded(path)
        finally:
            place.unlink()

    return read
