"""Inception's features against torchvision's network with its pooling replaced, and scipy's interpolation."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage
import torch
from torch import Tensor, nn
from torch.nn import functional

from pix2pix.data.domains import Rgb
from pix2pix.metrics.catalogue import SET_METRICS
from pix2pix.metrics.inception import DIMENSIONS, SIDE, Inception, load_inception, resized
from pix2pix.metrics.kid import kernel_distance
from pix2pix.metrics.weights import MissingWeights, WeightsFile

torchvision = pytest.importorskip("torchvision", reason="its Inception is the oracle")


@pytest.fixture(scope="module")
def theirs() -> nn.Module:
    """Torchvision's Inception v3 with seeded weights that keep the signal's size."""
    torch.manual_seed(0)
    network: nn.Module = torchvision.models.inception_v3(
        weights=None, aux_logits=False, transform_input=False, init_weights=False
    )
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.1)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 2)  # type: ignore[arg-type]
    network.fc = nn.Identity()
    return network.eval()


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    return {**network.state_dict(), "fc.weight": torch.zeros(1008, DIMENSIONS), "fc.bias": torch.zeros(1008)}


def levels(count: int, side: int) -> Tensor:
    return torch.randint(256, (count, 3, side, side), generator=torch.Generator().manual_seed(0)).float()


def test_network_is_torchvisions_but_for_the_pooling(theirs: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = levels(1, SIDE)
    found = Inception(weights_of(theirs))(pictures / 255)
    as_usual = theirs((pictures - 128) / 128)

    def average(maps: Tensor, kernel_size: int, stride: int, padding: int) -> Tensor:
        if len(maps[0]) == 2048:  # the last block takes maxima
            return functional.max_pool2d(maps, kernel_size, stride, padding)
        return pooled(maps, kernel_size, stride, padding, count_include_pad=False)

    pooled = functional.avg_pool2d
    monkeypatch.setattr("torchvision.models.inception.F.avg_pool2d", average)
    expected = theirs((pictures - 128) / 128)
    scale = expected.abs().mean().item()
    assert torch.allclose(found, expected, atol=1e-5 * scale, rtol=1e-4)
    assert not torch.allclose(found, as_usual, atol=1e-2 * scale, rtol=1e-2)


@pytest.mark.parametrize(("height", "width"), [(40, 64), (320, 299), (1, 600)])
def test_resizing_is_scipys_linear_interpolation(height: int, width: int) -> None:
    picture = torch.rand(height, width, generator=torch.Generator().manual_seed(0))
    places = np.meshgrid(*(np.arange(SIDE) * (side / SIDE) for side in (height, width)), indexing="ij")
    expected = scipy.ndimage.map_coordinates(picture.double().numpy(), places, order=1, mode="nearest")
    assert np.abs(resized(picture[None, None])[0, 0].numpy() - expected).max() < 1e-4


def test_features_of_grey_and_in_training(theirs: nn.Module) -> None:
    inception = Inception(weights_of(theirs)).train()
    assert not any(module.training for module in inception.modules())
    grey = levels(1, 32)[:, :1] / 255
    features = inception(grey)
    assert features.shape == (1, DIMENSIONS)
    assert torch.equal(inception(grey.expand(-1, 3, -1, -1)), features)
    assert torch.equal(inception(grey + 0.4 / 255), features)  # the same in 8 bits


def test_kid_with_weights_from_a_file(theirs: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save(weights_of(theirs), tmp_path / "mine.pth")
    digits = hashlib.sha256((tmp_path / "mine.pth").read_bytes()).hexdigest()[:8]
    monkeypatch.setattr("pix2pix.metrics.inception.INCEPTION_WEIGHTS", WeightsFile("Inception", f"net-{digits}.pth", 1))
    metric = SET_METRICS["kid"].make(Rgb(), tmp_path / "mine.pth")
    predictions, targets = (levels(4, 32) / 255).split(2)  # type: ignore[no-untyped-call]
    metric.update(predictions, targets)
    inception = Inception(weights_of(theirs))
    expected = kernel_distance(inception(predictions), inception(targets))
    assert metric.compute()["kid"].item() == pytest.approx(expected.item(), rel=1e-4)


def test_published_weights_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingWeights, match="Inception v3 for FID and KID"):
        load_inception(tmp_path)
