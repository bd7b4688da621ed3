"""What somebody who mistyped a name may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

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
