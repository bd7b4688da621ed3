"""What a photo alone can give a source for: each derivation by the name that `data.derive` knows it by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pix2pix.data.derive.derivation import Derivation, Derived
from pix2pix.data.derive.downscale import Downscale
from pix2pix.data.derive.edges import Edges
from pix2pix.data.derive.grey import Grey
from pix2pix.data.derive.holes import Holes

__all__ = ["DERIVATIONS", "Derivation", "Derived", "make_derivation"]

DERIVATIONS: dict[str, type[Derivation]] = {
    "edges": Edges,
    "grey": Grey,
    "holes": Holes,
    "downscale": Downscale,
}


def make_derivation(
    name: str,
    edges: Mapping[str, Any] | None = None,
    holes: Mapping[str, Any] | None = None,
    factor: int = 4,
) -> Derivation:
    """The derivation of that name with the settings that are its own. Raises ValueError for an unknown name."""
    if name not in DERIVATIONS:
        raise ValueError(f"data.derive is {name!r}; expected one of {', '.join(DERIVATIONS)}")
    settings = {"edges": edges or {}, "holes": holes or {}, "downscale": {"factor": factor}}.get(name, {})
    return DERIVATIONS[name](**settings)
