"""Norms whose statistics are those of the whole picture, so that its tiles agree.

Instance norm, group norm, and batch norm as the paper uses it at test time normalise by the mean and the variance of
what they are given. Of a tile these are others than of its neighbour, which shows as a step between the two. Here they
are gathered first, from tiles spread over the picture, and then kept for every tile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
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

    @torch.no_grad()
    def gather(self, tiles: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Pool the statistics of tiles (B, C, h, w), each place by its weight, (B, 1, h, w).

        The statistics of a norm depend on those of all norms before it. So the tiles are translated once for each
        norm, up to it. Pooling what norms see that each take a tile's own statistics is not near: nor is repeating
        that with the pooled statistics, which strays far before it arrives.
        """
        self._statistics = {}
        for _ in self.norms:
            sums: dict[Norm, Tensor] = {}  # (3, C): sums of the weights, the values, their squares; float64
            for tile, weights in tiles:
                with self._replaced(partial(self._gathering, sums, weights)), suppress(_Reached):
                    self.generator(tile)
            self._statistics |= {norm: _mean_and_variance(each) for norm, each in sums.items()}

    @contextmanager
    def fixed(self) -> Iterator[None]:
        """While this lasts, the norms use what was gathered."""
        with self._replaced(lambda norm, x: _normalised(norm, x, self._statistics[norm])):
            yield

    def _gathering(self, sums: dict[Norm, Tensor], weights: Tensor, norm: Norm, x: Tensor) -> Tensor:
        """Pass the norms whose statistics are known; add to those of the first that is not, and go no further."""
        if norm in self._statistics:
            return _normalised(norm, x, self._statistics[norm])
        share = F.adaptive_avg_pool2d(weights, (x.shape[2], x.shape[3]))
        count = share.sum()
        mean = (share * x).sum((0, 2, 3)) / count
        variance = (share * (x - mean[:, None, None]) ** 2).sum((0, 2, 3)) / count
        if isinstance(norm, nn.GroupNorm):
            mean, variance = _of_groups(norm.num_groups, mean, variance)
        mean, variance = mean.double(), variance.double()
        added = count * torch.stack([torch.ones_like(mean), mean, variance + mean**2])
        sums[norm] = sums[norm] + added if norm in sums else added
        raise _Reached

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


class _Reached(Exception):
    """The norm whose statistics are being gathered has been reached."""


def _of_groups(groups: int, mean: Tensor, variance: Tensor) -> Statistics:
    """Statistics of channels to those of their group, repeated for each of its channels."""
    means, variances = mean.view(groups, -1), variance.view(groups, -1)
    mean = means.mean(1, keepdim=True)
    variance = (variances + (means - mean) ** 2).mean(1, keepdim=True)
    return mean.expand_as(means).flatten(), variance.expand_as(means).flatten()


def _mean_and_variance(sums: Tensor) -> Statistics:
    count, total, squares = sums
    mean = total / count
    return mean.float(), (squares / count - mean**2).clamp(min=0).float()


def _normalised(norm: Norm, x: Tensor, statistics: Statistics) -> Tensor:
    return F.batch_norm(x, *statistics, norm.weight, norm.bias, training=False, eps=norm.eps)
