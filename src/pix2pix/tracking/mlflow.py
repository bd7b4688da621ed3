"""MLflow, by default a store of files inside the run folder, without a server; one MLflow run for one run folder."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import MLFlowLogger
from lightning.pytorch.utilities import rank_zero_only

from pix2pix.tracking.identity import keep_id, known_id, run_name
from pix2pix.tracking.tensorboard import flat


class MlflowTracker(MLFlowLogger):
    """Opens an MLflow run, or continues the one that this run folder had before.

    Args:
        folder: the run folder.
        tracking_uri: an MLflow server or store; None: `folder/mlruns`.
        experiment_name: the MLflow experiment that the run belongs to.
        name: what the run is called; by default the last two parts of the run folder.

    Raises:
        ModuleNotFoundError: mlflow is not installed.
        mlflow.exceptions.MlflowException: the store does not answer, or the run that is to be continued is gone.
    """

    def __init__(
        self,
        folder: str | Path,
        tracking_uri: str | None = None,
        experiment_name: str = "pix2pix",
        name: str | None = None,
    ) -> None:
        # MLflow 3 refuses a store of files unless told otherwise; its databases need packages that mlflow-skinny lacks.
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        # A server that is down: give up after seconds, not after the many minutes of MLflow's own 7 attempts.
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
        os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
        continued = known_id(folder, "mlflow")
        super().__init__(
            experiment_name=experiment_name,
            run_name=name or run_name(folder),
            tracking_uri=tracking_uri or (Path(folder).absolute() / "mlruns").as_uri(),
            run_id=continued,
        )
        assert self.run_id is not None
        if continued:
            self.experiment.update_run(self.run_id, status="RUNNING")
        else:
            keep_id(folder, "mlflow", self.run_id)

    @rank_zero_only
    def log_hyperparams(self, params: dict[str, Any] | Namespace) -> None:
        """Log the config, nested or flat. MLflow forbids changes: a resumed run keeps its first values."""
        values = flat(vars(params) if isinstance(params, Namespace) else params)
        logged = self.experiment.get_run(self.run_id).data.params
        super().log_hyperparams({key: value for key, value in values.items() if key not in logged})
