"""From what was typed to checked settings, or to the mistake in words; before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, OverrideParseException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from pix2pix.config import ConfigError, validate
from pix2pix.config_checks import dotted, nearest
from pix2pix.sweeps import quote, register_resolvers

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


def conf_folder() -> Path:
    """The folder `conf/`: inside the installed package, or beside `src/` in a checkout."""
    inside = Path(__file__).parent / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "conf"


def check(arguments: Sequence[str]) -> None:
    """Compose and validate the settings that these arguments of `pix2pix train` give.

    Raises ConfigError for every mistake, with what was found, what was expected and what to type.
    """
    register_resolvers()
    overrides = [argument for argument in arguments if not argument.startswith("-")]
    folder, name = _flag(arguments, "--config-path") or str(conf_folder()), _flag(arguments, "--config-name") or "train"
    with initialize_config_dir(config_dir=str(Path(folder).absolute()), version_base="1.3"):
        try:
            plain = _resolved(compose(name, overrides, return_hydra_config=True))
        except OverrideParseException as error:
            raise ConfigError(
                f"{error.override!r} cannot be read as KEY=VALUE. A value with commas, brackets or spaces needs quotes"
                f" around the whole, such as 'data.size=[128,256]'"
            ) from error
        except (HydraException, OmegaConfBaseException) as error:
            found = list(_mistakes(overrides, Path(folder)))
            raise ConfigError("\n".join(found) or str(error).partition("\n")[0]) from error
    validate(plain)


def resume_arguments(arguments: Sequence[str]) -> list[str]:
    """Arguments that compose a run's own settings again, where `resume=RUN` was typed; else the arguments as they are.

    The run's `.hydra/` stays as it is; what is typed now is kept in `.hydra/resume_N`.
    Raises ConfigError where RUN is no run folder, or where what else was typed would make it another run.
    """
    arguments = list(arguments)
    typed = [argument for argument in arguments if argument.startswith("resume=")]
    if not typed or _flag(arguments, "--config-path"):
        return arguments
    parsed = OverridesParser.create().parse_override(typed[-1]).value()
    if parsed is None:
        return arguments
    folder = Path(str(parsed))
    if not (folder / ".hydra" / "config.yaml").is_file():
        runs = sorted(path.parent.parent for path in Path("outputs").glob("*/*/.hydra/config.yaml"))
        hint = f" The latest run here: {max(runs, key=lambda run: run.stat().st_mtime)}" if runs else ""
        raise ConfigError(f"resume: {str(folder)!r} is no run folder: it has no .hydra/config.yaml.{hint}")
    others = [argument for argument in arguments if argument not in typed and not argument.startswith("-")]
    for argument in others:
        if not argument.lstrip("+~").startswith(RESUME_MAY_CHANGE):
            raise ConfigError(
                f"{argument}: a run is continued as it was. Beside resume= these may be typed: schedule.epochs="
                " schedule.decay_epochs= trainer.…= callbacks.…= logger.…= data.root= data.num_workers= data.cache=."
                f" For a new run from its weights: pix2pix train init_from={folder} {argument} …"
            )
    number = 1 + len(list((folder / ".hydra").glob("resume_*")))
    absolute = folder.absolute()
    return [
        f"--config-path={absolute / '.hydra'}",
        "--config-name=config",
        *others,
        f"resume={quote(absolute)}",
        f"hydra.run.dir={quote(absolute)}",
        f"hydra.output_subdir=.hydra/resume_{number}",
        "hydra.job.name=train",
    ]


def _resolved(config: DictConfig) -> dict[str, Any]:
    """Plain settings, with what `${hydra:…}` refers to in place while they are resolved."""
    with open_dict(config):
        config.hydra.runtime.output_dir = config.hydra.run.dir
    HydraConfig.instance().set_config(config)
    try:
        task = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
        return cast(dict[str, Any], OmegaConf.to_container(task, resolve=True))
    finally:
        HydraConfig.instance().cfg = None


def _flag(arguments: Sequence[str], name: str) -> str | None:
    for index, argument in enumerate(arguments):
        if argument.startswith(f"{name}="):
            return argument.partition("=")[2]
        if argument == name and index + 1 < len(arguments):
            return arguments[index + 1]
    return None


def _is_hydras(override: str) -> bool:
    return override.lstrip("+~").startswith(("hydra.", "hydra/"))


def _mistakes(overrides: Sequence[str], folder: Path) -> Iterator[str]:
    """Which of the overrides name a group, a choice or a key that does not exist, in words."""
    groups = {
        path.name: sorted(each.stem for each in path.glob("*.yaml") if not each.stem.startswith("_"))
        for path in folder.iterdir()
        if path.is_dir() and path.name != "hydra"
    }
    parsed: list[Override] = OverridesParser.create().parse_overrides(
        [each for each in overrides if not _is_hydras(each)]
    )
    valid = []
    for override in parsed:
        group, value = override.key_or_group, override.value()
        if group in groups:
            wrong = [
                each for each in (value if isinstance(value, list) else [value]) if each not in groups[group] and each
            ]
            for each in wrong:
                near = nearest(str(each), groups[group])
                yield (
                    f"{group}: there is no {each!r}; there are {', '.join(groups[group])}."
                    + (f" Nearest: type {group}={near}" if near else "")
                )
            if not wrong:
                valid.append(override.input_line or "")
    try:
        known = set(dotted(OmegaConf.to_container(compose("train", valid), resolve=False)))
    except (HydraException, OmegaConfBaseException):
        return
    for override in parsed:
        key = override.key_or_group
        if key not in groups and key not in known and not override.is_force_add() and not override.is_add():
            near = nearest(key, known | set(groups)) or _same_ending(key, known)
            yield (
                f"{key} is no setting."
                + (f" Nearest: type {near}={override.get_value_element_as_str()}" if near else "")
                + " All settings: pix2pix train --cfg job"
            )


def _same_ending(key: str, known: set[str]) -> str | None:
    """A known key that ends alike: `epochs` means `schedule.epochs`."""
    last = key.rpartition(".")[2]
    return next((each for each in sorted(known) if each.rpartition(".")[2] == last), None)
