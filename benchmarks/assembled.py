"""A training run as `pix2pix train` makes it, inside this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig

from pix2pix.build.assembly import Parts, assemble
from pix2pix.settings.resolvers import register_resolvers
from pix2pix.settings.typed import conf_folder


def assembled(folder: str | Path, overrides: Sequence[str]) -> Parts:
    """What these arguments of `pix2pix train` make, in `folder`."""
    from omegaconf import OmegaConf, open_dict

    register_resolvers()
    with initialize_config_dir(config_dir=str(conf_folder()), version_base="1.3"):
        config = compose("train", list(overrides), return_hydra_config=True)
    with open_dict(config):
        config.hydra.runtime.output_dir = str(folder)
    HydraConfig.instance().set_config(config)
    task = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    settings: Any = OmegaConf.to_container(task, resolve=True)
    return assemble(settings, Path(folder), None)
