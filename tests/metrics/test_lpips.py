"""LPIPS against torchmetrics, on random weights of AlexNet: the published ones are not at hand."""

import hashlib
from pathlib import Path

import pytest
import torch
from torch import Tensor

from pix2pix.metrics.lpips import ALEXNET_WEIGHTS, Lpips, lpips
from pix2pix.metrics.weights import MissingWeights, WeightsFile


def alexnet() -> dict[str, Tensor]:
    """What torchvision's state dict holds of the convolutions, seeded; and a layer that is not used."""
    random = torch.Generator().manual_seed(0)
    shapes = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
    weights = {"classifier.6.bias": torch.zeros(1000)}
    for layer, (leaving, entering, side) in shapes.items():
        spread = (2 / (entering * side**2)) ** 0.5
        weights[f"features.{layer}.weight"] = spread * torch.randn(leaving, entering, side, side, generator=random)
        weights[f"features.{layer}.bias"] = 0.1 * torch.randn(leaving, generator=random)
    return weights


def pictures(height: int = 64, width: int = 72) -> tuple[Tensor, Tensor]:
    prediction, target = torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(0))
    return prediction, target


@pytest.mark.parametrize("size", [(64, 72), (31, 40)])
def test_is_torchmetrics(size: tuple[int, int]) -> None:
    pytest.importorskip("torchvision", reason="torchmetrics takes AlexNet from it")
    from torchmetrics.functional.image.lpips import _NoTrainLpips

    theirs = _NoTrainLpips(net="alex", pnet_rand=True)
    own_names = {key: f"features.{key.split('.', 1)[1]}" for key in theirs.net.state_dict()}  # slice1.0.weight
    theirs.net.load_state_dict({key: alexnet()[name] for key, name in own_names.items()})
    prediction, target = pictures(*size)
    expected = theirs(prediction[None], target[None], normalize=True).item()
    assert expected > 0.01
    assert Lpips(alexnet())(prediction, target).item() == pytest.approx(expected, rel=1e-4)


def test_grey_is_repeated() -> None:
    network = Lpips(alexnet())
    prediction, target = (picture[:1] for picture in pictures())
    assert network(prediction, target) == network(prediction.expand(3, -1, -1), target.expand(3, -1, -1)) > 0
    assert network(target, target) == 0


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in the place of the published weights."""
    torch.save(alexnet(), tmp_path / "net.pth")
    digits = hashlib.sha256((tmp_path / "net.pth").read_bytes()).hexdigest()[:8]
    monkeypatch.setattr("pix2pix.metrics.lpips.ALEXNET_WEIGHTS", WeightsFile("AlexNet", f"net-{digits}.pth", 1))
    return tmp_path / "net.pth"


def test_weights_by_path_and_pixels_that_do_not_count(published: Path) -> None:
    prediction, target = pictures()
    whole = lpips(prediction, target, weights=published)
    assert whole.item() == pytest.approx(Lpips(alexnet())(prediction, target).item())
    weight = torch.ones(1, 64, 72)
    weight[:, 30:] = 0
    kept = lpips(prediction, target, weight, weights=published)
    prediction[:, 30:] = 0
    assert torch.equal(lpips(prediction, target, weight, weights=published), kept)
    assert 0 < kept < whole


def test_small_pictures_and_absent_weights(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 31 pixels a side, and a picture is 30 x 64"):
        lpips(*pictures(30, 64), weights=tmp_path)
    with pytest.raises(MissingWeights, match=ALEXNET_WEIGHTS.name):
        lpips(*pictures(), weights=tmp_path)
