"""The launcher `hydra/launcher=process`: checks the settings of all points, then hands them to `pix2pix.sweeping`.

pix2pix train -m hydra/launcher=process hydra.launcher.jobs=2 seed=1,2,3 objective=l1,l1_cgan
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn, JobStatus, configure_log, setup_globals
from hydra.errors import CompactHydraException, HydraException
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from pix2pix.errors import ConfigError
from pix2pix.processes.alone import alone
from pix2pix.runs.trust import check_entries
from pix2pix.settings.compose import plain_settings
from pix2pix.settings.overrides import as_typed
from pix2pix.settings.resolvers import register_resolvers
from pix2pix.sweeping.point import Point, PointsFailedError, Result, SweepError, point_name
from pix2pix.sweeping.sought import sought
from pix2pix.sweeping.sweep import TRAIN, run_points

log = logging.getLogger(__name__)
HYDRAS_SUBDIR = "${hydra.job.num}"  # Hydra's default for hydra.sweep.subdir: nobody has chosen another


@dataclass
class ProcessLauncherConf:
    """The settings under `hydra.launcher`.

    Attributes:
        jobs: points at a time; null for as many as the GPUs allow, and for one where there is no GPU.
        devices_per_job: GPUs of a point, or its processes where there is no GPU; null for the largest `trainer.devices`
            of the sweep (1 where that is no number); 0 to let all points share all GPUs.
        command: starts one training, before its arguments.
    """

    _target_: str = "hydra_plugins.pix2pix_process.launcher.ProcessLauncher"
    jobs: int | None = None
    devices_per_job: int | None = None
    command: list[str] = field(default_factory=lambda: list(TRAIN))


ConfigStore.instance().store(group="hydra/launcher", name="process", node=ProcessLauncherConf, provider="pix2pix")
register_resolvers()  # Hydra imports its plugins before it composes


class ProcessLauncher(Launcher):
    """Runs every point of a sweep as its own process tree.

    Each point's folder is the sweep's folder plus the swept values, unless `hydra.sweep.subdir` has been set.
    """

    def __init__(self, jobs: int | None, devices_per_job: int | None, command: Sequence[str]) -> None:
        self.jobs = jobs
        self.devices_per_job = devices_per_job
        self.command = list(command)
        self.earlier: list[Result] = []  # of sweepers that launch in several batches

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Take what Hydra gives; the task function is not called here but by the processes of the points.

        Raises CompactHydraException where the sweep's folder leads out of itself: Hydra writes to it next.
        """
        self.hydra_context = hydra_context
        self.config = config
        try:
            check_entries(Path(config.hydra.sweep.dir))
        except ConfigError as error:
            raise CompactHydraException(str(error)) from error

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the points and return when all have ended, with the failed ones marked so.

        Raises:
            CompactHydraException: the settings of a point, or those of the launcher, are wrong, or the same sweep runs
                already; nothing has been run.
            SystemExit: 128 + n, after signal n has ended the sweep.
        """
        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        folder = Path(self.config.hydra.sweep.dir).absolute()
        try:
            configs = [self._compose(list(each), initial_job_idx + offset) for offset, each in enumerate(job_overrides)]
        except HydraException:
            _remove(folder)
            raise
        self._tell_idle(job_overrides, configs)
        points = [
            Point(folder.name, list(overrides), folder)
            for overrides, config in zip(job_overrides, configs, strict=True)
            for folder in [Path(config.hydra.runtime.output_dir)]
        ]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with alone(folder, "train -m"):
                results = run_points(
                    points,
                    folder,
                    jobs=self.jobs,
                    devices_per_job=self._devices(configs),
                    command=self.command,
                    hydra_arguments=self._hydra_arguments(),
                    earlier=self.earlier,
                )
        except (SweepError, ConfigError) as error:
            raise CompactHydraException(str(error)) from error
        self.earlier += results
        failed = [result.point.name for result in results if result.status != "finished"]
        failure = PointsFailedError(
            f"{len(failed)} of {len(results)} points failed: {' '.join(failed)}. "
            "The same command again runs only what has no score."
        )
        returns = []
        for result, config in zip(results, configs, strict=True):
            try:
                value = sought(result.scores, config.get("sweep_metric")) if result.status == "finished" else failure
            except SweepError as error:
                value = PointsFailedError(f"{result.point.name}: {error}")
            finished = not isinstance(value, Exception)
            job = JobReturn(
                overrides=result.point.overrides,
                cfg=_task_config(config),
                hydra_cfg=OmegaConf.masked_copy(config, "hydra"),
                working_dir=str(result.point.folder),
                task_name=self.config.hydra.job.name,
                status=JobStatus.COMPLETED if finished else JobStatus.FAILED,
            )
            job.return_value = value
            returns.append(job)
        return returns

    def _compose(self, overrides: list[str], index: int) -> DictConfig:
        """The whole config of one point, checked, with its folder in `hydra.runtime.output_dir`."""
        from pix2pix.settings.validation import validate

        config = self.hydra_context.config_loader.load_sweep_config(self.config, overrides)
        with open_dict(config):
            config.hydra.job.id = str(index)
            config.hydra.job.num = index
            chosen: Any = OmegaConf.to_container(config.hydra.sweep, resolve=False)
            subdir = self._swept(overrides) if chosen["subdir"] == HYDRAS_SUBDIR else config.hydra.sweep.subdir
            config.hydra.runtime.output_dir = str(Path(self.config.hydra.sweep.dir).absolute() / subdir)
        try:
            validate(plain_settings(config))
        except ConfigError as error:
            raise CompactHydraException(f"point {index} of the sweep ({' '.join(overrides)}): {error}") from error
        return config

    def _tell_idle(self, job_overrides: Sequence[Sequence[str]], configs: Sequence[DictConfig]) -> None:
        """Warn of settings without effect: of what the points share, some may be for others of them."""
        from pix2pix.settings.idle import idle

        found = Counter(
            said
            for each, config in zip(job_overrides, configs, strict=True)
            for said in idle(each, plain_settings(config))
        )
        for said, count in found.items():
            log.warning("In %d of %d points %s", count, len(configs), said)

    def _swept(self, overrides: list[str]) -> str:
        """The point's name: its values of what the sweep varies, whatever else all points share."""
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        params = self.config.hydra.sweeper.get("params") or {}
        asked = [f"{key}={value}" for key, value in params.items()] + as_typed(self.config.hydra.overrides.task)
        keys = {
            override.get_key_element() for override in parser.parse_overrides(asked) if override.is_sweep_override()
        }
        swept = [override for override in overrides if override.partition("=")[0] in keys]
        return point_name(swept or overrides) or "defaults"

    def _devices(self, configs: Sequence[DictConfig]) -> int:
        if self.devices_per_job is not None:
            return self.devices_per_job
        asked = [OmegaConf.select(config, "trainer.devices") for config in configs]
        return max((devices for devices in asked if isinstance(devices, int) and devices > 0), default=1)

    def _hydra_arguments(self) -> list[str]:
        """The sweep's own flags and overrides for Hydra, less what only a sweep has."""
        hydra = self.config.hydra
        flags = [f"--config-name={hydra.job.config_name}"]
        for source in hydra.runtime.config_sources:
            path = source.path if source.schema == "file" else f"{source.schema}://{source.path}"
            if source.provider == "main":
                flags.append(f"--config-path={path}")
            elif source.provider == "command-line":
                flags.append(f"--config-dir={path}")
        sweeping = ("hydra.sweep", "hydra/sweep", "hydra.launcher", "hydra/launcher", "hydra.mode", "hydra.run.dir")
        kept = [
            override for override in as_typed(hydra.overrides.hydra) if not override.lstrip("+~").startswith(sweeping)
        ]
        return [*flags, *kept, "hydra.mode=RUN"]


def _remove(folder: Path) -> None:
    """Remove the folder that Hydra has made for a sweep that is refused, if nothing else is in it."""
    if folder.is_dir() and [each.name for each in folder.iterdir()] == ["multirun.yaml"]:
        (folder / "multirun.yaml").unlink()
        folder.rmdir()


def _task_config(config: DictConfig) -> DictConfig:
    return OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
