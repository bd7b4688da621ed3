"""Synchronised batch norm on two processes against PyTorch's own batch norm of all their pictures at once."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn

from pix2pix.models.sync_batch_norm import synchronise_batch_norm

CHANNELS = 4
PICTURES = (3, 1)  # on each rank


def network() -> nn.Sequential:
    return nn.Sequential(nn.Sequential(nn.BatchNorm2d(CHANNELS)))


def pictures() -> Tensor:
    """Channel 1 has a mean that is large against its deviation; channel 2 is constant."""
    torch.manual_seed(1)
    x = torch.randn(sum(PICTURES), CHANNELS, 5, 3)
    x[:, 1] += 1000
    x[:, 2] = 7.3
    return x


def results(net: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What two steps leave behind, with a loss that is a mean over all pictures of all ranks."""
    for _ in range(2):
        net.zero_grad()
        x = x.detach().clone().requires_grad_()
        y = net(x)
        loss = (y.square() * torch.linspace(0.5, 2, y[0].numel()).view_as(y[0])).sum() / sum(PICTURES)
        loss.backward()
    assert x.grad is not None
    gradients = {f"gradient {name}": each.grad for name, each in net.named_parameters() if each.grad is not None}
    return {"y": y.detach(), "gradient x": x.grad, **gradients, **dict(net.named_buffers())}


def one_rank(rank: int, port: str, folder: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=len(PICTURES))
    net = network()
    synchronise_batch_norm(net, on_cpu=True)
    x = torch.split(pictures(), list(PICTURES))[rank]
    found: dict[str, Any] = {"trained": results(net, x)}
    net.eval()
    if rank == 0:  # speaks to nobody, or it would wait for ever
        found["alone"] = net(x).detach()
    torch.save(found, folder / f"{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("ranks")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    programs = [
        subprocess.Popen([sys.executable, __file__, str(rank), str(port), str(folder)]) for rank in range(len(PICTURES))
    ]
    assert [program.wait(timeout=120) for program in programs] == [0] * len(PICTURES)
    return [torch.load(folder / f"{rank}.pt") for rank in range(len(PICTURES))]


def test_a_step_is_that_of_one_process_with_all_pictures(ranks: list[dict[str, Any]]) -> None:
    expected = results(network().double(), pictures().double())
    found = [rank["trained"] for rank in ranks]
    assert found[0].keys() == found[1].keys() == expected.keys()
    # A mean of 1000 is known to 6e-5, sums of 60 pixels to less; what rounding leaves of 7.3 is divided by √eps.
    tolerance = torch.tensor([1e-5, 1e-2, 5e-2, 1e-5])
    for name, right in expected.items():
        if name in ("y", "gradient x"):
            error = (torch.cat([rank[name] for rank in found]) - right).abs().amax((0, 2, 3))
        elif name.startswith("gradient"):  # each rank has its share
            error = (found[0][name] + found[1][name] - right).abs()
        else:
            assert torch.equal(found[0][name], found[1][name])
            error = (found[0][name] - right).abs() / right.abs().clamp(min=1)
        assert (error <= tolerance).all(), f"{name}: {error}"


def test_outside_training_a_rank_waits_for_no_other(ranks: list[dict[str, Any]]) -> None:
    net = network()
    results(net, pictures())
    torch.testing.assert_close(ranks[0]["alone"], net.eval()(pictures()[: PICTURES[0]]).detach(), rtol=1e-3, atol=1e-3)


if __name__ == "__main__":
    one_rank(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
