"""What keeps the alpha channel of a film: H.264, in which films are written otherwise, has none."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Coding(NamedTuple):
    """A way to code pictures with alpha."""

    encoder: str  # as FFmpeg calls it
    layout: str  # of the pixels, likewise
    called: str  # by people
    options: Mapping[str, str] = MappingProxyType({})


_OF_FORMATS = {
    ".mov": (
        Coding("prores_ks", "yuva444p10le", "ProRes 4444", {"profile": "4444"}),
        Coding("png", "rgba", "PNG"),
        Coding("qtrle", "argb", "QuickTime Animation"),
    ),
    ".mkv": (Coding("ffv1", "bgra", "FFV1"),),
}


def with_alpha(suffix: str, codec: str) -> Coding | None:
    """How a result of that name keeps alpha: as the source if it can be, by FFmpeg's name; None: it cannot."""
    offered = _OF_FORMATS.get(suffix.lower(), (None,))
    return next((each for each in offered if each is not None and each.encoder == codec), offered[0])
