"""What to type: the name that somebody may have meant, and values in the grammar of overrides and in a shell's."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# What these are called in the usual PyTorch code of pix2pix and elsewhere, by the last part of the key.
CALLED_HERE = {
    **dict.fromkeys(("crop", "crop_size", "load_size", "image_size", "img_size", "resolution", "resize"), "data.size"),
    **dict.fromkeys(("flip", "no_flip", "hflip", "horizontal_flip"), "data.mirror"),
    **dict.fromkeys(("dataroot", "data_dir", "data_path"), "data.root"),
    **dict.fromkeys(("n_epochs", "niter", "max_epochs"), "schedule.epochs"),
    **dict.fromkeys(("lambda_L1", "lambda_l1"), "objective.l1_weight"),
    **dict.fromkeys(("ngf", "ndf"), "size.base_channels"),
    **dict.fromkeys(("gpu_ids", "gpus"), "trainer.devices"),
}
ALIKE, MORE_ALIKE = 0.6, 0.75  # shares of letters in common

BARE = re.compile(r"[A-Za-z0-9_./-]+")  # what neither Hydra nor a shell has a use of its own for


def nearest(word: str, known: Iterable[str], cutoff: float = ALIKE) -> str | None:
    """The known word most like the given one, or None where none is like it."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)), None)


def nearest_key(key: str, known: Iterable[str]) -> str | None:
    """The known dotted key most like the given one: of the same section if there is one, else by its last part."""
    known = sorted(known, key=lambda other: (other.count("."), other))  # of equal ends the least deep comes first
    head, _, rest = key.partition(".")
    siblings = {other.partition(".")[2]: other for other in known if rest and other.startswith(f"{head}.")}
    last = key.rpartition(".")[2]
    if (called := CALLED_HERE.get(last)) in known:
        return called
    if near := nearest(rest, siblings):
        return siblings[near]
    ends = {other.rpartition(".")[2]: other for other in reversed(known)}
    near = last if last in ends else nearest(last, ends, MORE_ALIKE if siblings else ALIKE)
    # With a section that exists, whole keys are alike by its name alone.
    return ends[near] if near else None if siblings else nearest(key, known)


def value_of(value: Any) -> str:
    """A plain value as it is typed: Hydra reads it back as exactly this. Texts are quoted where they must be."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{value_of(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(value_of, value)) + "]"
    if isinstance(value, str | Path):
        return str(value) if _reads_as_text(str(value)) else quote(value)
    return "null" if value is None else str(value)


def typed(key: str, value: Any) -> str:
    """KEY=VALUE as it is typed in a shell."""
    override = f"{key}={value_of(value)}"
    return override if BARE.fullmatch(override.replace("=", "", 1)) else in_shell_quotes(override)


def quote(text: str | Path) -> str:
    """A value that Hydra's override grammar reads back as exactly this text."""
    # There a backslash is one, but before a quote, where two are one: so are those at the end.
    return "'" + re.sub(r"(\\*)('|$)", lambda found: 2 * found[1] + ("\\'" if found[2] else ""), str(text)) + "'"


def in_shell_quotes(override: str) -> str:
    """An override in quotes for the shell, double ones where that is the same: it has single ones itself."""
    return shlex.quote(override) if set(override) & set('"$`\\!') else f'"{override}"'


def _reads_as_text(text: str) -> bool:
    """Whether Hydra takes a text without quotes for this text: not for a number, a truth or nothing."""
    if (
        not BARE.fullmatch(text)
        or not (text[0].isalpha() or text[0] in "_./")
        or text.lower() in ("null", "true", "false")
    ):
        return False
    try:
        float(text)
    except ValueError:
        return True
    return False
