"""Generators in the file format of pytorch-CycleGAN-and-pix2pix, recognised by the names and shapes of their tensors.

Such a file is a state dict and nothing more. Its U-Net nests each level in the one around it, its ResNet numbers the
layers of one sequence; the functions are those of `models.unet` and `models.resnet`, so the tensors fit under other
names. What tells the variants apart:

    norm      norms with a scale are batch norm; without one, biased convolutions mean instance norm, others no norm
    dropout   in the ResNet it moves the block's second convolution by one place; in the U-Net it leaves no trace
    depth     the number of nested levels
    blocks    the number of residual blocks

Running statistics beside instance norm (PyTorch before 0.4 kept some) are left out, as that code does; so are the
prefix `module.` of DataParallel and versions of modules (`_metadata`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from pix2pix.files.torch_files import read_torch
from pix2pix.inference.exported.extras import ExchangeError
from pix2pix.models.blocks import Generator
from pix2pix.models.resnet import ResNet
from pix2pix.models.unet import UNet
from pix2pix.models.weights import filled

ForeignNorm = Literal["batch", "instance", "none"]
Names = dict[str, str]  # of modules: theirs → ours
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@dataclass(frozen=True)
class Recognised:
    """A generator of this package that is the file's.

    Attributes:
        settings: keyword arguments of its class, but for the channels.
        described: what was recognised, in words.
    """

    generator: Generator
    source_channels: int
    target_channels: int
    settings: Mapping[str, Any]
    described: str


def read_foreign(path: Path) -> Recognised:
    """The generator in a file of that code, with its weights.

    Raises ExchangeError with what was found, where the file is no state dict, or its network none that is known.
    """
    return recognise(_read(path), path)


def recognise(weights: Mapping[str, Tensor], path: Path) -> Recognised:
    """As `read_foreign`, of a state dict; the path is for messages alone."""
    weights = {name.removeprefix("module."): value for name, value in weights.items()}
    if "model.model.0.weight" in weights:
        return _unet(weights, path)
    if "model.1.weight" in weights and any(".conv_block." in name for name in weights):
        return _resnet(weights, path)
    raise ExchangeError(
        f"{path}: no generator that is recognised. It holds {_listed(weights)}; expected a U-Net (model.model.0.weight,"
        " …) or a ResNet (model.1.weight, model.10.conv_block.1.weight, …) of pytorch-CycleGAN-and-pix2pix"
    )


def _read(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise ExchangeError(f"{path} is no file: expected a generator's weights, such as latest_net_G.pth")
    try:
        content = read_torch(path, "a PyTorch file of tensors alone")
    except ValueError as error:
        raise ExchangeError(str(error)) from error
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        found = (
            f"the entries {', '.join(map(str, content))}" if isinstance(content, Mapping) else type(content).__name__
        )
        raise ExchangeError(f"{path} holds {found}; expected the state dict of a generator, names and tensors alone")
    return {str(name): value for name, value in content.items()}


def _unet(weights: Mapping[str, Tensor], path: Path) -> Recognised:
    prefixes = ["model.model", "model.model.1.model"]  # of the list of layers of each level, from the outermost
    while f"{prefixes[-1]}.3.model.1.weight" in weights:
        prefixes.append(f"{prefixes[-1]}.3.model")
    depth = len(prefixes)
    bottleneck = depth - 1
    names: Names = {f"{prefixes[0]}.0": "down.0.0", f"{prefixes[0]}.3": "output.layers.1"}
    for level in range(1, depth):
        theirs, up = prefixes[level], f"up.{bottleneck - level}"
        names[f"{theirs}.1"] = f"down.{level}.0"
        behind = 3 if level == bottleneck else 5  # what lies further in; then come the up-convolution and its norm
        names |= {f"{theirs}.{behind}": f"{up}.1", f"{theirs}.{behind + 1}": f"{up}.2"}
        if level < bottleneck:
            names[f"{theirs}.2"] = f"down.{level}.1"
    first, last = weights["model.model.0.weight"], weights.get("model.model.3.weight")
    if last is None or last.ndim != 4 or first.ndim != 4:
        raise ExchangeError(
            f"{path}: a U-Net without its last layer, model.model.3.weight; it holds {_listed(weights)}"
        )
    norm = _norm(weights, biased="model.model.1.model.1.bias")
    settings: dict[str, Any] = {"base_channels": first.shape[0], "depth": depth, "norm": norm}
    make = partial(UNet, first.shape[1], last.shape[1], **settings)
    described = f"U-Net, depth {depth}, {first.shape[0]} base channels, norm {norm}"
    generator = _filled(make, names, weights, norm, described, path)
    return Recognised(generator.eval(), first.shape[1], last.shape[1], settings, described)


def _resnet(weights: Mapping[str, Tensor], path: Path) -> Recognised:
    places = sorted({int(name.split(".")[1]) for name in weights if re.match(r"model\.\d+\.conv_block\.", name)})
    blocks, end = len(places), places[-1] + 1
    sixth = weights.get(f"model.{places[0]}.conv_block.6.weight")  # behind dropout a convolution, else a norm or none
    second = 6 if sixth is not None and sixth.ndim == 4 else 5
    if places != list(range(10, 10 + blocks)) or f"model.{places[0]}.conv_block.1.weight" not in weights:
        raise ExchangeError(
            f"{path}: a ResNet whose blocks are model.{places[0]} to model.{places[-1]}; expected them to begin at"
            " model.10 with a convolution conv_block.1, which lies behind reflected borders"
        )
    names: Names = {f"model.{place}": f"encoder.{place - 1}" for place in (1, 2, 4, 5, 7, 8)}
    for place in places:
        theirs, ours = f"model.{place}.conv_block", f"blocks.{place - 10}.residual"
        names |= {f"{theirs}.1": f"{ours}.0", f"{theirs}.2": f"{ours}.1"}
        names |= {f"{theirs}.{second}": f"{ours}.4", f"{theirs}.{second + 1}": f"{ours}.5"}
    names |= {f"model.{end + place}": f"decoder.{place}" for place in (0, 1, 3, 4)}
    names[f"model.{end + 7}"] = "output.layers.0"
    first, last = weights["model.1.weight"], weights.get(f"model.{end + 7}.weight")
    if last is None or last.ndim != 4 or first.ndim != 4:
        raise ExchangeError(
            f"{path}: a ResNet without its last layer, model.{end + 7}.weight; it holds {_listed(weights)}"
        )
    norm, dropout = _norm(weights, biased="model.1.bias"), 0.5 if second == 6 else 0.0
    settings: dict[str, Any] = {"base_channels": first.shape[0], "blocks": blocks, "norm": norm, "dropout": dropout}
    make = partial(ResNet, first.shape[1], last.shape[0], **settings)
    described = f"ResNet of {blocks} blocks, {first.shape[0]} base channels, norm {norm}, dropout {dropout:g}"
    generator = _filled(make, names, weights, norm, described, path)
    return Recognised(generator.eval(), first.shape[1], last.shape[0], settings, described)


def _norm(weights: Mapping[str, Tensor], biased: str) -> ForeignNorm:
    if any(name.endswith(".weight") and value.ndim == 1 for name, value in weights.items()):
        return "batch"
    return "instance" if biased in weights else "none"


def _filled(
    make: Callable[[], Generator],
    names: Names,
    weights: Mapping[str, Tensor],
    norm: ForeignNorm,
    described: str,
    path: Path,
) -> Generator:
    """The generator with the file's weights.

    Raises ExchangeError where a tensor of either is left over, or where weights are not finite.
    """
    with torch.device("meta"):  # shapes alone
        own = make().state_dict()
    found: dict[str, Tensor] = {}
    unknown = []
    for name, value in weights.items():
        module, _, kind = name.rpartition(".")
        ours = f"{names[module]}.{kind}" if module in names else None
        if ours in own:
            found[ours] = value
        elif kind not in STATISTICS:  # of instance norm
            unknown.append(name)
    for name in own:
        if norm == "none" and name.endswith(".bias") and name not in found:
            found[name] = torch.zeros(own[name].shape)  # that code leaves convolutions before no norm without a bias
        if name.endswith(".num_batches_tracked") and name not in found:
            found[name] = torch.tensor(0)  # not in files of PyTorch before 0.4.1; nothing here depends on it
    wrong = [
        f"{name} is {tuple(found[name].shape) if name in found else 'absent'}, expected {tuple(value.shape)}"
        for name, value in own.items()
        if name not in found or found[name].shape != value.shape
    ]
    if unknown or wrong:
        reasons = ([f"{', '.join(unknown[:3])} has no place in it"] if unknown else []) + wrong[:3]
        raise ExchangeError(f"{path}: looks like a {described}, but is another network: {'; '.join(reasons)}")
    try:
        return filled(make, found)
    except ValueError as error:
        raise ExchangeError(f"{path}: {error}") from error


def _listed(weights: Mapping[str, Tensor]) -> str:
    return f"{len(weights)} tensors ({', '.join(_few(weights))})"


def _few(weights: Mapping[str, Tensor]) -> Iterator[str]:
    for name, value in list(weights.items())[:3]:
        yield f"{name} {tuple(value.shape)}"
    if len(weights) > 3:
        yield "…"
