"""Whether what somebody else may have put into a folder is trusted: `--trust`, and what is asked about without it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from pix2pix.errors import ConfigError
from pix2pix.files.odd_entries import odd_entries

FLAG, VARIABLE = "--trust", "PIX2PIX_TRUST"  # the variable tells the points of a sweep


def take_trust(arguments: Sequence[str]) -> list[str]:
    """The arguments without `--trust`; where it was typed, it holds for the processes that this one starts, too."""
    if FLAG in arguments:
        os.environ[VARIABLE] = "1"
    return [argument for argument in arguments if argument != FLAG]


def trusted_here() -> bool:
    """Whether `--trust` was typed, here or where a sweep was started."""
    return os.environ.get(VARIABLE) == "1"


def check_entries(folder: Path, *only: str, trusted: bool | None = None) -> None:
    """Raises ConfigError, which lists each, where what is written into a folder would go elsewhere (see `odd_entries`).

    Args:
        only: names of the entries that are looked at, if not all.
        trusted: whether all is well in any case; None: where `--trust` was typed.
    """
    if trusted_here() if trusted is None else trusted:
        return
    if found := odd_entries(folder, *only):
        raise ConfigError(
            f"{folder} holds links out of it, or what is neither file nor folder. Writing there may change what lies"
            f" elsewhere, or wait for ever:\n{listed(found)}\n"
            f"Delete them; or if you made them, or trust who did, type {FLAG} as well"
            f" (for pix2pix reproduce set {VARIABLE}=1)"
        )


def listed(found: Sequence[str]) -> str:
    """A line each, of the first twenty."""
    more = f"\n  … and {len(found) - 20} more" if len(found) > 20 else ""
    return "\n".join(f"  {each}" for each in found[:20]) + more
