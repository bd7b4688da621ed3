"""What translates an encoded picture, whatever runs it: a generator in PyTorch here; others are exported files."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

from pix2pix.errors import BadPairError
from pix2pix.inference.precision import Precision, use_bfloat16
from pix2pix.models.blocks import Generator
from pix2pix.models.test_time import Statistics, independent, translate


class Network(Protocol):
    """Encoded pictures in, encoded pictures out, each on its own: a result depends on no other picture.

    Where it has fewer threads, in a lane or on another machine, sums may be rounded in another order.
    """

    @property
    def draws_noise(self) -> bool:
        """Whether a result depends on the picture's name."""
        ...

    @property
    def multiple(self) -> int:
        """Sides are padded to multiples of this many pixels."""
        ...

    def __call__(self, source: Tensor, names: Sequence[str]) -> Tensor:
        """Translate (B, C, H, W) in [-1, 1], of any height and width, to (B, C', H, W) in [-1, 1], float32.

        Args:
            names: B names; they decide each picture's noise, where there is noise.

        Raises BadPairError where pictures are too small.
        """
        ...

    def to(self, device: torch.device | str) -> None:
        """Work there from now on; the pictures must be there too."""
        ...

    def lanes(self, count: int) -> Sequence[Network]:
        """Networks that work at the same time, one in a thread, and share the processor and what this one has loaded.

        Args:
            count: how many at most. None come back where the device is better not shared.
        """
        ...


@dataclass
class TorchNetwork:
    """A generator with the recipe of its test time (see `models.test_time.translate`).

    With `precision="bf16"` the generator is changed for good (see `inference.precision`).
    """

    generator: Generator
    noise: bool = True
    statistics: Statistics = "picture"
    seed: int = 0
    precision: Precision = "float32"
    _randoms: Sequence[torch.Generator] | None = field(default=None, init=False)  # of a lane; None: the device's
    _threads: tuple[int, int] | None = field(default=None, init=False)  # of a lane, and of everything else

    def __post_init__(self) -> None:
        if self.precision == "bf16":
            use_bfloat16(self.generator)

    @property
    def draws_noise(self) -> bool:
        """See `Network`."""
        return self.noise and has_dropout(self.generator)

    @property
    def multiple(self) -> int:
        """See `Network`."""
        return self.generator.multiple

    def __call__(self, source: Tensor, names: Sequence[str]) -> Tensor:
        """See `Network`."""
        with _limited(self._threads), torch.inference_mode(), self.reduced(source.device):
            return translate(
                self.generator,
                source,
                names,
                noise=self.noise,
                statistics=self.statistics,
                seed=self.seed,
                randoms=self._randoms,
            ).float()

    def reduced(self, device: torch.device) -> torch.autocast:
        """In which the generator is to be called."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def to(self, device: torch.device | str) -> None:
        """See `Network`."""
        self.generator.to(device)

    def lanes(self, count: int) -> list[TorchNetwork]:
        """See `Network`. A GPU is not shared."""
        count, threads = lane_count(count), torch.get_num_threads()
        if any(parameter.device.type != "cpu" for parameter in self.generator.parameters()):
            return []
        lanes = []
        for index in range(count):
            twin = independent(self.generator)
            if twin is None:
                return []
            lane = copy.copy(self)
            lane.generator, lane._randoms = twin[0], [twin[1]]
            lane._threads = threads // count + (index < threads % count), threads
            lanes.append(lane)
        return lanes


def lane_count(wanted: int) -> int:
    """How many lanes the processor is shared by: at most one a thread of PyTorch's, and none rather than one."""
    count = min(wanted, torch.get_num_threads())
    return count if count > 1 else 0


@contextmanager
def _limited(threads: tuple[int, int] | None) -> Iterator[None]:
    """So many of PyTorch's for what this thread computes, and so many afterwards.

    The number that it has now is no guide: a thread starts with the one that was set last in any, when it is asked
    first. Hence it is asked before it is set.
    """
    if threads is None:
        yield
        return
    torch.get_num_threads()
    torch.set_num_threads(threads[0])
    try:
        yield
    finally:
        torch.set_num_threads(threads[1])


def has_dropout(generator: Generator) -> bool:
    """Whether the generator has noise that can be switched on."""
    return any(isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0 for module in generator.modules())


def has_batch_norm(generator: Generator) -> bool:
    """Whether the generator has statistics of its training."""
    return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in generator.modules())


def with_numbers(translation: Tensor) -> Tensor:
    """A translation as it is. Raises BadPairError where it is not made of numbers."""
    if not bool(translation.isfinite().all()):
        raise BadPairError(
            "the network gives NaN for it: where it does so for every picture, the training has gone wrong; see its"
            " metrics.csv, and translate with an earlier checkpoint (checkpoints/best_ssim.ckpt)"
        )
    return translation
