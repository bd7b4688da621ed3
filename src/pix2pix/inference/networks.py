"""What translates an encoded picture, whatever runs it: a generator in PyTorch here; others are exported files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from pix2pix.inference.lanes import MOST, Lanes
from pix2pix.inference.precision import Precision, use_bfloat16
from pix2pix.inference.test_time import Statistics, independent, translate
from pix2pix.models.blocks import Generator


class Network(Protocol):
    """Encoded pictures in, encoded pictures out, each on its own: a result depends on no other picture."""

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

    def share(self) -> int:
        """Be ready for calls from several threads at a time; returns from how many it is worth while."""
        ...


class Lane(NamedTuple):
    """What translates in a thread of its own."""

    generator: Generator
    randoms: Sequence[torch.Generator] | None = None  # that the generator draws from; None: the device's
    threads: tuple[int, int] | None = None  # of PyTorch's operations, and of those that follow; None: as it is


@dataclass
class TorchNetwork:
    """A generator with the recipe of its test time (see `inference.test_time.translate`).

    With `precision="bf16"` the generator is changed for good (see `inference.precision`).
    """

    generator: Generator
    noise: bool = True
    statistics: Statistics = "picture"
    seed: int = 0
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        if self.precision == "bf16":
            use_bfloat16(self.generator)
        self._lanes = Lanes(Lane(self.generator), self._make_lanes)

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
        with (
            self._lanes.taken(source) as (generator, randoms, threads),
            _threads(threads),
            torch.inference_mode(),
            self.reduced(source.device),
        ):
            return translate(
                generator,
                source,
                names,
                noise=self.noise,
                statistics=self.statistics,
                seed=self.seed,
                randoms=randoms,
            ).float()

    def reduced(self, device: torch.device) -> torch.autocast:
        """In which the generator is to be called."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bf16")

    def to(self, device: torch.device | str) -> None:
        """See `Network`."""
        self.generator.to(device)

    def share(self) -> int:
        """See `Network`. A GPU is not shared."""
        return self._lanes.share()

    def _make_lanes(self) -> list[Lane]:
        threads = torch.get_num_threads()
        count = min(threads, MOST)
        twins = [independent(self.generator) for _ in range(count)]
        on_processor = all(parameter.device.type == "cpu" for parameter in self.generator.parameters())
        if count < 2 or not on_processor or None in twins:
            return []
        return [Lane(twin[0], [twin[1]], (threads // count, threads)) for twin in twins if twin is not None]


@contextmanager
def _threads(threads: tuple[int, int] | None) -> Iterator[None]:
    """So many for what this thread computes.

    What PyTorch has now is no guide to what it is to have afterwards: a new thread starts with the number that was set
    last in any.
    """
    if threads is None:
        yield
        return
    torch.set_num_threads(threads[0])
    try:
        yield
    finally:
        torch.set_num_threads(threads[1])


def has_dropout(generator: Generator) -> bool:
    """Whether the generator has noise that can be switched on."""
    return any(isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0 for module in generator.modules())
