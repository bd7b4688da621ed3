"""What is written of a run's settings: in its folder, for whoever continues it, and in its checkpoints.

Paths are written as absolute ones, since whoever continues or evaluates the run may be in another folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from pix2pix.files.atomic import write_whole

FOLDER = ".hydra"
PATHS = ("data.root", "objective.vgg19", "init_from")  # data.file and the like are below data.root


def record_settings(config: DictConfig, folder: Path) -> None:
    """Write `.hydra/`, or of a run that is continued `.hydra/resume_N`, with what Hydra would write there.

    `config.yaml` is the last and as a whole: a record without it is none.
    """
    kept = folder / FOLDER
    if config.resume is not None:
        kept /= f"resume_{1 + max((number for number, _ in resumes(kept)), default=0)}"
    kept.mkdir(parents=True, exist_ok=True)
    if HydraConfig.initialized():  # else somebody trains from Python
        hydra = OmegaConf.create({"hydra": HydraConfig.get()})
        write_whole(kept / "hydra.yaml", OmegaConf.to_yaml(hydra))
        write_whole(kept / "overrides.yaml", OmegaConf.to_yaml(hydra.hydra.overrides.task))
    recorded = deepcopy(config)
    for key in PATHS:
        if (path := OmegaConf.select(config, key)) is not None:
            OmegaConf.update(recorded, key, absolute(path))
    write_whole(kept / "config.yaml", OmegaConf.to_yaml(recorded))


def resumes(folder: Path) -> list[tuple[int, Path]]:
    """The records in `.hydra/` of the times that a run was continued, by their numbers."""
    numbers = ((each.name.removeprefix("resume_"), each) for each in folder.glob("resume_*"))
    return sorted((int(number), each) for number, each in numbers if number.isdecimal())


def with_absolute_paths(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Plain settings whose paths are absolute; what the pair source is given of `data.root` too."""
    made = deepcopy(dict(settings))
    for section, name in (key.rpartition(".")[::2] for key in PATHS):
        within = made[section] if section else made
        if (path := within.get(name)) is not None:
            within[name] = absolute(path)
            if name == "root":
                pairs = within["pairs"]
                within["pairs"] = {key: absolute(path) if value == path else value for key, value in pairs.items()}
    return made


def absolute(path: str | Path) -> str:
    """A path as seen from any folder. Links are followed where `..` asks for it alone."""
    typed = Path(path).expanduser()
    return str(typed.resolve() if ".." in typed.parts else typed.absolute())
