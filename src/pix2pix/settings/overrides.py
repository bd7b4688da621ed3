"""What Hydra reads in an override."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import ListConfig, OmegaConf

from pix2pix.hints import quote


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


def as_typed(overrides: ListConfig) -> list[str]:
    """Overrides as Hydra keeps them, with what they refer to left unresolved."""
    plain = OmegaConf.to_container(overrides, resolve=False)
    assert isinstance(plain, list)
    return plain


def run_folder(arguments: Sequence[str]) -> Path:
    """The folder that the arguments of a point's process name, as `resume=` or `hydra.run.dir=`."""
    named = [each for each in arguments if each.startswith(("resume=", "hydra.run.dir="))]
    return Path(str(OverridesParser.create().parse_override(named[-1]).value()))
