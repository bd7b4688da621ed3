"""Paired image-to-image translation: train, compare and use pix2pix.

    from pix2pix import Translator, train

    run = train("size=tiny", "schedule.epochs=2", folder="outputs/mine")
    Translator.load(run.folder)("drawing.png", to="photo.png")

What is named here is what may be relied upon; each is imported at its first use, so that importing this package imports
neither torch nor Hydra.
"""

from __future__ import annotations

from pix2pix.processes.starting import start_command, started_as_command

if started_as_command():  # here, since nothing of ours is imported before
    start_command()

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pix2pix.version import __version__

if TYPE_CHECKING:
    from pix2pix.build.training import train as train
    from pix2pix.data.datamodule import PairedData as PairedData
    from pix2pix.data.domains import domain_from_dict as domain_from_dict
    from pix2pix.data.transforms import PairTransform as PairTransform
    from pix2pix.errors import BadPairError as BadPairError
    from pix2pix.errors import ConfigError as ConfigError
    from pix2pix.evaluation.run import open_run as open_run
    from pix2pix.inference.translator import Translator as Translator
    from pix2pix.losses.objective import Objective as Objective
    from pix2pix.metrics.scores import Scores as Scores
    from pix2pix.models.blocks import Generator as Generator
    from pix2pix.training.classification import Classification as Classification
    from pix2pix.training.learner import Recipe as Recipe
    from pix2pix.training.schedules import LinearDecay as LinearDecay
    from pix2pix.training.translation import Translation as Translation

_WHERE = {
    "BadPairError": "errors",
    "Classification": "training.classification",
    "ConfigError": "errors",
    "Generator": "models.blocks",
    "LinearDecay": "training.schedules",
    "Objective": "losses.objective",
    "PairTransform": "data.transforms",
    "PairedData": "data.datamodule",
    "Recipe": "training.learner",
    "Scores": "metrics.scores",
    "Translation": "training.translation",
    "Translator": "inference.translator",
    "domain_from_dict": "data.domains",
    "open_run": "evaluation.run",
    "train": "build.training",
}
__all__ = ["__version__", *_WHERE]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
