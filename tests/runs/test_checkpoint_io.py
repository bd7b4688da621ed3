"""Checkpoints on the disk: whole or not there at all, and read without running code."""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.stopped_run import At, assert_same_run, checkpoint, train

from pix2pix.runs.checkpoint_io import AtomicCheckpointIO, CheckpointWriteError, remove_drafts

CONTENT = {"weights": torch.arange(50_000.0), "name": "ours"}
OTHER = {"weights": torch.zeros(50_000), "name": "the next"}


@pytest.fixture
def last(tmp_path: Path) -> Path:
    """A checkpoint that is there already."""
    path = tmp_path / "run" / "checkpoints" / "last.ckpt"
    AtomicCheckpointIO().save_checkpoint(CONTENT, path)
    return path


def fill_the_disk(patched: pytest.MonkeyPatch) -> Callable[[], None]:
    """From then on the disk has no room for last.ckpt, which is told when what was written is to reach it."""
    real = os.fsync

    def full(handle: int) -> None:
        if ".last.ckpt." in os.readlink(f"/proc/self/fd/{handle}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    return lambda: patched.setattr(os, "fsync", full)


def assert_is(path: Path, content: dict[str, Any]) -> None:
    found = AtomicCheckpointIO().load_checkpoint(path)
    assert found["name"] == content["name"]
    assert torch.equal(found["weights"], content["weights"])


def test_written_and_read(last: Path) -> None:
    assert_is(last, CONTENT)
    AtomicCheckpointIO().save_checkpoint(OTHER, last)
    assert_is(last, OTHER)
    assert os.listdir(last.parent) == ["last.ckpt"]


def test_reaches_the_disk_before_it_gets_its_name(last: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's bytes first, then the name, then the folder that holds it: a power cut leaves the old or the new."""
    named_at_sync, synced = [], []
    real = os.fsync

    def fsync(handle: int) -> None:
        named_at_sync.append((os.readlink(f"/proc/self/fd/{handle}"), torch.load(last, weights_only=True)["name"]))
        synced.append(os.fstat(handle).st_ino)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    AtomicCheckpointIO().save_checkpoint(OTHER, last)
    (draft, before), after = named_at_sync
    assert (Path(draft).parent, Path(draft).suffix, before) == (last.parent, ".draft", "ours")
    assert after == (str(last.parent), "the next")
    assert last.stat().st_ino == synced[0]  # no copy of what was synced


def test_full_disk(last: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_the_disk(monkeypatch)()
    with pytest.raises(CheckpointWriteError) as error:
        AtomicCheckpointIO().save_checkpoint(OTHER, last)
    assert "last.ckpt could not be written" in str(error.value)
    assert f"Make room, then continue with: pix2pix train resume={last.parent.parent}" in str(error.value)
    assert_is(last, CONTENT)
    assert os.listdir(last.parent) == ["last.ckpt"]


def test_full_disk_while_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends with what to do; once there is room, it goes on as if nothing had been."""
    full, free = tmp_path / "full", tmp_path / "free"
    with (
        monkeypatch.context() as patched,
        pytest.raises(CheckpointWriteError, match=r"last\.ckpt could not be written: .*No space left"),
    ):
        train(full, extra=[At("on_train_batch_start", 10, fill_the_disk(patched))])
    assert checkpoint(full)["images_seen"] == 7
    train(full, resume=True)
    train(free)
    assert_same_run(full, free)


@pytest.mark.parametrize("limit", [0, 1_000, 64_000, 150_000, 199_000])
def test_too_large_a_file_says_so(last: Path, limit: int) -> None:
    """Wherever in the file the disk, a quota or a limit says no; PyTorch's own words are of its writer's position."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            AtomicCheckpointIO().save_checkpoint(OTHER, last)
        except CheckpointWriteError as error:
            os._exit(0 if "last.ckpt could not be written: File too large. The checkpoints" in str(error) else 2)
        os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert_is(last, CONTENT)
    assert os.listdir(last.parent) == ["last.ckpt"]


def test_a_fault_that_is_not_the_disks_is_not_told_as_one(last: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As PyTorch reports the death of a loading process: from a signal handler, in the midst of whatever runs."""

    def dies(content: Any, file: Any) -> None:
        raise RuntimeError("DataLoader worker (pid 12) is killed by signal: Killed. ")

    monkeypatch.setattr(torch, "save", dies)
    with pytest.raises(RuntimeError, match=r"^DataLoader worker"):
        AtomicCheckpointIO().save_checkpoint(OTHER, last)
    assert_is(last, CONTENT)
    assert os.listdir(last.parent) == ["last.ckpt"]


def test_killed_in_the_middle_of_writing(last: Path) -> None:
    child = os.fork()
    if child == 0:
        real = torch.save

        def half(content: Any, file: Any) -> None:
            real(content, file)
            file.flush()
            file.file.truncate(file.file.tell() // 2)
            os.kill(os.getpid(), signal.SIGKILL)

        torch.save = half  # type: ignore[assignment]
        AtomicCheckpointIO().save_checkpoint(OTHER, last)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert_is(last, CONTENT)
    assert len(os.listdir(last.parent)) == 2
    remove_drafts(last.parent)
    assert os.listdir(last.parent) == ["last.ckpt"]


def test_what_is_left_half_written_does_no_harm_and_goes(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for name in (f".last.ckpt.{'0' * 32}.draft", ".images_000000005.ckpt.partial", "mine.draft"):
        (folder / name).write_bytes(b"half")
    train(tmp_path, "schedule.epochs=1")
    assert sorted(os.listdir(folder)) == ["best_ssim.ckpt", "last.ckpt", "mine.draft"]


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "sprung",)

    torch.save({"weights": Trap()}, tmp_path / "trap.ckpt")
    with pytest.raises(Exception, match="holds more than tensors and plain values"):
        AtomicCheckpointIO().load_checkpoint(tmp_path / "trap.ckpt", weights_only=False)
    assert not (tmp_path / "sprung").exists()


def test_removing_what_is_not_there(tmp_path: Path) -> None:
    AtomicCheckpointIO().remove_checkpoint(tmp_path / "none.ckpt")
