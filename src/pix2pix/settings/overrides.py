"""Values in Hydra's grammar of overrides, and overrides in a shell's."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException
from omegaconf import ListConfig, OmegaConf

BARE = re.compile(r"[A-Za-z0-9_./-]+")  # what neither Hydra nor a shell has a use of its own for


def value_of(value: Any) -> str:
    """A plain value as it is typed: Hydra reads it back as exactly this. Texts are quoted where they must be."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{value_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(value_of, value)) + "]"
    if isinstance(value, str | Path):
        text = str(value)
        return text if BARE.fullmatch(text) and _read(text) == text else quote(text)
    return "null" if value is None else str(value)


def typed(key: str, value: Any) -> str:
    """KEY=VALUE as it is typed in a shell."""
    override = f"{key}={value_of(value)}"
    return override if BARE.fullmatch(override.replace("=", "", 1)) else in_shell_quotes(override)


def readable(argument: str) -> str:
    """An override with its value in quotes where Hydra cannot read it for the letters in it, ü or 本."""
    key, equals, value = argument.partition("=")
    if not equals or argument.startswith("-") or set(value) & set("[]{}(),='\""):
        return argument
    try:
        OverridesParser.create().parse_override(argument)
    except HydraException:
        return f"{key}={quote(value)}"
    return argument


def _read(text: str) -> Any:
    return OverridesParser.create().parse_override(f"text={text}").value()


def in_shell_quotes(override: str) -> str:
    """An override in quotes for the shell, double ones where that is the same: it has single ones itself."""
    return shlex.quote(override) if set(override) & set('"$`\\!') else f'"{override}"'


def as_typed(overrides: ListConfig) -> list[str]:
    """Overrides as Hydra keeps them, with what they refer to left unresolved."""
    plain = OmegaConf.to_container(overrides, resolve=False)
    assert isinstance(plain, list)
    return plain


def quote(text: str | Path) -> str:
    """A value that Hydra's override grammar reads back as exactly this text."""
    return QuotedString(str(text), Quote.single).with_quotes()


def run_folder(arguments: Sequence[str]) -> Path:
    """The folder that the arguments of a point's process name, as `resume=` or `hydra.run.dir=`."""
    named = [each for each in arguments if each.startswith(("resume=", "hydra.run.dir="))]
    return Path(str(OverridesParser.create().parse_override(named[-1]).value()))
