"""A plugin of Hydra: a sweeper that starts trainings as Optuna's and Ax's do, and writes down what they return."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class Recording(Sweeper):
    """Writes what the trainings with two seeds return to `returned.json` in the current folder."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        trials: Sequence[Sequence[str]] = [[*arguments, f"seed={seed}"] for seed in (1, 2)]
        assert self.launcher is not None
        returns = self.launcher.launch(trials, 0)
        Path("returned.json").write_text(json.dumps([each.return_value for each in returns]))


@dataclass
class RecordingConf:
    """The settings under `hydra.sweeper`."""

    _target_: str = f"{__name__}.Recording"


ConfigStore.instance().store(group="hydra/sweeper", name="recording", node=RecordingConf, provider="tests")
