"""What was typed after `pix2pix train`: Hydra's flags, overrides, and the folder of configs that they name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pix2pix.errors import ConfigError
from pix2pix.hints import quote

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


def conf_folder() -> Path:
    """The folder `conf/`: inside the installed package, or beside `src/` in a checkout."""
    inside = Path(__file__).parents[1] / "conf"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "conf"


def check_flags(arguments: Sequence[str]) -> None:
    """Raises ConfigError for a flag that Hydra does not have, and for a folder of Hydra's that is empty."""
    for key, _, value in (argument.partition("=") for argument in arguments):
        if key in ("hydra.run.dir", "hydra.sweep.dir") and not value.strip("'\""):
            raise ConfigError(f"{key}: found '', expected a folder: has a variable of the shell no value?")
    for given in (argument.partition("=")[0] for argument in arguments if argument.startswith("-")):
        if given not in HYDRAS_FLAGS:
            raise ConfigError(
                f"there is no flag {given}. Settings are typed without dashes, as KEY=VALUE: pix2pix train --help lists"
                " those that people change most"
            )


def overrides(arguments: Sequence[str]) -> list[str]:
    """Those that are no flags, nor the values of flags."""
    pairs = zip(["", *arguments], arguments, strict=False)
    return [each for before, each in pairs if not each.startswith("-") and before not in FLAGS_WITH_VALUE]


def config_dir(arguments: Sequence[str]) -> str:
    """The folder that they compose from, as an absolute path."""
    return str(Path(flag_value(arguments, "--config-path", "-cp") or conf_folder()).absolute())


def config_name(arguments: Sequence[str]) -> str:
    """The config in it that they start from."""
    return flag_value(arguments, "--config-name", "-cn") or "train"


def own_folder(arguments: Sequence[str]) -> Path | None:
    """Where choices of the user's own are looked for too."""
    folder = flag_value(arguments, "--config-dir", "-cd")
    return None if folder is None else Path(folder).absolute()


def searched(arguments: Sequence[str]) -> list[str]:
    """The override by which Hydra's `compose`, which knows no flags, looks there."""
    folder = own_folder(arguments)
    return [] if folder is None else [f"hydra.searchpath=[{quote(f'file://{folder}')}]"]


def flag_value(arguments: Sequence[str], *names: str) -> str | None:
    """What was given with a flag, after a space or a `=`, by any of its names; None where it was not."""
    for index, argument in enumerate(arguments):
        if argument.partition("=")[0] in names and "=" in argument:
            return argument.partition("=")[2]
        if argument in names and index + 1 < len(arguments):
            return arguments[index + 1]
    return None
