"""Damaged files for any reader: bits flipped, ends cut off, pieces spliced; and what a reader does with each.

    report = try_mutants(read, valid_file, count=1000, seed=0, folder=tmp_path, clean=(ValueError,))
    assert not report.faults, report

Each mutant is read in a process of its own, forked from this one, so that a crash, a loop or gigabytes are seen and
cost nothing else. Time is the processor's, not the clock's: a busy machine changes no verdict. For Linux alone.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import random
import resource
import select
import signal
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn

SECONDS = 10  # of the processor, that a file may take
MEMORY = 2 << 30  # bytes, that a file may take
ASLEEP = 120  # seconds of the clock after which a reader that computes nothing counts as hanging

Kind = Literal["clean", "accepted", "uncaught", "slow", "large"]
FAULTS: tuple[Kind, ...] = ("uncaught", "slow", "large")

# --- mutations --------------------------------------------------------------------------------------------------------


def flip_bits(data: bytes, rng: random.Random, count: int = 1) -> bytes:
    """So many bits turned over, at random places."""
    changed = bytearray(data)
    for _ in range(count):
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(data: bytes, rng: random.Random) -> bytes:
    """The beginning alone, of any length; now and then nothing."""
    return data[: rng.randrange(len(data))]


def splice(data: bytes, rng: random.Random) -> bytes:
    """A piece of up to a quarter of the file left out, repeated, laid over another place, or made noise."""
    length = rng.randint(1, max(1, len(data) // 4))
    taken, put = (rng.randrange(len(data) - length + 1) for _ in range(2))
    piece = data[taken : taken + length]
    way = rng.randrange(4)
    if way == 0:
        return data[:taken] + data[taken + length :]
    if way == 1:
        return data[:put] + piece + data[put:]
    return data[:put] + (piece if way == 2 else rng.randbytes(length)) + data[put + length :]


def mutants(data: bytes, count: int, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """So many damaged copies of a file, each with how it was damaged: one bit, several bits, cut, spliced, in turn.

    Flips of several bits are in the first 1,024 bytes half of the time: there lie the sizes of most formats.
    """
    for index in range(count):
        match index % 4:
            case 0:
                yield "a bit flipped", flip_bits(data, rng)
            case 1:
                head = 1024 if rng.random() < 0.5 else len(data)
                yield "bits flipped", flip_bits(data[:head], rng, rng.randint(2, 16)) + data[head:]
            case 2:
                yield "cut", cut(data, rng)
            case _:
                yield "spliced", splice(data, rng)


# --- what a reader does with them -------------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """What a reader did with a file.

    Attributes:
        kind: clean: an error that the reader may raise; accepted: it was read; uncaught: another error, or the process
            died; slow: over `SECONDS`; large: over `MEMORY`.
        detail: what it said, or what it gave, as text.
    """

    kind: Kind
    detail: str


@dataclass
class Report:
    """What a reader did with many files."""

    counts: Counter[Kind] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)  # each with its number, so that it can be made again
    accepted: list[str] = field(default_factory=list)  # what was given

    def add(self, name: str, outcome: Outcome) -> None:
        self.counts[outcome.kind] += 1
        if outcome.kind in FAULTS:
            self.faults.append(f"{name}: {outcome.kind}: {outcome.detail}")
        elif outcome.kind == "accepted":
            self.accepted.append(outcome.detail)

    def __str__(self) -> str:
        kinds: tuple[Kind, ...] = ("clean", "accepted", *FAULTS)
        counted = ", ".join(f"{self.counts[kind]} {kind}" for kind in kinds)
        return "\n".join([counted, *self.faults[:20]])


def try_mutants(
    read: Callable[[Path], object],
    valid: Path,
    *,
    count: int,
    seed: int,
    folder: Path,
    clean: Sequence[type[BaseException]] = (ValueError,),
) -> Report:
    """Let a reader read so many mutants of a valid file, under its name, each in a process of its own.

    Args:
        read: given a path; what it returns is kept as text, for who wants to compare.
        folder: where mutants are put; those that were faults stay there.
        clean: errors that the reader may raise.
    """
    rng, report, data = random.Random(seed), Report(), valid.read_bytes()
    for index, (how, mutant) in enumerate(mutants(data, count, rng)):
        place = folder / f"mutant_{index}" / valid.name
        place.parent.mkdir(parents=True)
        place.write_bytes(mutant)
        outcome = try_file(read, place, clean)
        report.add(f"{index}, {how}", outcome)
        if outcome.kind not in FAULTS:
            place.unlink()
            place.parent.rmdir()
    return report


def try_file(
    read: Callable[[Path], object], path: Path, clean: Sequence[type[BaseException]] = (ValueError,)
) -> Outcome:
    """What a reader does with one file, in a process of its own."""
    receiver, sender = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads, which the child does not use
        process = os.fork()
    if process == 0:
        os.close(receiver)
        _read_alone(read, path, tuple(clean), sender)
    os.close(sender)
    with os.fdopen(receiver, "rb") as pipe:
        asleep = not select.select([pipe], [], [], ASLEEP)[0]
        if asleep:
            os.kill(process, signal.SIGKILL)
        said = pipe.read()
    _, status, usage = os.wait4(process, 0)
    if asleep or os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        slow = asleep or number == signal.SIGXCPU or usage.ru_utime + usage.ru_stime >= SECONDS
        return Outcome("slow" if slow else "uncaught", f"ended by {signal.Signals(number).name}")
    if not said:
        return Outcome("uncaught", f"ended by itself with status {os.waitstatus_to_exitcode(status)}")
    return Outcome(*json.loads(said))


def _read_alone(
    read: Callable[[Path], object], path: Path, clean: tuple[type[BaseException], ...], pipe: int
) -> NoReturn:
    """In the child: read under limits, send the outcome, and leave without anything that belongs to the parent."""
    faulthandler.disable()
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    silent = os.open(os.devnull, os.O_RDWR)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    outcome: tuple[Kind, str]
    ctypes.CDLL(None).malloc_trim(0)  # what the parent has freed and kept would be taken without being counted
    Path("/proc/self/clear_refs").write_text("5")  # and what was held until now is no peak of this reader
    mapped, held = (int(pages) * resource.getpagesize() for pages in Path("/proc/self/statm").read_text().split()[:2])
    try:
        # Twice as much as it may take can be mapped: what is mapped and never touched costs nothing.
        _limit(resource.RLIMIT_AS, mapped + 2 * MEMORY)
        _limit(resource.RLIMIT_CPU, SECONDS)
        _limit(resource.RLIMIT_CORE, 0)
        outcome = "accepted", str(read(path))
    except BaseException as error:
        kind: Kind = "large" if _out_of_memory(error) else "clean" if isinstance(error, clean) else "uncaught"
        outcome = kind, f"{type(error).__name__}: {error}"[:2000]
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - held
    if taken > MEMORY:
        outcome = "large", f"{taken / 2**30:.1f} GiB; {outcome[1]}"[:2000]
    os.write(pipe, json.dumps(outcome).encode())
    os._exit(0)


def _limit(what: int, value: int) -> None:
    """The soft limit alone: whoever runs this may have set harder ones."""
    hard = resource.getrlimit(what)[1]
    resource.setrlimit(what, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _out_of_memory(error: BaseException | None) -> bool:
    """Whether memory ran out here, or in what this error is the consequence of, whatever its class."""
    said: Any = ("allocate memory", "bad_alloc", "out of memory")
    while error is not None:
        if isinstance(error, MemoryError) or any(text in str(error) for text in said):
            return True
        error = error.__cause__ or error.__context__
    return False
