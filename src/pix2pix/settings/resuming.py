"""`resume=RUN`: a run's own settings, composed again, with what may change."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import OmegaConf

from pix2pix.errors import ConfigError
from pix2pix.hints import quote, typed
from pix2pix.runs.run import epochs_begun, latest_run
from pix2pix.settings.recorded import check_trusted, read_plain
from pix2pix.settings.recording import PATHS, absolute, resumes
from pix2pix.settings.typed import conf_folder, flag_value, overrides

# What may be typed beside `resume=`; everything else is the run's own.
RESUME_MAY_CHANGE = (
    "schedule.",
    "trainer.",
    "callbacks.",
    "logger.",
    "data.root",
    "data.file",
    "objective.vgg19",
    "data.num_workers",
    "data.cache",
    "hydra.",
)


def resume_arguments(arguments: Sequence[str]) -> list[str]:
    """Arguments that compose a run's own settings again, where `resume=RUN` was typed; else the arguments as they are.

    The run's `.hydra/` stays as it is; what is typed now is kept in `.hydra/resume_N` once the run goes on with it, and
    the next resume starts from there, so that a run that was extended stays extended.
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
    if parsed in (None, ""):
        return arguments
    folder = Path(str(parsed))
    kept = absolute(folder)
    record = _record(Path(kept))
    if record is None:
        hint = latest_run(".hydra/config.yaml")
        raise ConfigError(f"resume: {str(folder)!r} is no run folder: it has no .hydra/config.yaml.{hint}")
    check_trusted(record / "config.yaml", folder)
    others = [argument for argument in overrides(arguments) if argument not in asked]
    flags = [argument for argument in arguments if argument not in asked and argument not in others]
    for argument in others:
        key = argument.lstrip("+~")
        if not key.startswith(RESUME_MAY_CHANGE) or key.startswith("hydra.run.dir="):
            weights = f"For a new run from its weights: pix2pix train {typed('init_from', folder)} {argument} …"
            if not (Path(kept) / "checkpoints" / "last.ckpt").is_file():
                weights = "It has no last.ckpt yet to start a new run from: for one, type its settings without resume="
            raise ConfigError(
                f"{argument}: a run is continued as it was. Beside resume= these may be typed: schedule.epochs="
                " schedule.decay_epochs= trainer.…= callbacks.…= logger.…= data.num_workers= data.cache=, and where"
                " files have moved data.root= data.file= objective.vgg19=."
                f" {weights}"
            )
    return [
        *flags,
        f"--config-path={record}",
        "--config-name=config",
        *_relative_paths(record),
        *others,
        f"resume={quote(kept)}",
        f"hydra.run.dir={quote(kept)}",
        "hydra.job.name=train",
        *_log_format(),
    ]


def _record(folder: Path) -> Path | None:
    """The folder in a run's `.hydra/` whose settings it goes on with: the newest; killed early, one may be empty.

    Those of fewer epochs than the run has begun were refused: earlier versions recorded that too. Where all are of
    fewer, the table or the samples tell of more than there were, and the newest of those of most epochs is it.
    """
    kept, begun = folder / ".hydra", epochs_begun(folder)
    newest_first = [each / "config.yaml" for each in (*(each for _, each in reversed(resumes(kept))), kept)]
    written = [each for each in newest_first if each.is_file() and each.stat().st_size]
    kept_up = (each for each in written if _epochs(each) >= begun)
    found = next(kept_up, None) or max(written, key=_epochs, default=None)
    return None if found is None else found.parent


def _epochs(config: Path) -> float:
    """Of a record of settings; infinity where it does not say."""
    said = _said(config, "schedule.epochs")
    return int(said) if said is not None and re.fullmatch(r"\d{1,18}", said) else math.inf


def _relative_paths(record: Path) -> list[str]:
    """Overrides for the relative paths of a record, which earlier versions wrote: from where the run was started."""
    started = _said(record / "hydra.yaml", "hydra.runtime.cwd")
    found = ((key, _said(record / "config.yaml", key)) for key in PATHS)
    return [
        f"{key}={quote(Path(started, path))}"
        for key, path in found
        if started and path and "${" not in path and not Path(path).expanduser().is_absolute()
    ]


def _said(file: Path, key: str) -> str | None:
    """A value in a file of Hydra's as it is written there; None where there is none."""
    try:
        _, plain = read_plain(file)
    except (OSError, ConfigError):  # whoever composes from it says so
        return None
    for name in key.split("."):
        plain = plain.get(name) if isinstance(plain, dict) else None
    return plain if isinstance(plain, str) and plain not in ("", "null") else None


def _log_format() -> list[str]:
    """How `train.yaml` has Hydra write log lines: the settings that a run records leave Hydra's own out."""
    logging = OmegaConf.load(conf_folder() / "train.yaml").hydra.job_logging
    return [
        f"++hydra.job_logging.{group}.{name}.{key}={quote(text)}"
        for group in ("formatters", "handlers")
        for name, chosen in logging[group].items()
        for key, text in chosen.items()
    ]
