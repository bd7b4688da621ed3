"""`resume=RUN`: a run's own settings, composed again, with what may change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf

from pix2pix.runs import latest_run
from pix2pix.settings.complaints import ConfigError
from pix2pix.settings.overrides import quote, typed
from pix2pix.settings.recorded import check_trusted
from pix2pix.settings.typed import conf_folder, flag_value, overrides

# What may be typed beside `resume=`; everything else is the run's own.
RESUME_MAY_CHANGE = (
    "schedule.",
    "trainer.",
    "callbacks.",
    "logger.",
    "data.root",
    "data.num_workers",
    "data.cache",
    "hydra.",
)


def resume_arguments(arguments: Sequence[str]) -> list[str]:
    """Arguments that compose a run's own settings again, where `resume=RUN` was typed; else the arguments as they are.

    The run's `.hydra/` stays as it is; what is typed now is kept in `.hydra/resume_N`, and the next resume starts from
    there, so that a run that was extended stays extended.
    Raises ConfigError where RUN is no run folder, where its settings name code of others' and `--trust` was not typed,
    or where what else was typed would make it another run.
    """
    arguments = list(arguments)
    asked = [argument for argument in arguments if argument.startswith("resume=")]
    if not asked or flag_value(arguments, "--config-path", "-cp"):
        return arguments
    if {"-m", "--multirun"} & set(arguments):
        raise ConfigError(f"{asked[-1]}: a sweep starts runs of its own. Type it without -m, or init_from= with it")
    try:
        parsed = OverridesParser.create().parse_override(asked[-1]).value()
    except HydraException:
        return arguments  # which do not compose, and are told why
    if parsed is None:
        return arguments
    folder = Path(str(parsed))
    records = _records(folder.absolute() / ".hydra")
    if not records:
        hint = latest_run(".hydra/config.yaml")
        raise ConfigError(f"resume: {str(folder)!r} is no run folder: it has no .hydra/config.yaml.{hint}")
    check_trusted(records[-1] / "config.yaml", folder)
    others = [argument for argument in overrides(arguments) if argument not in asked]
    flags = [argument for argument in arguments if argument not in asked and argument not in others]
    for argument in others:
        key = argument.lstrip("+~")
        if not key.startswith(RESUME_MAY_CHANGE) or key.startswith("hydra.run.dir="):
            raise ConfigError(
                f"{argument}: a run is continued as it was. Beside resume= these may be typed: schedule.epochs="
                " schedule.decay_epochs= trainer.…= callbacks.…= logger.…= data.root= data.num_workers= data.cache=."
                f" For a new run from its weights: pix2pix train {typed('init_from', folder)} {argument} …"
            )
    absolute = folder.absolute()
    return [
        *flags,
        f"--config-path={records[-1]}",
        "--config-name=config",
        *others,
        f"resume={quote(absolute)}",
        f"hydra.run.dir={quote(absolute)}",
        f"hydra.output_subdir=.hydra/resume_{1 + len(list((absolute / '.hydra').glob('resume_*')))}",
        "hydra.job.name=train",
        *_log_format(),
    ]


def _records(folder: Path) -> list[Path]:
    """The folders with settings in `.hydra/`, from the first start to the latest; killed early, one may be empty."""
    numbered = [each for each in folder.glob("resume_*") if each.name.partition("_")[2].isdecimal()]
    resumes = sorted(numbered, key=lambda each: int(each.name.partition("_")[2]))
    return [each for each in (folder, *resumes) if any(file.stat().st_size for file in each.glob("config.yaml"))]


def _log_format() -> list[str]:
    """How `train.yaml` has Hydra write log lines: the settings that a run records leave Hydra's own out."""
    logging = OmegaConf.load(conf_folder() / "train.yaml").hydra.job_logging
    return [
        f"++hydra.job_logging.{group}.{name}.{key}={quote(text)}"
        for group in ("formatters", "handlers")
        for name, chosen in logging[group].items()
        for key, text in chosen.items()
    ]
