"""Texts in Hydra's grammar of overrides."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import ListConfig, OmegaConf


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
