"""Norms whose statistics are those of the whole picture, so that its tiles agree.

Instance norm, group norm, and batch norm as the paper uses it at test time normalise by the mean and the variance of
what they are given. Of a tile these are others than of its neighbour, which shows as a step between the two. Here they
are gathered first, from tiles spread over the picture, and then kept for every tile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_Batch, _Instance = nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm
Norm = nn.modules.batchnorm._NormBase | nn.GroupNorm
Statistics = tuple[Tensor, Tensor]  # mean and variance, (C,) each


class PictureNorms:
    """The norms of a generator that look at the picture, with the statistics gathered for them.

    Args:
        generator: in eval mode while this is used.
        batch: whether batch norm looks at the picture; else it keeps the averages of the training.
    """

    def __init__(self, generator: nn.Module, batch: bool) -> None:
        kinds = (_Instance, nn.GroupNorm, _Batch) if batch else (_Instance, nn.GroupNorm)
        self.generator = generator
        self.norms: list[Norm] = [module for module in generator.modules() if isinstance(module, kinds)]
        self._statistics: dict[Norm, Statistics] = {}
        self._sums: dict[Norm, Tensor] = {}  # (3, C): sums of the weights, the values, their squares; float64

    @torch.no_grad()
    def gather(self, tiles: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Translate tiles (B, C, h, w) and pool their statistics, each place by its weight, (B, 1, h, w).

        The first time a norm normalises by what it is given; when called again, by what has been gathered before, so
        that each time the statistics of one more norm, counted from the source, are exactly those of these tiles.
        """
        self._sums = {}
        for tile, weights in tiles:
            with self._replaced(partial(self._gathering, weights)):
                self.generator(tile)
        self._statistics = {norm: _mean_and_variance(sums) for norm, sums in self._sums.items()}

    @contextmanager
    def fixed(self) -> Iterator[None]:
        """While this lasts, the norms use what was gathered."""
        with self._replaced(lambda norm, x: _normalised(norm, x, self._statistics[norm])):
            yield

    def _gathering(self, weights: Tensor, norm: Norm, x: Tensor) -> Tensor:
        share = F.adaptive_avg_pool2d(weights, x.shape[-2:])
        count = share.sum()
        mean = (share * x).sum((0, 2, 3)) / count
        variance = (share * (x - mean[:, None, None]) ** 2).sum((0, 2, 3)) / count
        own = mean, variance
        if isinstance(norm, nn.GroupNorm):
            own = _of_groups(norm.num_groups, own)
        mean, variance = (each.double() for each in own)
        added = count * torch.stack([torch.ones_like(mean), mean, variance + mean**2])
        self._sums[norm] = self._sums[norm] + added if norm in self._sums else added
        return _normalised(norm, x, self._statistics.get(norm, own))

    @contextmanager
    def _replaced(self, forward: Callable[[Norm, Tensor], Tensor]) -> Iterator[None]:
        """Norms of which `forward(norm, x)` is the forward pass."""
        try:
            for norm in self.norms:
                norm.__dict__["forward"] = partial(forward, norm)
            yield
        finally:
            for norm in self.norms:
                norm.__dict__.pop("forward", None)


def _of_groups(groups: int, statistics: Statistics) -> Statistics:
    """Statistics of channels to those of their group, repeated for each of its channels."""
    means, variances = (each.view(groups, -1) for each in statistics)
    mean = means.mean(1, keepdim=True)
    variance = (variances + (means - mean) ** 2).mean(1, keepdim=True)
    return mean.expand_as(means).flatten(), variance.expand_as(means).flatten()


def _mean_and_variance(sums: Tensor) -> Statistics:
    count, total, squares = sums
    mean = total / count
    return mean.float(), (squares / count - mean**2).clamp(min=0).float()


def _normalised(norm: Norm, x: Tensor, statistics: Statistics) -> Tensor:
    return F.batch_norm(x, *statistics, norm.weight, norm.bias, training=False, eps=norm.eps)
