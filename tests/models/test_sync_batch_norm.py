"""Synchronised batch norm of one process: what is replaced, and its arithmetic against PyTorch's own batch norm."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn

from pix2pix.models import sync_batch_norm
from pix2pix.models.patchgan import PatchGAN
from pix2pix.models.sync_batch_norm import ProcessorSyncBatchNorm2d, synchronise_batch_norm
from pix2pix.models.unet import UNet


@pytest.fixture
def two_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a second rank that has the same pictures."""
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(sync_batch_norm, "_sum_over_ranks", lambda values: 2 * values)


def norms(scale: float = 3.0, shift: float = 0.5) -> tuple[ProcessorSyncBatchNorm2d, nn.BatchNorm2d, Tensor]:
    torch.manual_seed(0)
    ours, theirs = ProcessorSyncBatchNorm2d(5), nn.BatchNorm2d(5)
    for parameter in theirs.parameters():
        nn.init.normal_(parameter)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs, torch.randn(2, 5, 4, 3) * scale + shift


def twice(pictures: Tensor) -> Tensor:
    return torch.cat([pictures, pictures])


@pytest.mark.usefixtures("two_ranks")
@pytest.mark.parametrize(("scale", "shift"), [(3.0, 0.5), (0.1, 30.0), (0.0, 1.0)])
def test_it_is_batch_norm_over_the_pictures_of_both_ranks(scale: float, shift: float) -> None:
    ours, theirs, pictures = norms(scale, shift)
    mine, joint = pictures.clone().requires_grad_(), pictures.clone().requires_grad_()
    weights = torch.randn(2, 5, 4, 3)
    out, expected = ours(mine), theirs(twice(joint))
    (out * weights).sum().backward()
    (expected * twice(weights)).sum().backward()
    assert mine.grad is not None
    assert joint.grad is not None
    torch.testing.assert_close(out, expected[:2], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=1e-4, atol=1e-5)
    # Each of the two copies of a picture has half of the joint gradient.
    torch.testing.assert_close(mine.grad, joint.grad / 2, rtol=1e-3, atol=1e-3 / max(scale, 0.003))


@pytest.mark.usefixtures("two_ranks")
def test_it_gathers_no_statistics_while_told_not_to() -> None:
    ours, _, pictures = norms()
    before = copy.deepcopy(ours.state_dict())
    ours.track_running_stats = False
    ours(pictures)
    torch.testing.assert_close(ours.state_dict(), before, rtol=0, atol=0)


@pytest.mark.usefixtures("two_ranks")
def test_out_of_training_it_is_the_ordinary_one() -> None:
    ours, theirs, pictures = norms()
    assert torch.equal(ours.eval()(pictures), theirs.eval()(pictures))


def test_alone_it_is_the_ordinary_one() -> None:
    ours, theirs, pictures = norms()
    assert torch.equal(ours(pictures), theirs(pictures))
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=0, atol=0)


@pytest.mark.usefixtures("two_ranks")
def test_it_keeps_half_precision() -> None:
    ours, _, pictures = norms()
    assert ours(pictures.to(torch.bfloat16)).dtype == torch.bfloat16


@pytest.mark.parametrize("network", [UNet(3, 3, 4, depth=4), PatchGAN(6, 4, 16)], ids=["UNet", "PatchGAN"])
@pytest.mark.parametrize("on_cpu", [True, False])
def test_every_batch_norm_of_a_network_is_replaced_weights_and_all(network: nn.Module, on_cpu: bool) -> None:
    replaced = copy.deepcopy(network)
    synchronise_batch_norm(replaced, on_cpu=on_cpu)
    kind = ProcessorSyncBatchNorm2d if on_cpu else nn.SyncBatchNorm
    before = [each for each in network.modules() if isinstance(each, nn.BatchNorm2d)]
    after = [each for each in replaced.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm)]
    assert len(after) == len(before) > 0
    assert {type(each) for each in after} == {kind}
    torch.testing.assert_close(replaced.state_dict(), network.state_dict(), rtol=0, atol=0)
