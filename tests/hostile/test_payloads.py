"""No file runs code: whatever a run folder or a checkpoint names, no verb makes a file or starts a program of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.evaluation.untrained_runs import untrained
from tests.hostile import mutate
from tests.hostile.mutate import Outcome, try_file
from tests.hostile.payloads import HARMLESS, IN_FOLDER, IN_SETTINGS, hostile_checkpoint, hostile_folder
from tests.training.stopped_run import TINY

import pix2pix.commands.evaluate
import pix2pix.commands.export
import pix2pix.commands.importing
import pix2pix.commands.judge
import pix2pix.commands.publish
import pix2pix.commands.train
import pix2pix.commands.translate
from pix2pix.build.assembly import make_data
from pix2pix.evaluation.run import EvaluationError
from pix2pix.hints import quote
from pix2pix.inference.translator import Translator
from pix2pix.pictures.codecs import write_picture
from pix2pix.runs.trust import VARIABLE
from pix2pix.web.models import load_model

STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn")
FEW = [*TINY, "schedule.epochs=1"]


def trained(*words: str) -> int | str | None:
    """`pix2pix train` in this process; its exit status."""
    sys.argv = ["pix2pix train", *words]
    try:
        pix2pix.commands.train.main()
    except SystemExit as end:
        return end.code
    return 0


def served(run: Path) -> int:
    try:
        load_model(str(run), data_root=None, examples=1, device="cpu")
    except EvaluationError:
        return 2
    return 0


def loaded(run: Path) -> int:
    try:
        Translator.load(run, device="cpu")
    except ValueError:
        return 2
    return 0


VERBS: dict[str, Callable[[Path], int | str | None]] = {
    "evaluate": lambda run: pix2pix.commands.evaluate.main([str(run), "--pictures", "1", "--resamples", "10"]),
    "translate --split": lambda run: pix2pix.commands.translate.main(
        [str(run), "--split", "val", "-o", str(run / "out")]
    ),
    "translate": lambda run: pix2pix.commands.translate.main(
        [str(run), str(run.parents[1] / "a.png"), "-o", str(run / "b.png")]
    ),
    "serve": served,
    "export": lambda run: pix2pix.commands.export.main([str(run), "-o", str(run / "model.safetensors")]),
    "publish": lambda run: pix2pix.commands.publish.main([str(run), "-o", str(run / "hub")]),
    "judge": lambda run: pix2pix.commands.judge.main([str(run), "--epochs", "1", "--judges", str(run / "judges")]),
    "import": lambda run: pix2pix.commands.importing.main(
        [str(run / "checkpoints" / "last.ckpt"), "-o", str(run / "imported")]
    ),
    "init_from": lambda run: trained(*FEW, f"init_from={quote(run)}", f"hydra.run.dir={quote(run / 'new')}"),
    "Translator.load": loaded,
}
# What reads the record's settings of this, and so must refuse them; elsewhere they are passed over.
IN_CHECKPOINTS = [*IN_SETTINGS, "pickle", "domain"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One epoch of a real training, so that it has `.hydra/` and a checkpoint to go on from."""
    folder = tmp_path_factory.mktemp("runs")
    assert try_file(lambda _: trained(*FEW, f"hydra.run.dir={quote(folder / 'run')}"), folder).detail == "0"
    return folder / "run"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutate, "SECONDS", 120)
    monkeypatch.delenv(VARIABLE, raising=False)


def watched(work: Callable[[Path], object], path: Path, sprung: Path) -> Outcome:
    """Do it in a process of its own; whether a file or a program named as the trap is touched raises AssertionError."""

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if (event == "open" or event in STARTS) and sprung.name in str(arguments[:2]):
            os.write(seen, f"{event} {arguments}\n".encode())

    seen = os.open(sprung.with_suffix(".seen"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def read(place: Path) -> object:
        sys.addaudithook(watch)
        return work(place)

    outcome = try_file(read, path)
    os.close(seen)
    assert sprung.with_suffix(".seen").read_text() == ""
    assert not sprung.exists()
    return outcome


def test_the_watch_sees_what_it_is_for(tmp_path: Path) -> None:
    for work in (lambda path: (path / "sprung").touch(), lambda path: os.system(f"true {path / 'sprung'}")):
        with pytest.raises(AssertionError):
            watched(work, tmp_path, tmp_path / "sprung")
        for file in tmp_path.iterdir():
            file.unlink()


FAST = [("evaluate", payload) for payload in IN_CHECKPOINTS] + [
    (verb, "oc.create in data.pairs") for verb in VERBS if verb not in ("evaluate", "judge", "init_from")
]
ALL = [(verb, payload) for verb in VERBS for payload in IN_CHECKPOINTS]


@pytest.mark.parametrize(
    ("verb", "payload"), [*FAST, *(pytest.param(*each, marks=pytest.mark.slow) for each in ALL if each not in FAST)]
)
def test_a_checkpoint_runs_no_code(run: Path, tmp_path: Path, verb: str, payload: str) -> None:
    sprung = tmp_path / "sprung"
    write_picture(tmp_path.parent / "a.png", np.zeros((16, 16, 3), np.uint8))
    hostile = hostile_checkpoint(run, tmp_path, payload, sprung)
    outcome = watched(VERBS[verb], hostile, sprung)
    assert outcome.kind == "accepted", outcome  # no error but a status
    assert outcome.detail in ("0", "1", "2")
    rebuilt = payload == "generator" and verb not in ("judge", "init_from")  # which do not look at it
    if payload in ("pickle", "domain") or rebuilt or (payload.startswith("data.pairs") and verb == "evaluate"):
        assert outcome.detail == "2"


@pytest.mark.parametrize("payload", [*IN_SETTINGS, *IN_FOLDER])
def test_a_folder_that_is_resumed_runs_no_code_unasked(
    run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], payload: str
) -> None:
    sprung = tmp_path / "sprung"
    hostile = hostile_folder(run, tmp_path, payload, sprung)
    assert watched(lambda path: trained(f"resume={quote(path)}"), hostile, sprung) == ("accepted", "2")


@pytest.mark.parametrize("payload", HARMLESS)
def test_what_is_not_composed_is_not_run(run: Path, tmp_path: Path, payload: str) -> None:
    sprung = tmp_path / "sprung"
    hostile = hostile_folder(run, tmp_path, payload, sprung)
    assert watched(lambda path: trained(f"resume={quote(path)}"), hostile, sprung) == ("accepted", "0")


def test_a_checkpoint_that_is_resumed_runs_no_code(run: Path, tmp_path: Path) -> None:
    hostile = hostile_checkpoint(run, tmp_path, "pickle", tmp_path / "sprung")
    assert watched(lambda path: trained(f"resume={quote(path)}"), hostile, tmp_path / "sprung") == ("accepted", "2")


def test_code_of_ones_own_is_resumed_with_trust(run: Path, tmp_path: Path) -> None:
    """The same payload does run where somebody says that it may: so it was one."""
    sprung = tmp_path / "sprung"
    hostile = hostile_folder(run, tmp_path, "callbacks", sprung)
    try_file(lambda path: trained("--trust", f"resume={quote(path)}"), hostile)  # what it makes is no callback
    assert sprung.exists()


def test_a_source_of_strangers_is_not_opened_even_by_hand(tmp_path: Path) -> None:
    folder = untrained(tmp_path / "run")
    hostile = hostile_checkpoint(folder, tmp_path / "copy", "a call in data.pairs", tmp_path / "sprung")
    from pix2pix.runs.run import RECORD, read_checkpoint

    with pytest.raises(ValueError, match=r"data\.pairs\.count"):
        make_data(read_checkpoint(hostile)[RECORD]["settings"])
    assert not (tmp_path / "sprung").exists()
