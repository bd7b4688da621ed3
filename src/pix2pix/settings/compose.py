"""From what was typed to checked settings, or to the mistake in words; before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from pix2pix.errors import ConfigError
from pix2pix.schema.problems import missing_values
from pix2pix.schema.settings import mistyped
from pix2pix.settings.mistakes import mistakes
from pix2pix.settings.resolvers import register_resolvers
from pix2pix.settings.typed import config_dir, config_name, overrides, searched
from pix2pix.settings.validation import validate

DOES_NOT_COMPOSE = (HydraException, OmegaConfBaseException, YAMLError, ValueError)  # a group's choice is no text


def check(arguments: Sequence[str]) -> tuple[dict[str, Any], Path]:
    """Compose and validate the settings that these arguments of `pix2pix train` give; returns them and the run folder.

    Raises ConfigError for every mistake, with what was found, what was expected and what to type.
    """
    register_resolvers()
    try:
        config = _composed(arguments)
    except DOES_NOT_COMPOSE as error:
        found = mistakes(arguments)
        said = [each for _, each in found] or [str(error).partition("\n")[0]]
        wrong = {argument for argument, _ in found}
        rest = [argument for argument in arguments if argument not in wrong]
        raise ConfigError("\n".join([*said, *_mistyped(rest)])) from error
    settings = plain_settings(config)
    validate(settings)
    return settings, Path(config.hydra.run.dir)


def composed(arguments: Sequence[str]) -> DictConfig:
    """The settings that arguments without a mistake give, not resolved: what a run records."""
    return _without_hydra(_composed(arguments))


def called_by_time(arguments: Sequence[str]) -> bool:
    """Whether the run folder that these arguments give is called after the time at which they are composed."""
    run: Any = OmegaConf.to_container(_composed(arguments).hydra.run, resolve=False)
    return "${now:" in run["dir"]


def _composed(arguments: Sequence[str]) -> DictConfig:
    with initialize_config_dir(config_dir=config_dir(arguments), version_base="1.3"):
        config = compose(
            config_name(arguments), [*overrides(arguments), *searched(arguments)], return_hydra_config=True
        )
    with open_dict(config):
        config.hydra.runtime.output_dir = config.hydra.run.dir
    return config


def _mistyped(arguments: Sequence[str]) -> list[str]:
    """What is wrong with the values of the arguments that do compose, so that all is told at once."""
    try:
        return mistyped(plain_settings(_composed(arguments)))
    except DOES_NOT_COMPOSE:  # or, a ConfigError: what is missing may be what was mistyped
        return []


def plain_settings(config: DictConfig) -> dict[str, Any]:
    """A composed config as plain containers, with what `${hydra:…}` refers to in place while they are resolved.

    Raises ConfigError where a value without default was not given, and where one refers to nothing.
    """
    task = _without_hydra(config)
    if missing := missing_values(cast(dict[str, Any], OmegaConf.to_container(task, resolve=False))):
        raise ConfigError("\n".join(missing))
    before = HydraConfig.instance().cfg
    HydraConfig.instance().set_config(config)
    try:
        return cast(dict[str, Any], OmegaConf.to_container(task, resolve=True))
    except OmegaConfBaseException as error:
        raise ConfigError(str(error).partition("\n")[0]) from error
    finally:
        HydraConfig.instance().cfg = before


def _without_hydra(config: DictConfig) -> DictConfig:
    return OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
