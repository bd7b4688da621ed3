"""What a file says of its run is data: plain values, each held against the schema before anything is made of them.

Nothing here composes, resolves or imports what a file names: `${…}` in a text is text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pix2pix.data.domains import domain_from_dict

DEEPEST, MOST = 16, 1_000_000  # levels of a record, and values in it: a palette of all its colours is the largest

LARGEST = 1e100  # of numbers that are counted with

# What whoever rebuilds a generator looks at, and what opens the data of a run besides.
OF_A_GENERATOR = (
    *("generator._target_", "objective", "translation.noise", "translation.statistics", "training.channels_last"),
    *("seed", "data.name", "data.direction"),
)
OF_A_RUN = (
    *OF_A_GENERATOR,
    *("data.pairs._target_", "data.size", "data.jitter", "data.mirror", "data.quarter_turns", "data.colour_jitter"),
    *("data.batch_size", "data.num_workers", "data.cache", "data.on_bad", "training.accumulate"),
    *("schedule.epochs", "schedule.decay_epochs", "size.name", "name"),
)
OF_DERIVED = ("data.derive", "data.edges", "data.holes", "data.factor")


def check_record(record: Any, needed: Sequence[str] = OF_A_GENERATOR) -> None:
    """Raises ValueError, which names the keys, where a file's record is none that generator and data can be made of.

    Settings that this version does not know are passed over.

    Args:
        record: `settings`, `source_domain`, `target_domain` and more.
        needed: dotted keys that the settings must have.
    """
    from pix2pix.schema.settings import recorded_problems  # imports pydantic, which takes its time

    if problem := plain_problem(record):
        raise ValueError(f"its record {problem}")
    if not isinstance(record, dict) or not isinstance(record.get("settings"), dict):
        raise ValueError("its record has no settings")
    settings = record["settings"]
    problems = recorded_problems(settings, needed)
    if not problems and settings["data"]["name"] == "derived":
        problems = recorded_problems(settings, OF_DERIVED)
    if not problems and settings["objective"].get("kind") == "classes":
        problems = recorded_problems(settings, ("objective.temperature",))
    for side in ("source_domain", "target_domain"):
        problems += _domain_problems(side, record.get(side))
    if problems:
        raise ValueError(f"its record is none that a run is made of: {'; '.join(each[:300] for each in problems[:5])}")


def plain_problem(value: Any) -> str | None:
    """What keeps a value from being plain: numbers, texts, and containers of a size and depth that records have."""
    count, level = 0, [value]
    for _ in range(DEEPEST):
        count += len(level)
        if count > MOST:
            return f"holds more than {MOST} values"
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                if odd := [name for name in each if not isinstance(name, str)]:
                    return f"has the key {odd[0]!r}, expected texts"
                below += each.values()
            elif isinstance(each, list | tuple):
                below += each
            elif not (each is None or isinstance(each, str | int | float)):
                return f"holds a {type(each).__name__}, expected texts and numbers"
            if len(below) > MOST:
                return f"holds more than {MOST} values"
        level = below
    return f"is nested more than {DEEPEST} deep" if level else None


def natural_problem(content: Mapping[str, Any], *names: str) -> str | None:
    """Which of these entries is no whole number from 0 on."""
    for name in names:
        value = content.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 62:
            return f"{name} is {value!r:.40}, expected a whole number"
    return None


def is_number(value: Any) -> bool:
    """Whether a plain value is a number that can be counted with: sums and squares of such are finite."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST


def _domain_problems(side: str, domain: Any) -> list[str]:
    from pydantic import TypeAdapter

    from pix2pix.schema.data import DomainSettings
    from pix2pix.schema.problems import schema_problems

    if not isinstance(domain, dict):
        return [f"{side} is missing"]
    problems = schema_problems(TypeAdapter(DomainSettings), domain, side)
    if not problems:
        try:
            domain_from_dict(domain)
        except ValueError as error:
            return [f"{side}: {error}"]
        if domain.get("range") == "measured":
            return [f"{side}.range: found 'measured', expected what was measured"]
    return problems
