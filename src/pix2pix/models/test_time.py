"""Translating at test time by the paper's recipe: dropout as noise, a picture's own batch statistics, any size."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from types import EllipsisType
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.errors import BadPairError
from pix2pix.models.blocks import Generator

Statistics = Literal["picture", "running"]
Crop = tuple[EllipsisType, slice, slice]  # index of the original picture within a padded one: padded[crop]


@torch.no_grad()
def translate(
    generator: Generator,
    source: Tensor,
    names: Sequence[str],
    *,
    noise: bool,
    statistics: Statistics,
    seed: int,
    randoms: Sequence[torch.Generator] | None = None,
) -> Tensor:
    """Translate each picture on its own, so that a result depends on no other picture, batch or rank.

    Args:
        generator: on the device of `source`; its train and eval modes and running statistics are left as they were.
        source: (B, C, H, W) in [-1, 1], any height and width: padded by reflection, then cropped back.
        names: B names; with `seed` they decide each picture's noise.
        noise: whether dropout acts, as in the paper.
        statistics: "picture": batch norm takes the picture's own, as in the paper; "running": those of the training.
        seed: of the noise. Random states are left as they were.
        randoms: what the generator draws from; None: the random generators of the CPU and of the source's device.

    Returns:
        (B, C', H, W) in [-1, 1].

    Raises:
        BadPairError: a side is too short to be padded by reflection.
    """
    padded, crop = pad_to_multiple(source, generator.multiple)
    randoms = default_randoms(source.device) if randoms is None else randoms
    translations = []
    with _test_mode(generator, noise, statistics):
        for picture, name in zip(torch.split(padded, 1), names, strict=True):
            with _seeded(randoms, seed, name):
                translations.append(generator(picture)[crop])  # (1, C', H, W)
    return torch.cat(translations)


def pad_to_multiple(pictures: Tensor, multiple: int) -> tuple[Tensor, Crop]:
    """Pad (B, C, H, W) by reflection, alike on both sides, until height and width are divisible by `multiple`.

    Returns:
        The padded pictures and the index that takes a padded picture, translated or not, back to (…, H, W).

    Raises:
        BadPairError: a reflection would be longer than the picture.
    """
    height, width = pictures.shape[-2:]
    rows, columns = -height % multiple, -width % multiple  # to be added
    top, left = rows // 2, columns // 2
    crop = (..., slice(top, top + height), slice(left, left + width))
    if not rows and not columns:
        return pictures, crop
    if rows - top >= height or columns - left >= width:
        raise BadPairError(
            f"pictures of {height} x {width} (height x width) are too small for a generator that needs multiples of "
            f"{multiple}: reflection can at most triple a side; take larger pictures, resize them first (--size), or "
            "train with a smaller generator.depth"
        )
    return F.pad(pictures, (left, columns - left, top, rows - top), mode="reflect"), crop


@contextmanager
def _test_mode(generator: nn.Module, noise: bool, statistics: Statistics) -> Iterator[None]:
    modes = [(module, module.training) for module in generator.modules()]
    running = []
    try:
        generator.eval()
        for module, _ in modes:
            if isinstance(module, nn.modules.dropout._DropoutNd):
                module.train(noise)
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and statistics == "picture":
                # In eval mode and without running statistics every batch norm, the synchronised one too, takes those
                # of its input and speaks to no other rank.
                running.append((module, module.running_mean, module.running_var))
                module.running_mean = module.running_var = None
        yield
    finally:
        for norm, mean, variance in running:
            norm.running_mean, norm.running_var = mean, variance
        for module, training in modes:
            module.training = training


@contextmanager
def _seeded(randoms: Sequence[torch.Generator], seed: int, name: str) -> Iterator[None]:
    """Random numbers that depend on (seed, name) alone; afterwards the random states are as before."""
    value = int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode(errors="surrogatepass")).digest()[:8], "big")
    states = [random.get_state() for random in randoms]
    try:
        for random in randoms:
            random.manual_seed(value)
        yield
    finally:
        for random, state in zip(randoms, states, strict=True):
            random.set_state(state)


def default_randoms(device: torch.device) -> list[torch.Generator]:
    """The random generators that a network on this device draws from: the CPU's and the device's own."""
    if device.type == "cpu":
        return [torch.default_generator]
    if device.type == "mps":
        return [torch.default_generator, torch.mps._get_default_mps_generator()]
    return [torch.default_generator, torch.get_device_module(device).default_generators[device.index]]


def independent(generator: Generator) -> tuple[Generator, torch.Generator] | None:
    """A twin for another thread, on the CPU: the same weights, but modes and noise of its own, and what it draws from.

    Seeded alike it draws the same noise as the generator does. None where that cannot be: dropout of whole planes.
    """
    tensors = chain(generator.parameters(), generator.buffers())
    twin = copy.deepcopy(generator, {id(tensor): tensor for tensor in tensors})
    random = torch.Generator()
    for module in twin.modules():
        if type(module) is nn.Dropout:
            module.forward = _dropout(module, random)  # type: ignore[assignment, method-assign]
        elif isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0:
            return None
    return twin, random


def _dropout(module: nn.Dropout, random: torch.Generator) -> Callable[[Tensor], Tensor]:
    def forward(values: Tensor) -> Tensor:
        if not module.training or module.p == 0:
            return values
        kept = torch.empty_like(values).bernoulli_(1 - module.p, generator=random)
        return values * kept.div_(1 - module.p)

    return forward
