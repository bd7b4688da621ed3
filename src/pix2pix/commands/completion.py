"""What a shell is told to complete: `eval "$(pix2pix train -sc install=bash)"`, or fish, or zsh (as bash).

Hydra completes one program with settings; here the settings come after the verb `train`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence

from pix2pix.commands.arguments import tell_mistake

FLAGS = frozenset({"-sc", "--shell-completion"})
SHELLS = ("bash", "fish", "zsh")
LINE = 'eval "$(pix2pix train -sc install=bash)"'


def complete(arguments: Sequence[str], verbs: Collection[str]) -> int:
    """Print the script that a shell installs, or what fits behind its COMP_LINE; returns the exit status.

    Args:
        arguments: a flag of `FLAGS`, then `install=`, `uninstall=` or `query=` with the name of a shell.
        verbs: what may follow the program's name.
    """
    task, _, shell = next((each for each in arguments if "=" in each), "").partition("=")
    line = os.environ.get("COMP_LINE")
    if task not in ("install", "uninstall", "query") or shell not in SHELLS or (task == "query" and line is None):
        known = ", ".join(SHELLS)
        tell_mistake("train", f"-sc takes install=SHELL or uninstall=SHELL, of {known}. In bash, type:\n{LINE}")
        return 2
    if task == "query" and line is not None:
        words = line.split()[1:] + [""] * line[-1:].isspace()  # the last one is not finished
        if len(words) < 2:
            print("\n".join(each for each in sorted(verbs) if each.startswith("".join(words))))
            return 0
        if words[0] != "train":
            return 0  # a shell completes the names of files by itself
        os.environ["COMP_LINE"] = " ".join(["pix2pix", *words[1:]])
    _ask_hydra(f"{task}={shell}")
    return 0


def _ask_hydra(task: str) -> None:
    import hydra
    from omegaconf import DictConfig

    from pix2pix.settings.resolvers import register_resolvers
    from pix2pix.settings.typed import conf_folder

    def never(config: DictConfig) -> None:
        raise AssertionError("Hydra completes, and runs nothing")

    register_resolvers()
    sys.argv = ["pix2pix", "-sc", task]
    hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name="train")(never)()
