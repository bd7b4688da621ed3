"""What a run folder's `.hydra/` holds, read as text: what it would make Hydra call is told before Hydra reads it.

`resume=RUN` composes RUN's own settings again, and Hydra calls what they name. Whoever made the folder would so run
code on this machine; hence what is not of this package's `conf/` needs `--trust`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml
from hydra.core.hydra_config import HydraConfig

from pix2pix.errors import ConfigError
from pix2pix.hints import typed
from pix2pix.runs.record import plain_problem
from pix2pix.runs.trust import FLAG, listed, trusted_here
from pix2pix.settings.overrides import as_typed
from pix2pix.settings.typed import conf_folder

# By libyaml, where it is there: a hundred times as fast.
SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
BASE = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

LARGEST = 256 << 10  # bytes of a file of settings, which Hydra reads slowly; those of 4096 colours take 100 KiB
MOST = 20_000  # names and values in it: 0.1 ms each for Hydra

# What a text may refer to: other settings, Hydra's record of the run, the environment.
REFERENCE = re.compile(r"\$\{(?:[\w.\[\]]*|hydra:[\w.]+|oc\.env:\w+(?:,[^${}]*)?)\}")
PACKAGE = re.compile(r"\s*#\s*@package")
OPTIMIZER = re.compile(r"torch\.optim\.[A-Z]\w*")
PLACES = ("folder", "tracking_uri")  # where trackers write, and what `conf/logger` has there
OF_THE_RUN = ("${hydra:runtime.output_dir}", "${oc.env:MLFLOW_TRACKING_URI,null}", "null")


def check_trusted(config: Path, run: Path) -> None:
    """Raises ConfigError, which lists each, where recorded settings name code that is not this package's.

    Args:
        config: the file that `resume=` composes.
        run: as it was typed.
    """
    if trusted_here():
        return
    if found := list(foreign(config)):
        raise ConfigError(
            f"resume: {config} names what is not pix2pix's own, and resuming would run or reach it:\n{listed(found)}\n"
            f"If you made this run, or trust who made it: pix2pix train {FLAG} {typed('resume', run)}"
        )


def foreign(config: Path) -> Iterator[str]:
    """What recorded settings name that is not of this package, each with its key.

    Raises ConfigError where the file holds no settings.
    """
    text, plain = read_plain(config)
    if any(PACKAGE.match(line) for line in text.splitlines()):  # which ends lines where Hydra does, at \r or \f too
        yield "a line '# @package', by which the settings would be others'"
    if not isinstance(plain, dict):
        raise ConfigError(f"resume: {config} holds no settings")
    for key in plain:
        if key == "defaults" or key.startswith("hydra"):
            yield f"{key}: settings of Hydra's own, which a run does not record"
    targets, texts = _shipped()
    for key, value in _leaves(plain):
        name = key.rpartition(".")[2]
        if name == "_target_":
            if value not in targets and not OPTIMIZER.fullmatch(value):
                yield f"{key}: {value!r:.200}"
        elif name == "_args_" or "._args_." in key:
            yield f"{key}: {value!r:.200}, an argument without a name"
        elif name in PLACES:
            if value not in OF_THE_RUN:
                yield f"{key}: {value!r:.200}, a place outside the run"
        elif value not in texts and "${" in REFERENCE.sub("", value):
            yield f"{key}: {value!r:.200}"


def recorded_overrides(run: Path) -> list[str] | None:
    """What was typed when a run was started, less Hydra's own; None where the run does not say.

    Raises ConfigError where the file is none.
    """
    path = run / ".hydra" / "overrides.yaml"
    if not path.exists():
        return None
    _, found = read_plain(path)
    if found is not None and not (isinstance(found, list) and all(isinstance(each, str) for each in found)):
        raise ConfigError(f"{path} is damaged: expected a list of what was typed")
    return found or []


def recorded_sources(run: Path) -> list[tuple[str, str]]:
    """Who gave folders that a run's settings were composed from, and the folders; none where the run does not say.

    Raises ConfigError where the file is none.
    """
    path = run / ".hydra" / "hydra.yaml"
    if not path.exists():
        return []
    _, found = read_plain(path)
    try:
        return [(str(each["provider"]), str(each["path"])) for each in found["hydra"]["runtime"]["config_sources"]]
    except (KeyError, TypeError) as error:
        raise ConfigError(f"{path} is damaged: expected Hydra's record of a run") from error


def typed_overrides(folder: Path) -> list[str]:
    """What was typed when the run was started, less Hydra's own."""
    recorded = recorded_overrides(folder)
    if recorded is not None:
        return recorded
    if not HydraConfig.initialized():  # nobody typed anything: it trains from Python
        return []
    task: Any = HydraConfig.get().overrides.task
    return as_typed(task)


def typed_config_dir(folder: Path) -> str | None:
    """The folder of the user's own choices with which the run was started, if there was one."""
    return next((path for provider, path in recorded_sources(folder) if provider == "command-line"), None)


def read_plain(path: Path) -> tuple[str, Any]:
    """A file's text, and its mappings, lists and texts: no other types are made, and nothing is resolved.

    Raises ConfigError where it holds anything else, or refers to parts of itself: what is little text could be much.
    """
    if path.exists() and not path.is_file():  # a fifo would be waited for
        raise ConfigError(f"{path} cannot be read as settings: it is no file")
    found = path.stat()
    return _read_plain(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=256)
def _read_plain(path: Path, modified: int, size: int) -> tuple[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ValueError(f"it is larger than {LARGEST >> 10} KiB")
        text = content.decode("utf-8")
        values = 0
        for each in yaml.parse(text, SAFE):
            values += isinstance(each, yaml.ScalarEvent)
            if isinstance(each, yaml.AliasEvent):
                raise ValueError("it has aliases (*name), which no record of a run has")
            if values > MOST:
                raise ValueError(f"it holds more than {MOST} values")
        yaml.load(text, SAFE)  # refuses tags that name types
        plain = yaml.load(text, BASE)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read as settings: {str(error).partition(chr(10))[0]}") from error
    if plain is not None and (problem := plain_problem(plain)):
        raise ConfigError(f"{path} cannot be read as settings: it {problem}")
    return text, plain


def _leaves(plain: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text with its dotted key; of a `_target_` all that it is, as a text."""
    if isinstance(plain, dict):
        for name, value in plain.items():
            below = f"{key}.{name}" if key else name
            yield from [(below, str(value))] if name == "_target_" else _leaves(value, below)
    elif isinstance(plain, list):
        for index, value in enumerate(plain):
            yield from _leaves(value, f"{key}.{index}")
    else:
        yield key, str(plain)


@cache
def _shipped() -> tuple[frozenset[str], frozenset[str]]:
    """What `conf/` names, and its texts with references: what may stand in a record without being asked about."""
    leaves = [leaf for path in sorted(conf_folder().rglob("*.yaml")) for leaf in _leaves(read_plain(path)[1] or {})]
    targets = frozenset(value for key, value in leaves if key.rpartition(".")[2] == "_target_")
    return targets, frozenset(value for _, value in leaves if "${" in value)
