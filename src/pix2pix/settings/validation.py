"""Whether composed settings can be trained with: each by itself, and all together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pix2pix.errors import ConfigError
from pix2pix.schema.problems import missing_values
from pix2pix.schema.settings import mistyped, with_whole_domains
from pix2pix.settings.rules import cross_problems


def validate(plain: Mapping[str, Any]) -> None:
    """Check composed settings (plain containers, interpolations resolved) before anything heavy is imported.

    Raises ConfigError, which names every key that is wrong, what was found, what was expected, and what to type.
    """
    settings = with_whole_domains(plain)
    problems = _unresolved(plain) or missing_values(settings)
    problems = problems or mistyped(plain) or list(cross_problems(settings))
    if problems:
        raise ConfigError("\n".join(problems))


def _unresolved(plain: Any, key: str = "") -> list[str]:
    """Texts that refer to something once more: whoever made a network of them would look it up, and call it."""
    if isinstance(plain, Mapping):
        return [each for name, value in plain.items() for each in _unresolved(value, f"{key}.{name}" if key else name)]
    if isinstance(plain, list | tuple):
        return [each for index, value in enumerate(plain) for each in _unresolved(value, f"{key}.{index}")]
    if isinstance(plain, str) and "${" in plain:
        return [f"{key}: found {plain!r}, expected a text without ${{"]
    return []
