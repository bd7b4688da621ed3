"""A generator that several threads share translates as it does alone."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from tests.threads import threads
from torch import Tensor, nn

from pix2pix.inference.networks import TorchNetwork
from pix2pix.inference.precision import Precision
from pix2pix.models.blocks import Generator
from pix2pix.models.coarse_to_fine import CoarseToFine
from pix2pix.models.test_time import Statistics
from pix2pix.models.unet import UNet

PICTURES = [torch.rand(1, 2, 16, 24, generator=torch.Generator().manual_seed(index)) * 2 - 1 for index in range(12)]


@pytest.fixture(autouse=True)
def four_threads() -> Iterator[None]:
    with threads(4):
        yield


def made(kind: type[Generator], **settings: object) -> Generator:
    torch.manual_seed(0)
    generator = kind(2, 3, base_channels=8, dropout=0.5, **settings)
    with torch.no_grad():
        generator(torch.randn(2, 2, 16, 16))  # averages of the training
    return generator


def at_the_same_time(lanes: Sequence[TorchNetwork]) -> list[Tensor]:
    """Each lane has its thread; each picture is translated by one of them."""
    with ThreadPoolExecutor(len(lanes)) as pool:
        of_lanes = pool.map(
            lambda start: [translated(lanes[start], index) for index in range(start, len(PICTURES), len(lanes))],
            range(len(lanes)),
        )
        results = [Tensor()] * len(PICTURES)
        for start, each in enumerate(of_lanes):
            results[start :: len(lanes)] = each
    return results


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
    results = at_the_same_time(shared.lanes(4))
    for index, result in enumerate(results):
        torch.testing.assert_close(result, translated(alone, index), atol=0.01 if precision == "bf16" else 1e-5, rtol=0)
    assert torch.equal(torch.get_rng_state(), random)
    after = shared.generator.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_lanes_take_their_share_of_the_threads_and_leave_all_behind() -> None:
    torch.set_num_threads(7)
    network = TorchNetwork(made(UNet, depth=3))
    lanes = network.lanes(3)
    seen: dict[int, list[int]] = {index: [] for index in range(3)}
    for index, lane in enumerate(lanes):
        lane.generator.register_forward_hook(lambda *_, index=index: seen[index].append(torch.get_num_threads()))
    left: list[int] = []

    def work(index: int) -> None:
        for _ in range(5):
            translated(lanes[index], 0)
            left.append(torch.get_num_threads())

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, range(3)))
        assert list(pool.map(lambda _: torch.get_num_threads(), range(3))) == [7] * 3
    assert [set(each) for each in seen.values()] == [{3}, {2}, {2}]
    assert set(left) == {7}


def test_lanes_hold_no_weights_of_their_own() -> None:
    network = TorchNetwork(made(UNet, depth=3))
    lane = network.lanes(2)[0]
    before = translated(lane, 0)
    assert torch.equal(before, translated(network, 0))
    with torch.no_grad():
        next(iter(network.generator.parameters())).mul_(3)
    assert not torch.equal(translated(lane, 0), before)
    assert torch.equal(translated(lane, 0), translated(network, 0))


def test_no_more_lanes_than_threads_and_pictures() -> None:
    network = TorchNetwork(made(UNet, depth=3))
    assert [len(network.lanes(count)) for count in (0, 1, 2, 4, 9)] == [0, 0, 2, 4, 4]
    torch.set_num_threads(1)
    assert network.lanes(4) == []


class Planes(Generator):
    """Drops planes."""

    multiple = 1

    def __init__(self) -> None:
        super().__init__()
        self.noise = nn.Dropout2d(0.5)

    def forward(self, source: Tensor) -> Tensor:
        noisy: Tensor = self.noise(source)
        return noisy


class Twice(Generator):
    """Two dropouts, of which the first drops nothing and so draws nothing."""

    multiple = 1

    def __init__(self) -> None:
        super().__init__()
        self.noise = nn.Sequential(nn.Dropout(0.0), nn.Dropout(0.5))

    def forward(self, source: Tensor) -> Tensor:
        noisy: Tensor = self.noise(source)
        return noisy


def test_noise_of_whole_planes_is_not_shared() -> None:
    assert TorchNetwork(Planes()).lanes(4) == []


def test_a_dropout_that_drops_nothing_draws_nothing() -> None:
    network = TorchNetwork(Twice())
    assert torch.equal(translated(network.lanes(2)[0], 0), translated(network, 0))


def test_a_network_can_be_copied() -> None:
    network = TorchNetwork(made(UNet, depth=3))
    network.lanes(2)
    assert torch.equal(translated(copy.deepcopy(network), 0), translated(network, 0))
