"""A generator that several threads share translates as it does alone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor, nn

from pix2pix.inference.networks import TorchNetwork
from pix2pix.inference.precision import Precision
from pix2pix.inference.test_time import Statistics
from pix2pix.models.blocks import Generator
from pix2pix.models.coarse_to_fine import CoarseToFine
from pix2pix.models.unet import UNet

PICTURES = [torch.rand(1, 2, 16, 24, generator=torch.Generator().manual_seed(index)) * 2 - 1 for index in range(12)]


@pytest.fixture(autouse=True)
def four_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


def made(kind: type[Generator], **settings: object) -> Generator:
    torch.manual_seed(0)
    generator = kind(2, 3, base_channels=8, dropout=0.5, **settings)
    with torch.no_grad():
        generator(torch.randn(2, 2, 16, 16))  # averages of the training
    return generator


def translated(network: TorchNetwork, index: int) -> Tensor:
    return network(PICTURES[index], [f"{index}.png"])


@pytest.mark.parametrize("kind", [UNet, CoarseToFine])
@pytest.mark.parametrize("statistics", ["picture", "running"])
@pytest.mark.parametrize(("noise", "precision"), [(True, "float32"), (False, "float32"), (True, "bf16")])
def test_pictures_at_the_same_time_are_those_of_one_after_the_other(
    kind: type[Generator], statistics: Statistics, noise: bool, precision: Precision
) -> None:
    settings = {"depth": 3} if kind is UNet else {"halvings": 2, "blocks": 1}

    def network() -> TorchNetwork:
        return TorchNetwork(made(kind, **settings), noise, statistics, seed=3, precision=precision)

    alone, shared = network(), network()
    before = {name: tensor.clone() for name, tensor in shared.generator.state_dict().items()}
    random = torch.get_rng_state()
    count = shared.share()
    assert count == 4
    with ThreadPoolExecutor(count) as pool:
        results = list(pool.map(lambda index: translated(shared, index), range(len(PICTURES))))
    for index, result in enumerate(results):
        torch.testing.assert_close(result, translated(alone, index), atol=0.03 if precision == "bf16" else 1e-5, rtol=0)
    assert torch.get_num_threads() == 4
    assert torch.equal(torch.get_rng_state(), random)
    after = shared.generator.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_lanes_hold_no_weights_of_their_own() -> None:
    generator = made(UNet, depth=3)
    network = TorchNetwork(generator)
    before = translated(network, 0)
    network.share()
    assert torch.equal(translated(network, 0), before)
    with torch.no_grad():
        next(iter(generator.parameters())).mul_(3)
    assert not torch.equal(translated(network, 0), before)


def test_noise_that_cannot_be_told_apart_is_not_shared() -> None:
    class Planes(Generator):
        multiple = 1

        def __init__(self) -> None:
            super().__init__()
            self.noise = nn.Dropout2d(0.5)

        def forward(self, source: Tensor) -> Tensor:
            noisy: Tensor = self.noise(source)
            return noisy

    assert TorchNetwork(Planes()).share() == 1


def test_one_thread_is_not_shared() -> None:
    torch.set_num_threads(1)
    assert TorchNetwork(made(UNet, depth=3)).share() == 1
