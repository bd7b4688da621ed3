"""Where pairs come from: one layout of files, or a painter of scenes, a module.

`SOURCES` maps a class's full name, as settings have it in `data.pairs._target_`, to the class: the allow-list from
which a checkpoint's data are opened. It is made at its first use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pix2pix.data.pairs import PairSource

    SOURCES: dict[str, type[PairSource]]

__all__ = ["SOURCES", "source_of"]


def source_of(pairs: Mapping[str, Any]) -> Callable[..., PairSource]:
    """What opens a split of `data.pairs`, whose `_target_` is in `SOURCES` and whose rest are the class's arguments.

    Raises ValueError for an argument that the class does not take, or lacks.
    """
    source = __getattr__("SOURCES")[pairs["_target_"]]
    arguments = {name: value for name, value in pairs.items() if not name.startswith("_")}
    try:
        signature(source).bind(split="", **arguments)
    except TypeError as error:
        raise ValueError(f"data.pairs: {pairs['_target_']}: {error}") from error
    opened: Callable[..., PairSource] = partial(source, **arguments)
    return opened


def __getattr__(name: str) -> Any:
    if name == "SOURCES":
        from pix2pix.data.sources.derived import DerivedPairs
        from pix2pix.data.sources.manifest import Manifest
        from pix2pix.data.sources.scenes import Scenes
        from pix2pix.data.sources.side_by_side import SideBySide
        from pix2pix.data.sources.two_folders import TwoFolders

        sources = (DerivedPairs, Manifest, Scenes, SideBySide, TwoFolders)
        return {f"{each.__module__}.{each.__name__}": each for each in sources}
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
