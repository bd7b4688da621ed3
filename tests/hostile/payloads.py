"""Ways in which a run folder or a checkpoint may name code: each would make a file, or start a program, if it ran."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import yaml

from pix2pix.runs.run import RECORD


class Trap:
    """A pickle that calls `open` where it is trusted."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.file), "w")


def call(sprung: Path) -> dict[str, str]:
    """What Hydra would call: it makes the file."""
    return {"_target_": "builtins.open", "file": str(sprung), "mode": "w"}


def created(sprung: Path) -> str:
    """The same as a text that looks like no call until it is resolved."""
    return f"${{oc.create:{{_target_: builtins.open, file: '{sprung}', mode: w}}}}"


def nested(sprung: Path) -> str:
    """The same, with the resolver's name itself to be resolved."""
    return f"${{${{oc.decode:oc.create}}:{{_target_: builtins.open, file: '{sprung}', mode: w}}}}"


def program(sprung: Path) -> dict[str, Any]:
    """A program to be started."""
    return {"_target_": "subprocess.run", "args": ["touch", str(sprung)]}


def _set(settings: dict[str, Any], key: str, value: Any) -> None:
    *folders, last = key.split(".")
    for name in folders:
        settings = settings.setdefault(name, {})
    settings[last] = value


# What is put where into the settings that a checkpoint's record, or `.hydra/config.yaml`, holds.
IN_SETTINGS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "oc.create in data.pairs": ("data.pairs.task", created),
    "a nested interpolation in data.pairs": ("data.pairs.task", nested),
    "a call in data.pairs": ("data.pairs.count", call),
    "data.pairs is a call": ("data.pairs", call),
    "data.pairs starts a program": ("data.pairs", program),
    "generator": ("generator", call),
    "discriminator": ("discriminator", call),
    "callbacks": ("callbacks.mine", call),
    "logger": ("logger.mine", call),
    "optimizer.algorithm": ("optimizer.algorithm", call),
    "trainer": ("trainer.profiler", call),
    "oc.create in the name": ("name", created),
    "hydra.callbacks": ("hydra.callbacks.mine", call),
    "hydra.launcher": ("hydra.launcher", call),
    "hydra.sweeper": ("hydra.sweeper", call),
}


def hostile_checkpoint(run: Path, folder: Path, payload: str, sprung: Path) -> Path:
    """A copy of a run folder whose checkpoint holds the payload."""
    copy = folder / "run"
    shutil.copytree(run, copy)
    last = copy / "checkpoints" / "last.ckpt"
    content = torch.load(last, weights_only=True)
    if payload == "pickle":
        content["more"] = Trap(sprung)
    elif payload == "domain":
        content[RECORD]["source_domain"] = {"kind": "raw", "channels": 12, "range": call(sprung)}
    else:
        key, value = IN_SETTINGS[payload]
        _set(content[RECORD]["settings"], key, value(sprung))
    torch.save(content, last)
    return copy


def _with_header(path: Path, sprung: Path) -> None:
    lines = yaml.safe_dump({"mine": call(sprung)})
    path.write_text(f"# @package hydra.callbacks\n{lines}{path.read_text()}")


def _joined(path: Path, sprung: Path) -> None:
    """Two halves that are harmless alone, and a call when they are resolved twice."""
    settings = yaml.safe_load(path.read_text())
    settings["name"] = "$"
    settings["data"]["pairs"]["task"] = "${name}" + created(sprung)[1:]
    path.write_text(yaml.safe_dump(settings))


def _with_defaults(path: Path, sprung: Path) -> None:
    group = path.parent / "mine"
    group.mkdir()
    (group / "choice.yaml").write_text("# @package hydra.callbacks\n" + yaml.safe_dump({"mine": call(sprung)}))
    path.write_text("defaults:\n  - mine: choice\n  - _self_\n" + path.read_text())


def _overrides(path: Path, sprung: Path) -> None:
    (path.parent / "overrides.yaml").write_text(
        yaml.safe_dump([f"+hydra.callbacks.mine={call(sprung)}", created(sprung)])
    )


def _hydra(path: Path, sprung: Path) -> None:
    (path.parent / "hydra.yaml").write_text(yaml.safe_dump({"hydra": {"callbacks": {"mine": call(sprung)}}}))


def _tag(path: Path, sprung: Path) -> None:
    path.write_text(path.read_text() + f"mine: !!python/object/apply:builtins.open ['{sprung}', 'w']\n")


def _twice(path: Path, sprung: Path) -> None:
    """The reader of texts sees the second alone."""
    path.write_text(f"callbacks:\n  mine: {call(sprung)}\n{path.read_text()}")


def _merged(path: Path, sprung: Path) -> None:
    settings = path.read_text().replace("callbacks:\n", "callbacks:\n  mine:\n    <<: *mine\n")
    path.write_text(f"x: &mine {{_target_: builtins.open, file: '{sprung}', mode: w}}\n{settings}")


IN_FOLDER: dict[str, Callable[[Path, Path], None]] = {
    "a line @package": _with_header,
    "two halves": _joined,
    "defaults": _with_defaults,
    "a tag of Python": _tag,
    "a merged anchor": _merged,
    "a key twice": _twice,
}
HARMLESS: dict[str, Callable[[Path, Path], None]] = {"overrides.yaml": _overrides, "hydra.yaml": _hydra}


def hostile_folder(run: Path, folder: Path, payload: str, sprung: Path) -> Path:
    """A copy of a run folder whose recorded settings hold the payload."""
    copy = folder / "run"
    shutil.copytree(run, copy)
    config = copy / ".hydra" / "config.yaml"
    if payload in IN_SETTINGS:
        settings = yaml.safe_load(config.read_text())
        key, value = IN_SETTINGS[payload]
        _set(settings, key, value(sprung))
        config.write_text(yaml.safe_dump(settings))
    else:
        (IN_FOLDER | HARMLESS)[payload](config, sprung)
    return copy
