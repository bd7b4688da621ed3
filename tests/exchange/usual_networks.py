"""Generators laid out as the usual code lays them out, written anew: an oracle for what is imported."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn


def norm_of(kind: str) -> Callable[[int], nn.Module]:
    match kind:
        case "batch":
            return nn.BatchNorm2d
        case "instance":
            return nn.InstanceNorm2d
        case "old instance":  # as PyTorch before 0.4 kept it
            return partial(nn.InstanceNorm2d, track_running_stats=True)
    return nn.Identity


class Level(nn.Module):
    """A level of the U-Net with all levels inside it."""

    def __init__(
        self, outer: int, inner: int, kind: str, inside: nn.Module | None, entering: int | None = None
    ) -> None:
        super().__init__()
        self.outermost = entering is not None
        bias, norm = "instance" in kind, norm_of(kind)
        down = nn.Conv2d(entering or outer, inner, 4, 2, 1, bias=bias)
        act, deact = nn.LeakyReLU(0.2), nn.ReLU()
        if self.outermost:
            layers = [down, inside, deact, nn.ConvTranspose2d(2 * inner, outer, 4, 2, 1), nn.Tanh()]
        elif inside is None:
            layers = [act, down, deact, nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=bias), norm(outer)]
        else:
            up = nn.ConvTranspose2d(2 * inner, outer, 4, 2, 1, bias=bias)
            layers = [act, down, norm(inner), inside, deact, up, norm(outer)]
        self.model = nn.Sequential(*[layer for layer in layers if layer is not None])

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.model(x)
        return result if self.outermost else torch.cat([x, result], 1)


class UsualUNet(nn.Module):
    def __init__(self, source: int, target: int, depth: int, base: int, kind: str) -> None:
        super().__init__()
        widths = [base * min(2**level, 8) for level in range(depth)]
        inside: Level | None = None
        for level in range(depth - 1, 0, -1):
            inside = Level(widths[level - 1], widths[level], kind, inside)
        self.model = Level(target, base, kind, inside, entering=source)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.model(x)
        return result


class UsualBlock(nn.Module):
    def __init__(self, width: int, kind: str, dropout: bool) -> None:
        super().__init__()
        bias, norm = "instance" in kind, norm_of(kind)
        half = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias), norm(width)]
        other = [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias), norm(width)]
        self.conv_block = nn.Sequential(*half, nn.ReLU(), *([nn.Dropout(0.5)] if dropout else []), *other)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.conv_block(x)
        return result


class UsualResNet(nn.Module):
    def __init__(self, source: int, target: int, blocks: int, base: int, kind: str, dropout: bool) -> None:
        super().__init__()
        bias, norm = "instance" in kind, norm_of(kind)
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(source, base, 7, bias=bias), norm(base), nn.ReLU()]
        for width in (base, 2 * base):
            layers += [nn.Conv2d(width, 2 * width, 3, 2, 1, bias=bias), norm(2 * width), nn.ReLU()]
        layers += [UsualBlock(4 * base, kind, dropout) for _ in range(blocks)]
        for width in (4 * base, 2 * base):
            layers += [nn.ConvTranspose2d(width, width // 2, 3, 2, 1, 1, bias=bias), norm(width // 2), nn.ReLU()]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(base, target, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.model(x)
        return result


def with_statistics(network: nn.Module) -> nn.Module:
    """The network with scales, shifts and running statistics that are no longer those of its start; in eval mode."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
    return network.eval()
