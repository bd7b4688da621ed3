"""What `pix2pix import` does: a file of the usual code becomes the slim file of a run that was never trained here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pix2pix.data.domains import domain_from_dict
from pix2pix.exchange.foreign import Recognised, read_foreign
from pix2pix.inference.exported.extras import ExchangeError
from pix2pix.models.unet import UNet
from pix2pix.runs.checkpoint_io import write_torch
from pix2pix.runs.run import FORMAT, RECORD, build_generator, check_unused
from pix2pix.settings.compose import check
from pix2pix.version import __version__

RESNET_SIDE = 256  # pixels that its pictures usually have
SMALLEST_SIDE = 64  # pixels, of the discriminator that a further training would have
UNKNOWN_ROOT = "(unknown: it was imported)"


def import_foreign(file: Path, run: Path, typed: Sequence[str] = ()) -> str:
    """Make a run of a foreign generator; says what was recognised.

    Args:
        file: NAME_net_G.pth.
        run: the folder to be made.
        typed: settings of a training, that the file does not say.

    Raises ExchangeError or ConfigError for what is not as it was typed.
    """
    slim = run / "checkpoints" / "generator.ckpt"
    if slim.exists():
        raise ExchangeError(f"-o: {slim} exists already; remove it or choose another name")
    check_unused(run)
    found = read_foreign(file)
    record = _record(found, typed)
    slim.parent.mkdir(parents=True, exist_ok=True)
    write_torch({RECORD: record, "generator": found.generator.state_dict()}, slim)
    sides = " → ".join(str(record[f"{side}_domain"]["kind"]) for side in ("source", "target"))
    return f"{slim}: {found.described}, {sides}"


def _record(found: Recognised, typed: Sequence[str]) -> dict[str, Any]:
    """What a checkpoint says of its run; the settings of a training that could have given this generator."""
    settings, _ = check([*_overrides(found), *typed])
    settings["logger"] = {}
    for part in (settings["data"], settings["data"]["pairs"]):
        if part.get("root") == ".":
            part["root"] = UNKNOWN_ROOT
    domains = {
        f"{side}_domain": domain_from_dict(_domain(settings["data"][side])).to_dict() for side in ("source", "target")
    }
    environment = {"precision": "32-true", "pix2pix": __version__, "imported": found.described}
    record = {"format": FORMAT, "settings": settings, "environment": environment, **domains}
    shapes, expected = (
        {name: tuple(value.shape) for name, value in generator.state_dict().items()}
        for generator in (build_generator(record), found.generator)
    )
    if shapes != expected:
        name = next(name for name in {**expected, **shapes} if shapes.get(name) != expected.get(name))
        raise ExchangeError(
            f"the settings that were typed make another generator than the file's, which is a {found.described}: {name}"
            f" would be {shapes.get(name, 'absent')}, and is {expected.get(name, 'absent')}"
        )
    return record


def _overrides(found: Recognised) -> list[str]:
    depth = found.settings.get("depth")
    side = RESNET_SIDE if depth is None else max(SMALLEST_SIDE, 2**depth)
    return [
        *("experiment=pairs", "data=side_by_side", "data.root=."),
        f"data.size=[{side},{side}]",
        f"data.source={_typed_domain(found.source_channels)}",
        f"data.target={_typed_domain(found.target_channels)}",
        f"generator={'unet' if isinstance(found.generator, UNet) else 'resnet'}",
        *(f"generator.{name}={value}" for name, value in found.settings.items()),
        *("translation.noise=false", "translation.statistics=running"),
    ]


def _typed_domain(channels: int) -> str:
    """That code maps pictures of 8 bits to [-1, 1], which are the domains rgb and grey; of others nothing is known."""
    return {1: "grey", 3: "rgb"}.get(channels, f"{{kind:raw,channels:{channels},range:[-1,1]}}")


def _domain(setting: str | Mapping[str, Any]) -> Mapping[str, Any]:
    return {"kind": setting} if isinstance(setting, str) else setting
