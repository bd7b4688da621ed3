"""Records that no training wrote: refused in words, which name the file and the key, at once and in little memory."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.evaluation.untrained_runs import untrained
from tests.hostile import mutate
from tests.hostile.mutate import try_file
from tests.training.stopped_run import TINY, train

from pix2pix.evaluation.run import open_run
from pix2pix.hints import quote
from pix2pix.inference.translator import Translator
from pix2pix.runs.run import RECORD

DEEP: list[Any] = []
for _ in range(50):
    DEEP = [DEEP]
LAUGHS: Any = "ha"
for _ in range(15):
    LAUGHS = [LAUGHS] * 10
EXPANDED = torch.zeros(1).expand(1 << 33)  # 32 GiB that are one number

# A key of the record, what stands there, and what is said.
VALUES: list[tuple[str, Any, str]] = [
    ("settings", None, "has no settings"),
    ("settings", [1], "has no settings"),
    ("settings.generator", "unet", "generator is no section"),
    ("settings.generator.depth", 10**6, "generator.depth: found 1000000, expected a number of at most 12"),
    ("settings.generator.depth", -1, "generator.depth: found -1, expected a number of at least 2"),
    ("settings.generator.depth", "7", "generator.depth: found '7', expected a whole number"),
    (
        "settings.generator.base_channels",
        10**9,
        "generator.base_channels: found 1000000000, expected a number of at most",
    ),
    ("settings.generator.base_channels", 3000, "another network's than its record says: down.0.0.weight is"),
    ("settings.generator.norm", "layer", "generator.norm: found 'layer'"),
    ("settings.generator.more", 1, "generator.more is no setting"),
    ("settings.generator._target_", ["a"], "is not one of"),
    ("settings.generator._target_", "pix2pix.models.resnet.ResNet", "generator.depth is no setting"),
    ("settings.data", 5, "data is no section"),
    ("settings.data.pairs", "x", "data.pairs"),
    ("settings.data.pairs.more", 1, "unexpected keyword argument 'more'"),
    ("settings.data.pairs.count", 10**12, "data.pairs.count"),
    ("settings.data.pairs.count", {"train": 10**12, "val": 1, "test": 1}, "data.pairs.count"),
    ("settings.data.pairs.size", [10**6, 10**6], "of at most 67 million pixels"),
    ("settings.data.pairs.size", 16, "data.pairs.size"),
    ("settings.data.pairs.task", 3, "data.pairs.task"),
    ("settings.data.size", [10**6, 10**6], "of at most 67 million pixels"),
    ("settings.data.num_workers", 10**6, "data.num_workers"),
    ("settings.data.jitter", float("nan"), "data.jitter"),
    ("settings.data.direction", {}, "data.direction"),
    ("settings.data.name", "derived", "data.derive is missing"),
    ("settings.objective", "l1", "objective is no section"),
    ("settings.objective", {"kind": "classes"}, "objective.temperature is missing"),
    ("settings.translation.statistics", "none", "translation.statistics"),
    ("settings.translation.noise", "no", "translation.noise"),
    ("settings.training.channels_last", "maybe", "training.channels_last"),
    ("settings.seed", -1, "seed"),
    ("settings.seed", "x", "seed"),
    ("settings.name", DEEP, "is nested more than"),
    ("settings.name", LAUGHS, "holds more than"),
    ("settings.name", {1: 2}, "has the key 1, expected texts"),
    ("settings.name", torch.zeros(3), "holds a Tensor"),
    ("source_domain", None, "source_domain is missing"),
    ("source_domain.kind", "sound", "source_domain"),
    ("source_domain.palette", [[0, 0, 300]], "source_domain: labels: the palette has"),
    ("source_domain.palette", [[0, 0, 0]] * 100_000, "expected 1 to 65535"),
    ("target_domain", {"kind": "raw", "channels": 3, "range": "measured"}, "expected what was measured"),
    ("target_domain", {"kind": "raw", "channels": 10**12, "range": [0, 1]}, "target_domain.channels"),
    ("target_domain", {"kind": "raw", "channels": 3, "range": [1, 0]}, "target_domain.range"),
    ("format", "one", "its format is 'one', expected 1"),
    ("format", None, "its format is None, expected 1"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return untrained(tmp_path_factory.mktemp("runs") / "run")


def changed(path: Path, change: Callable[[dict[str, Any]], None], run: Path) -> Path:
    """A copy of a run whose checkpoint was changed."""
    shutil.copytree(run, path)
    last = path / "checkpoints" / "last.ckpt"
    content = torch.load(last, weights_only=True)
    change(content)
    torch.save(content, last)
    return path


def put(content: dict[str, Any], key: str, value: Any) -> None:
    *folders, last = key.split(".")
    for name in folders:
        content = content[name]
    content[last] = value


def used(path: Path) -> None:
    Translator.load(path, device="cpu")
    open_run(str(path)).data("val").sample("val", 0)


@pytest.mark.parametrize(("key", "value", "said"), VALUES, ids=[key for key, *_ in VALUES])
def test_a_record_that_is_none(run: Path, tmp_path: Path, key: str, value: Any, said: str) -> None:
    path = changed(tmp_path / "run", lambda content: put(content[RECORD], key, copy.copy(value)), run)
    outcome = try_file(used, path)
    assert outcome.kind == "clean", outcome
    assert said in outcome.detail
    assert str(path) in outcome.detail


WEIGHTS: list[tuple[str, Any, str]] = [
    ("state_dict", None, "it holds no weights"),
    ("state_dict", {"generator.a": 1}, "a int, expected tensors by name"),
    ("state_dict", {}, "down.0.0.weight is absent"),
    ("state_dict", {"generator.a": EXPANDED}, "cannot be read as a checkpoint"),
    ("images_seen", -1, "images_seen is -1"),
    ("images_seen", "many", "images_seen is 'many'"),
]


@pytest.mark.parametrize(("key", "value", "said"), WEIGHTS, ids=[said for *_, said in WEIGHTS])
def test_weights_that_are_none(run: Path, tmp_path: Path, key: str, value: Any, said: str) -> None:
    path = changed(tmp_path / "run", lambda content: content.update({key: value}), run)
    outcome = try_file(used, path)
    assert outcome.kind == "clean", outcome
    assert said in outcome.detail


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_weights_that_are_not_finite(run: Path, tmp_path: Path, number: float) -> None:
    def change(content: dict[str, Any]) -> None:
        content["state_dict"]["generator.down.1.0.weight"][0, 0, 0, 0] = number

    path = changed(tmp_path / "run", change, run)
    with pytest.raises(ValueError, match=r"1 of the 512 numbers in down\.1\.0\.weight are not finite"):
        Translator.load(path)


# --- what a training is taken up from ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stopped") / "run"
    assert try_file(lambda path: train(path, "schedule.epochs=1"), folder).kind == "accepted"
    (folder / ".hydra").mkdir()
    (folder / ".hydra" / "overrides.yaml").write_text("[]\n")
    return folder


def resumed(path: Path) -> None:
    """As the command does it, told in words or not at all."""
    from pix2pix.build.training import run_training as take_up
    from pix2pix.settings.compose import check

    settings, _ = check([*TINY, "schedule.epochs=2", f"resume={quote(path)}", f"hydra.run.dir={quote(path)}"])
    settings["logger"] = {}
    take_up(settings, path)


FIRST = "generator.down.0.0.weight"


def moments(content: dict[str, Any], player: int = 0) -> dict[str, Any]:
    state: dict[str, Any] = content["optimizer_states"][player]["state"][0]
    return state


def halved(content: dict[str, Any]) -> None:
    moments(content)["exp_avg"] = moments(content)["exp_avg"][:2].clone()


STATES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "a moment of another shape": (halved, "exp_avg of shape (2, 12, 4, 4), expected (4, 12, 4, 4)"),
    "a moment of one number": (lambda c: moments(c, 1).update(exp_avg_sq=torch.zeros(1)), "exp_avg_sq of shape (1,)"),
    "no second moment": (lambda c: moments(c).pop("exp_avg_sq"), "not all of step, exp_avg, exp_avg_sq"),
    "moments of whole numbers": (lambda c: moments(c).update(exp_avg=torch.zeros(4, 12, 4, 4).int()), "exp_avg as a"),
    "one optimiser": (lambda c: c["optimizer_states"].pop(), "does not hold the states of this run's optimisers"),
    "no optimisers": (lambda c: c.pop("optimizer_states"), "holds no state of a training"),
    "betas as texts": (lambda c: c["optimizer_states"][0]["param_groups"][0].update(betas=["a", "b"]), "has betas"),
    "other parameters": (lambda c: c["optimizer_states"][0]["param_groups"][0].update(params=[1]), "other parameters"),
    "a weight of another shape": (lambda c: c["state_dict"].update({FIRST: torch.zeros(1)}), "is (1,)"),
    "a weight that is not there": (lambda c: c["state_dict"].pop(FIRST), "is absent"),
    "no place": (lambda c: c.pop("PairedData"), "holds no state of a training"),
    "a place that is none": (lambda c: c["PairedData"].update(batch="x"), "batch is 'x'"),
    "no loops": (lambda c: c.pop("loops"), "there are no counters"),
    "counters as texts": (lambda c: c["loops"]["fit_loop"]["epoch_progress"]["current"].update(ready="x"), "ready is"),
    "latest as a list": (lambda c: c.update(latest=[1]), "latest are no numbers"),
    "callbacks as a list": (lambda c: c.update(callbacks=[1]), "cannot be continued from"),
    "a callback without state": (lambda c: c["callbacks"].update(DiscriminatorWon={"x": 1}), "be continued from"),
    "losses of others": (lambda c: c["log_rows"].update(names=["a"], sums=torch.zeros(2)), "last row"),
    "no environment": (lambda c: c[RECORD].pop("environment"), "in what precision"),
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_a_training_that_cannot_go_on(
    stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(mutate, "SECONDS", 60)
    change, said = STATES[name]
    path = changed(tmp_path / "run", lambda content: [change(content), None][1], stopped)
    outcome = try_file(resumed, path)
    assert outcome.kind == "clean", outcome
    assert said in outcome.detail
    assert "resume: " in outcome.detail


def test_a_training_that_can(stopped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutate, "SECONDS", 60)
    path = changed(tmp_path / "run", lambda content: None, stopped)
    assert try_file(resumed, path).kind == "accepted"
    assert torch.load(path / "checkpoints" / "last.ckpt", weights_only=True)["images_seen"] == 14


@pytest.mark.parametrize("algorithm", ["SGD", "AdamW", "Adagrad", "RMSprop", "Adafactor", "NAdam", "ASGD"])
def test_every_optimiser_takes_up_its_own_state(tmp_path: Path, algorithm: str) -> None:
    from pix2pix.training.resumable import check_state

    made = getattr(torch.optim, algorithm)
    module = torch.nn.Conv2d(3, 4, 2)

    def stepped(steps: int) -> torch.optim.Optimizer:
        optimizer: torch.optim.Optimizer = made(module.parameters(), lr=0.1)
        for _ in range(steps):
            module(torch.ones(1, 3, 4, 4)).sum().backward()
            optimizer.step()
        return optimizer

    content = {
        "state_dict": module.state_dict(),
        "optimizer_states": [stepped(2).state_dict()],
        "images_seen": 1,
        "latest": {},
        "latest_scores": {},
        "log_rows": {"names": [], "images": 0, "sums": None},
        "loops": {"fit_loop": {}},
    }
    check_state(content, module, [stepped(0)], {})
    state = content["optimizer_states"][0]["state"].get(0, {})  # type: ignore[index]
    name = next((name for name, value in state.items() if isinstance(value, torch.Tensor) and value.ndim == 4), None)
    if name is not None:
        state[name] = torch.zeros(5, 5, 5, 5)
        with pytest.raises(ValueError, match=rf"{name} of shape \(5, 5, 5, 5\)"):
            check_state(content, module, [stepped(0)], {})
