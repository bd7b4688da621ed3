"""What configs may say beyond Hydra's own: `${sweep_id:…}`, by which a sweep finds its folder again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from omegaconf import ListConfig, OmegaConf

from pix2pix.settings.overrides import as_typed


def sweep_id(overrides: Sequence[str]) -> str:
    """Eight hexadecimal digits, the same for the same overrides in whatever order they were typed."""
    return hashlib.sha256("\n".join(sorted(overrides)).encode(errors="surrogatepass")).hexdigest()[:8]


def register_resolvers() -> None:
    """Let configs say `${sweep_id:${hydra.overrides.task}}`.

    The answer is cached, as that of Hydra's `now` is: Hydra hands the sweep's cache on to its points, whose overrides
    are others, so all of them agree on the sweep's folder.
    """

    def resolve(overrides: ListConfig) -> str:
        return sweep_id(as_typed(overrides))

    OmegaConf.register_new_resolver("sweep_id", resolve, use_cache=True, replace=True)
