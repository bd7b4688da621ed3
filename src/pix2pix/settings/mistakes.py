"""Why arguments do not compose: groups, choices and keys that do not exist, and what was meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override
from hydra.errors import HydraException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from pix2pix.hints import in_shell_quotes, nearest, nearest_key, quote
from pix2pix.schema.problems import dotted
from pix2pix.settings.trainer_rules import trainer_name_problem
from pix2pix.settings.typed import config_dir, config_name, overrides, own_folder, searched


def explanation(arguments: Sequence[str]) -> str:
    """What is wrong with arguments that do not compose, in words; empty where no reason is found."""
    return "\n".join(said for _, said in mistakes(arguments))


def mistakes(arguments: Sequence[str]) -> list[tuple[str, str]]:
    """The arguments that are wrong by themselves, each with what is to be said of it."""
    with initialize_config_dir(config_dir=config_dir(arguments), version_base="1.3"):
        return list(_mistakes(arguments))


def _is_hydras(override: str) -> bool:
    return override.lstrip("+~").startswith(("hydra.", "hydra/"))


def _mistakes(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The overrides that cannot be read, or name a group, a choice or a key that does not exist, and what to say."""
    own = own_folder(arguments)
    folders = [Path(config_dir(arguments)), *([] if own is None else [own])]
    groups = _groups(folders)
    sweeping = bool({"-m", "--multirun", "hydra.mode=MULTIRUN"} & set(arguments))
    parsed: list[Override] = []
    for argument in overrides(arguments):
        try:
            override = OverridesParser.create().parse_override(argument)
        except HydraException:
            yield argument, _unreadable(argument, groups)
            continue
        if override.is_sweep_override() and not sweeping:
            yield argument, _several(argument, groups)
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
            hint = f" Nearest: type {group}={near}" if near else ""
            said = f"{group}: there is no {each!r}; the choices are {', '.join(groups[group])}.{hint}"
            yield override.input_line or "", said
    try:
        config = compose(config_name(arguments), [*valid, *searched(arguments)], return_hydra_config=True)
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError):
        return
    known = set(dotted(OmegaConf.to_container(config, resolve=False))) | set(groups)
    elsewhere = _settings_of_choices(folders, groups)
    for override in parsed:
        key = override.key_or_group
        if key not in known and not override.is_force_add() and not override.is_add():
            line = override.input_line or ""
            value = line.partition("=")[2]
            yield line, _no_setting(key, value, known, elsewhere, config.hydra.runtime.choices)


def _choices(override: Override) -> list[str]:
    value = override.value()
    chosen = value.list if isinstance(value, ChoiceSweep) else value if isinstance(value, list) else [value]
    return ["null" if each is None else str(each) for each in chosen]


def _groups(folders: Sequence[Path]) -> dict[str, list[str]]:
    """Each group with its choices."""
    found: dict[str, list[str]] = {}
    for path in sorted(path for folder in folders if folder.is_dir() for path in folder.iterdir()):
        if path.is_dir() and path.name != "hydra":
            choices = {each.stem for each in path.glob("*.yaml") if not each.stem.startswith("_")}
            found[path.name] = sorted(choices.union(found.get(path.name, ())))
    return found


def _settings_of_choices(folders: Sequence[Path], groups: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Each key that some choice of a group has, with those choices: `data.root` → `data=manifest` and so on."""
    found: dict[str, list[str]] = {}
    for group, choices in groups.items():
        for choice in choices if group != "experiment" else ():
            file = next(file for folder in folders if (file := folder / group / f"{choice}.yaml").is_file())
            content = OmegaConf.to_container(OmegaConf.load(file), resolve=False)
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
    meant = f"{near}={value}"
    if near == "data.size" and value.isdigit():
        meant = in_shell_quotes(f"data.size=[{value},{value}]")
    hint = f" Nearest: type {meant}" if near else ""
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
