"""From what was typed to checked settings, or to the mistake in words; before anything heavy is imported."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from pix2pix.config import ConfigError, validate
from pix2pix.config_checks import dotted, missing_values
from pix2pix.nearest import nearest, nearest_key
from pix2pix.sweeps import quote, register_resolvers
from pix2pix.trainer_checks import trainer_name_problem

FLAGS_WITH_VALUE = frozenset(
    {
        *("--cfg", "-c", "--package", "-p", "--config-path", "-cp", "--config-name", "-cn", "--config-dir", "-cd"),
        *("--experimental-rerun", "--info", "-i"),
    }
)
HYDRAS_FLAGS = FLAGS_WITH_VALUE | {
    *("--help", "-h", "--hydra-help", "--version", "--resolve", "--run", "-r", "--multirun", "-m"),
    *("--shell-completion", "-sc"),
}
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


def check(arguments: Sequence[str]) -> tuple[dict[str, Any], Path]:
    """Compose and validate the settings that these arguments of `pix2pix train` give; returns them and the run folder.

    Raises ConfigError for every mistake, with what was found, what was expected and what to type.
    """
    register_resolvers()
    try:
        with initialize_config_dir(config_dir=_config_dir(arguments), version_base="1.3"):
            config = compose(_config_name(arguments), _overrides(arguments), return_hydra_config=True)
        with open_dict(config):
            config.hydra.runtime.output_dir = config.hydra.run.dir
    except (HydraException, OmegaConfBaseException, ValueError) as error:  # ValueError: a group's choice is no text
        raise ConfigError(explanation(arguments) or str(error).partition("\n")[0]) from error
    settings = plain_settings(config)
    validate(settings)
    return settings, Path(config.hydra.run.dir)


def check_flags(arguments: Sequence[str]) -> None:
    """Raises ConfigError for a flag that Hydra does not have."""
    for flag in (argument.partition("=")[0] for argument in arguments if argument.startswith("-")):
        if flag not in HYDRAS_FLAGS:
            raise ConfigError(
                f"there is no flag {flag}. Settings are typed without dashes, as KEY=VALUE: pix2pix train --help lists"
                " those that people change most"
            )


def explanation(arguments: Sequence[str]) -> str:
    """What is wrong with arguments that do not compose, in words; empty where no reason is found."""
    with initialize_config_dir(config_dir=_config_dir(arguments), version_base="1.3"):
        return "\n".join(_mistakes(arguments))


def plain_settings(config: DictConfig) -> dict[str, Any]:
    """A composed config as plain containers, with what `${hydra:…}` refers to in place while they are resolved.

    Raises ConfigError where a value without default was not given, and where one refers to nothing.
    """
    task = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
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


def resume_arguments(arguments: Sequence[str]) -> list[str]:
    """Arguments that compose a run's own settings again, where `resume=RUN` was typed; else the arguments as they are.

    The run's `.hydra/` stays as it is; what is typed now is kept in `.hydra/resume_N`, and the next resume starts from
    there, so that a run that was extended stays extended.
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
    records = _records(folder.absolute() / ".hydra")
    if not records:
        runs = sorted(path.parent.parent for path in Path("outputs").glob("*/*/.hydra/config.yaml"))
        hint = f" The latest run here: {max(runs, key=lambda run: run.stat().st_mtime)}" if runs else ""
        raise ConfigError(f"resume: {str(folder)!r} is no run folder: it has no .hydra/config.yaml.{hint}")
    others = [argument for argument in arguments if argument not in typed and not argument.startswith("-")]
    for argument in others:
        key = argument.lstrip("+~")
        if not key.startswith(RESUME_MAY_CHANGE) or key.startswith("hydra.run.dir="):
            raise ConfigError(
                f"{argument}: a run is continued as it was. Beside resume= these may be typed: schedule.epochs="
                " schedule.decay_epochs= trainer.…= callbacks.…= logger.…= data.root= data.num_workers= data.cache=."
                f" For a new run from its weights: pix2pix train init_from={folder} {argument} …"
            )
    absolute = folder.absolute()
    return [
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
    resumes = sorted(folder.glob("resume_*"), key=lambda each: int(each.name.partition("_")[2]))
    return [each for each in (folder, *resumes) if any(file.stat().st_size for file in each.glob("config.yaml"))]


def _log_format() -> list[str]:
    """How `train.yaml` has Hydra write log lines: the settings that a run records leave Hydra's own out."""
    logging = OmegaConf.load(conf_folder() / "train.yaml").hydra.job_logging
    texts = [
        *((f"formatters.{name}.format", formatter.format) for name, formatter in logging.formatters.items()),
        *((f"handlers.{name}.formatter", handler.formatter) for name, handler in logging.handlers.items()),
    ]
    return [f"++hydra.job_logging.{key}={quote(text)}" for key, text in texts]


def _overrides(arguments: Sequence[str]) -> list[str]:
    pairs = zip(["", *arguments], arguments, strict=False)
    return [each for before, each in pairs if not each.startswith("-") and before not in FLAGS_WITH_VALUE]


def _config_dir(arguments: Sequence[str]) -> str:
    return str(Path(_flag(arguments, "--config-path") or conf_folder()).absolute())


def _config_name(arguments: Sequence[str]) -> str:
    return _flag(arguments, "--config-name") or "train"


def _flag(arguments: Sequence[str], name: str) -> str | None:
    for index, argument in enumerate(arguments):
        if argument.startswith(f"{name}="):
            return argument.partition("=")[2]
        if argument == name and index + 1 < len(arguments):
            return arguments[index + 1]
    return None


def _is_hydras(override: str) -> bool:
    return override.lstrip("+~").startswith(("hydra.", "hydra/"))


def _mistakes(arguments: Sequence[str]) -> Iterator[str]:
    """Which of the overrides cannot be read, or name a group, a choice or a key that does not exist."""
    folder = Path(_config_dir(arguments))
    groups = {
        path.name: sorted(each.stem for each in path.glob("*.yaml") if not each.stem.startswith("_"))
        for path in sorted(folder.iterdir())
        if path.is_dir() and path.name != "hydra"
    }
    sweeping = bool({"-m", "--multirun", "hydra.mode=MULTIRUN"} & set(arguments))
    parsed: list[Override] = []
    for argument in _overrides(arguments):
        try:
            override = OverridesParser.create().parse_override(argument)
        except HydraException:
            yield _unreadable(argument, groups)
            continue
        if override.is_sweep_override() and not sweeping:
            yield _several(argument, groups)
        elif override.key_or_group and not _is_hydras(argument) and not override.is_delete():
            parsed.append(override)
    valid = []
    for override in parsed:
        group = override.key_or_group
        wrong = [each for each in _choices(override) if each not in groups.get(group, ())]
        if group in groups and not wrong and not override.is_sweep_override():
            valid.append(override.input_line or "")
        for each in wrong if group in groups else ():
            near = nearest(each, groups[group])
            yield (
                f"{group}: there is no {each!r}; the choices are {', '.join(groups[group])}."
                + (f" Nearest: type {group}={near}" if near else "")
            )
    try:
        config = compose(_config_name(arguments), valid, return_hydra_config=True)
    except (HydraException, OmegaConfBaseException, ValueError):
        return
    known = set(dotted(OmegaConf.to_container(config, resolve=False))) | set(groups)
    elsewhere = _settings_of_choices(folder, groups)
    for override in parsed:
        key = override.key_or_group
        if key not in known and not override.is_force_add() and not override.is_add():
            value = (override.input_line or "").partition("=")[2]
            yield _no_setting(key, value, known, elsewhere, config.hydra.runtime.choices)


def _choices(override: Override) -> list[str]:
    value = override.value()
    chosen = value.list if isinstance(value, ChoiceSweep) else value if isinstance(value, list) else [value]
    return ["null" if each is None else str(each) for each in chosen]


def _settings_of_choices(folder: Path, groups: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Each key that some choice of a group has, with those choices: `data.root` → `data=manifest` and so on."""
    found: dict[str, list[str]] = {}
    for group, choices in groups.items():
        for choice in choices if group != "experiment" else ():
            content = OmegaConf.to_container(OmegaConf.load(folder / group / f"{choice}.yaml"), resolve=False)
            for key in dotted(content):
                found.setdefault(f"{group}.{key}", []).append(f"{group}={choice}")
    return found


def _no_setting(
    key: str, value: str, known: set[str], elsewhere: Mapping[str, Sequence[str]], chosen: Mapping[str, str]
) -> str:
    group, _, name = key.partition(".")
    if group == "trainer" and name:
        return (
            trainer_name_problem(name)
            or f"{key} is Lightning's own, and has no value to change yet. Type +{key}={value}"
        )
    if key in elsewhere:
        finding = "; pix2pix data check FOLDER finds out which" if group == "data" else ""
        return (
            f"{key} is no setting of {group}={chosen[group]}, but of {', '.join(elsewhere[key])}."
            f" Type {' or '.join(elsewhere[key])} too{finding}"
        )
    near = nearest_key(key, known | elsewhere.keys())
    hint = f" Nearest: type {near}={value}" if near else ""
    needs = f" with {' or '.join(elsewhere[near])}" if near and near in elsewhere and near not in known else ""
    return f"{key} is no setting.{hint}{needs}{'.' if near else ''} All settings: pix2pix train --cfg job"


def _unreadable(argument: str, groups: Mapping[str, Sequence[str]]) -> str:
    key, equals, value = argument.partition("=")
    if not equals:
        group = next((group for group, choices in groups.items() if argument in choices), None)
        meant = f"{group}={argument}" if group else f"{argument}=VALUE" if "." in argument else ""
        hint = f" Nearest: type {meant}" if meant else ""
        return f"{argument!r} is no setting: those are typed as KEY=VALUE, without spaces.{hint}"
    return (
        f"{argument!r} cannot be read as KEY=VALUE. A text with brackets, commas or quotes is typed in quotes twice,"
        f" {in_shell_quotes(f'{key.strip()}={quote(value.strip())}')}, and a list in quotes once, 'data.size=[128,256]'"
    )


def _several(argument: str, groups: Mapping[str, Sequence[str]]) -> str:
    key, _, value = argument.partition("=")
    ways = [f"pix2pix train -m {argument} for a run each"]
    if key not in groups or key == "logger":
        ways.append(f"'{key}=[{value}]' for a list")
    if key not in groups:
        ways.append(f"{in_shell_quotes(f'{key}={quote(value)}')} for a text")
    return f"{argument} gives several values to one run. Type {', or '.join(ways)}"


def in_shell_quotes(override: str) -> str:
    """An override in quotes for the shell, double ones where that is the same: it has single ones itself."""
    return shlex.quote(override) if set(override) & set('"$`\\!') else f'"{override}"'
