"""The runner of mutants: it must see what it is for."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest
from tests.hostile import mutate
from tests.hostile.mutate import cut, flip_bits, mutants, splice, try_file, try_mutants


def test_a_flip_changes_one_bit_and_a_cut_keeps_the_beginning() -> None:
    data, rng = bytes(range(256)), random.Random(0)
    flipped = flip_bits(data, rng)
    assert sum((one ^ other).bit_count() for one, other in zip(data, flipped, strict=True)) == 1
    shorter = cut(data, rng)
    assert len(shorter) < len(data)
    assert data.startswith(shorter)
    assert all(splice(data, rng) != b"" for _ in range(100))
    assert list(mutants(data, 20, random.Random(1))) == list(mutants(data, 20, random.Random(1)))


def _loop(path: Path) -> None:
    while True:
        pass


def _sleep(path: Path) -> None:
    time.sleep(3600)


def _gigabytes(path: Path) -> int:
    try:
        return len(bytearray(b"\1") * (8 << 30))
    except MemoryError as error:
        raise ValueError("told as a damaged file") from error


def _touched(path: Path) -> int:
    return len(b"\1" * (150 << 20))


def _clean(path: Path) -> None:
    raise ValueError("damaged")


def _uncaught(path: Path) -> None:
    raise KeyError("size")


def _crash(path: Path) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


@pytest.mark.parametrize(
    ("read", "kind"),
    [
        (_loop, "slow"),
        (_sleep, "slow"),
        (_gigabytes, "large"),
        (_touched, "large"),
        (_clean, "clean"),
        (_uncaught, "uncaught"),
        (_crash, "uncaught"),
        (Path.read_bytes, "accepted"),
    ],
)
def test_what_a_reader_does_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: object, kind: str) -> None:
    monkeypatch.setattr(mutate, "SECONDS", 1)
    monkeypatch.setattr(mutate, "ASLEEP", 3)
    if read is _touched:
        monkeypatch.setattr(mutate, "MEMORY", 100 << 20)
    file = tmp_path / "a.bin"
    file.write_bytes(b"abc")
    assert try_file(read, file).kind == kind  # type: ignore[arg-type]


def test_faults_are_counted_and_stay_to_be_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "a.bin"
    file.write_bytes(bytes(100))

    def read(path: Path) -> int:
        content = path.read_bytes()
        if len(content) < 100:
            raise ValueError("cut off")
        if any(content):
            raise KeyError("a bit")
        return len(content)

    report = try_mutants(read, file, count=12, seed=0, folder=tmp_path)
    assert sum(report.counts.values()) == 12
    assert report.counts["clean"] >= 3  # those that were cut
    assert report.counts["uncaught"] >= 6  # those with bits flipped
    assert len(report.faults) == report.counts["uncaught"] == len(list(tmp_path.glob("mutant_*/a.bin")))
