"""`pix2pix train`: settings are composed and checked, then networks, data and trainer are made and run.

pix2pix train experiment=facades data.root=FOLDER size=small
"""

from __future__ import annotations

import logging
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pix2pix.commands.arguments import tell_mistake
from pix2pix.errors import ConfigError
from pix2pix.files.os_errors import ADVICE, in_words
from pix2pix.hints import typed
from pix2pix.processes.alone import alone
from pix2pix.processes.ranks import (
    RankLostError,
    check_launch,
    launched,
    rank_arguments,
    started_by_lightning,
)
from pix2pix.processes.workers import WorkerLostError
from pix2pix.runs.new_folder import new_folder
from pix2pix.runs.run import check_unused
from pix2pix.runs.trust import check_entries, take_trust
from pix2pix.settings.compose import called_by_time, check
from pix2pix.settings.idle import check_effect, check_effect_on_sweep, idle_holdout, is_point
from pix2pix.settings.mistakes import explanation
from pix2pix.settings.overrides import readable
from pix2pix.settings.recorded import typed_config_dir, typed_overrides
from pix2pix.settings.recording import record_settings
from pix2pix.settings.resuming import resume_arguments
from pix2pix.settings.typed import check_flags, conf_folder
from pix2pix.sweeping.point import PointsFailedError
from pix2pix.sweeping.sought import sought

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from pix2pix.build.assembly import Parts
    from pix2pix.build.training import Trained

log = logging.getLogger(__name__)


def main() -> None:
    """Run the command line. Mistakes end with status 2 and no traceback, signals with 128 + n."""
    # Hydra wants the flags that have no value before the settings.
    arguments = sorted(map(readable, sys.argv[1:]), key=lambda each: each not in ("-m", "--multirun"))
    if {"-h", "--help"} & set(arguments):
        from pix2pix.settings.help import help_text

        print(help_text())
        return
    try:
        arguments = take_trust(arguments)
        check_flags(arguments)
        sys.argv[1:] = resume_arguments(arguments)
        if not _asks_hydra_alone(sys.argv[1:]):
            settings, folder = check(sys.argv[1:])
            if not is_point():
                check_effect(arguments, settings)
            check_launch(settings["trainer"])
            with _held(folder, resumed=settings["resume"] is not None) as held:
                # Hydra would record the settings before it is known that a run can be made of them.
                sys.argv += [*rank_arguments(held), "hydra.output_subdir=null"]
                sys.exit(_run())
        if launched()[1] > 1:
            raise ConfigError("torchrun and srun start one training; a sweep starts its own: type it without them")
        if _sweeps(sys.argv[1:]) and (said := explanation(sys.argv[1:])):
            raise ConfigError(said)  # before Hydra makes the folder of the sweep
        if _sweeps(sys.argv[1:]):
            check_effect_on_sweep(arguments)
        sys.exit(_run())
    except ConfigError as error:
        tell_mistake("train", error)
        sys.exit(2)
    except OSError as error:
        if error.filename is None and error.errno not in ADVICE:
            raise
        tell_mistake("train", in_words(error))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


@contextmanager
def _held(folder: Path, *, resumed: bool) -> Iterator[Path]:
    """The run's folder, where no other process trains; the other ranks are where the first one is."""
    by_time = partial(called_by_time, sys.argv[1:])
    if launched()[0] > 0 or started_by_lightning():
        if not resumed and folder.exists() and not by_time():
            check_unused(folder)
        yield folder
    elif resumed:
        check_entries(folder)
        with alone(folder, "train"):
            yield folder
    else:
        with new_folder(folder, by_time) as made:
            yield made


def _asks_hydra_alone(arguments: list[str]) -> bool:
    """Whether Hydra is asked to show something, or to sweep: then the launcher checks every point."""
    own = ("--config-path", "-cp", "--config-name", "-cn", "--config-dir", "-cd", "--run", "-r")
    return _sweeps(arguments) or any(each.startswith("-") and each.partition("=")[0] not in own for each in arguments)


def _sweeps(arguments: Sequence[str]) -> bool:
    return bool({"-m", "--multirun", "hydra.mode=MULTIRUN"} & set(arguments))


def _run() -> int:
    """Hand over to Hydra, which composes again and makes the run folder; returns the exit status."""
    import hydra
    from hydra.core.hydra_config import HydraConfig
    from hydra.errors import HydraException
    from omegaconf import OmegaConf

    status = 0

    def job(config: DictConfig) -> Any:
        nonlocal status
        settings: Any = OmegaConf.to_container(config, resolve=True)
        folder = Path(HydraConfig.get().runtime.output_dir)
        status, scores = _trained(settings, folder, partial(record_settings, config, folder))
        return None if scores is None else sought(scores, settings.get("sweep_metric"))

    before = os.environ.get("HYDRA_FULL_ERROR")
    os.environ["HYDRA_FULL_ERROR"] = "1"  # raise, so that the error can be told here
    try:
        hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="train")(job)()
    except PointsFailedError as error:
        print(f"pix2pix train: {error}", file=sys.stderr)
        return 1
    except (HydraException, ValueError) as error:  # ValueError: a group's choice is no text
        found = explanation(sys.argv[1:])
        if not found and not isinstance(error, HydraException):
            raise
        raise ConfigError(found or str(error)) from error
    finally:
        if before is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = before
    return status


def _nothing() -> None:
    pass


def _trained(
    settings: dict[str, Any], folder: Path, begun: Callable[[], None] = _nothing
) -> tuple[int, dict[str, float] | None]:
    """Train; exit status and scores. What people can mend is told without a traceback."""
    from hydra.errors import InstantiationException

    from pix2pix.errors import BadPairError
    from pix2pix.processes.signals import Interrupted, interrupting
    from pix2pix.runs.checkpoint_io import CheckpointWriteError
    from pix2pix.training.loss_log import NonFiniteLossError

    try:
        with interrupting():
            return 0, _train(settings, folder, begun)
    except Interrupted as stop:
        if started_by_lightning():
            # The first rank watches those that it has started, and is ended when one of them reports a failure.
            return 0, None
        if launched()[0] > 0:
            return stop.exit_status, None  # the first rank speaks for all
        _tell_stop(folder)
        return stop.exit_status, None
    except (ConfigError, InstantiationException) as error:
        log.error("%s", error)
        return 2, None
    except WorkerLostError as error:
        log.error("%s%s", error, _hint(folder))
        return 1, None
    except (BadPairError, CheckpointWriteError, NonFiniteLossError, RankLostError) as error:
        # What a loading process raises comes with that process's traceback before it.
        log.error("%s", str(error).rpartition(f"{type(error).__name__}: ")[2].strip())
        return 1, None
    except OSError as error:
        if error.filename is None and error.errno not in ADVICE:
            raise
        log.error("%s", in_words(error))
        return 1, None


def _tell_stop(folder: Path) -> None:
    if (folder / "checkpoints" / "last.ckpt").exists():
        log.info("Stopped. To continue: pix2pix train %s", typed("resume", os.path.relpath(folder)))
    else:
        log.info("Stopped before the training.")


def _hint(folder: Path) -> str:
    """How a run whose loading processes die goes on, where it can."""
    if not (folder / ".hydra" / "config.yaml").exists():
        return "."
    how = "To continue" if (folder / "checkpoints" / "last.ckpt").exists() else "To begin again"
    return f". {how}: pix2pix train {typed('resume', os.path.relpath(folder))} data.num_workers=0"


def _train(settings: Mapping[str, Any], folder: Path, begun: Callable[[], None]) -> dict[str, float]:
    """Train, and say what comes of it and what may be done next; returns the scores."""
    from pix2pix.build.training import run_training

    done = run_training(
        settings,
        folder,
        prepared=partial(_check_holdout, settings, folder),
        begun=begun,
        stopped=lambda: _tell_stop(folder),
    )
    if done.again and done.module.trainer.is_global_zero:
        again = typed("resume", os.path.relpath(folder))
        log.info("All epochs are done. For more: pix2pix train %s schedule.epochs=N", again)
    elif done.module.trainer.is_global_zero:
        _tell_scores(settings, done)
        _tell_end(folder, typed_overrides(folder), settings["schedule"]["epochs"])
    return done.scores


def _check_holdout(settings: Mapping[str, Any], folder: Path, parts: Parts) -> None:
    """Raises ConfigError where pairs were to be held out, and the data say themselves which they are."""
    held_out = parts.data.held_out
    told = [] if settings["resume"] else idle_holdout(typed_overrides(folder), settings["data"], held_out)
    if told and not is_point():
        raise ConfigError("\n".join(told))
    for each in told:
        log.warning("%s", each)


def _tell_scores(settings: Mapping[str, Any], done: Trained) -> None:
    units = {"rmse": f" {done.data.target_domain.unit}", "psnr": " dB", "log_spectrum_distance": " dB"}
    shown = ", ".join(f"{name} {value:.4g}{units.get(name, '')}" for name, value in done.scores.items())
    there, limit = len(done.data.readable("val")), settings["trainer"].get("limit_val_batches")
    pictures = done.module.pictures_scored
    part = "" if pictures in (None, there) else f" ({pictures} of {there} pictures)"
    if part and limit is not None:
        part = f" ({pictures} of {there} pictures, trainer.limit_val_batches={limit})"
    log.info("Scores on val%s: %s", part, shown or "none")


def _tell_end(folder: Path, overrides: list[str], epochs: int) -> None:
    run = os.path.relpath(folder)
    log.info("The run is in %s; look at its samples/. Next:", run)
    log.info("  pix2pix evaluate %s", shlex.quote(run))
    log.info("  pix2pix translate %s --split val -o translated", shlex.quote(run))
    log.info("  pix2pix train %s schedule.epochs=%d", typed("resume", run), 2 * epochs)
    others = [each for each in overrides if not each.startswith(("seed=", "resume=", "schedule.epochs="))]
    own = typed_config_dir(folder)
    flags = [] if own is None else [f"--config-dir={own}"]
    words = [*flags, "seed=1,2,3", *others, f"schedule.epochs={epochs}"]  # which may be more than was typed at first
    log.info("  pix2pix train -m %s", " ".join(map(shlex.quote, words)))


if __name__ == "__main__":
    main()
