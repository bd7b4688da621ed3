"""Which kind of file holds a translation: that of the source if it can, without loss where values are classes."""

from __future__ import annotations

from typing import NamedTuple

import torch

from pix2pix.inference.plan import PlanError
from pix2pix.inference.translator import Translator
from pix2pix.pictures.codecs import CODECS

LOSSY = (".jpg", ".jpeg")
PREFERRED = (".png", ".tif")  # where the source's kind cannot hold the numbers


class Form(NamedTuple):
    """What a file has to hold."""

    dtype: str
    channels: int
    exact: bool  # values that a lossy format would spoil


def form_of(translator: Translator, side_by_side: bool) -> Form:
    """That of a translator's files; side by side they are 8-bit pictures for people."""
    classes = translator.target.kind == "labels"
    if side_by_side:
        return Form("uint8", 3, exact=classes)
    source, translation = (torch.zeros(domain.channels, 1, 1) for domain in (translator.source, translator.target))
    values = translator.shown(source, translation)
    return Form(values.dtype.name, values.shape[2], exact=classes)


def result_suffix(source: str, form: Form) -> str:
    """The suffix of what is made of a file with the suffix `source`, in lower case."""
    return next(suffix for suffix in (source, *PREFERRED) if _refusal(suffix, form) is None)


def asked_suffix(format: str, form: Form) -> str:
    """The suffix that `--format` means. Raises PlanError where such files cannot hold the numbers."""
    suffix = f".{format.lower().removeprefix('.')}"
    if suffix not in CODECS:
        known = " ".join(sorted(each.removeprefix(".") for each in CODECS))
        raise PlanError(f"--format: {format!r} is not known; there are {known}")
    if reason := _refusal(suffix, form):
        raise PlanError(f"--format: {reason}; it can be {result_suffix('', form).removeprefix('.')}")
    return suffix


def _refusal(suffix: str, form: Form) -> str | None:
    """Why files of this suffix cannot hold the numbers; None where they can."""
    if suffix not in CODECS:
        return f"{suffix} is not known"
    codec = CODECS[suffix]
    if form.dtype not in codec.dtypes or (codec.channels is not None and form.channels not in codec.channels):
        return f"a {suffix} file cannot hold the model's {form.channels} channel(s) of {form.dtype}"
    if form.channels in (2, 4) and codec.channels is not None:
        return f"a {suffix} file would call the last of the model's {form.channels} channels alpha"
    if form.exact and suffix in LOSSY:
        return f"a {suffix} file would blur the colours of the classes"
    return None
