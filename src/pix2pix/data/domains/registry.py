"""Domains by the name of their kind: from the plain values of a configuration or a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from pix2pix.data.domains.domain import Domain
from pix2pix.data.domains.labels import Labels
from pix2pix.data.domains.photo import Grey, LabAb, LabL, Rgb
from pix2pix.data.domains.raw import Raw
from pix2pix.hints import nearest

KINDS: dict[str, Any] = {domain.kind: domain for domain in (Rgb, Grey, Labels, LabL, LabAb, Raw)}


def domain_from_dict(values: Mapping[str, Any]) -> Domain:
    """The domain that `to_dict` gave, or that a configuration describes: `kind` and the fields of that domain.

    Raises ValueError for an unknown kind or key, with the nearest right one, and for values that the domain refuses.
    """
    settings = dict(values)
    kind = settings.pop("kind", None)
    if kind not in KINDS:
        raise ValueError(f"domain: kind is {kind!r}; expected one of {', '.join(KINDS)}{_meant(kind, KINDS)}")
    known = [field.name for field in fields(KINDS[kind])]
    for key in settings:
        if key not in known:
            expected = f"one of {', '.join(known)}" if known else "no key but kind"
            raise ValueError(f"domain {kind}: unknown key {key!r}; expected {expected}{_meant(key, known)}")
    domain: Domain = KINDS[kind](**settings)
    return domain


def _meant(word: object, known: Iterable[str]) -> str:
    near = nearest(str(word), known)
    return f"; did you mean {near}?" if near else ""
