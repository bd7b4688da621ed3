"""The perceptual loss against torchvision's VGG19, and against the same layers written out; weights are random."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from tests.losses.random_vgg19 import BLOCKS, random_vgg19
from torch import Tensor

from pix2pix.losses.perceptual import PerceptualLoss


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    return random_vgg19()


def pictures(channels: int = 3, side: int = 32) -> tuple[Tensor, Tensor]:
    one, other = torch.rand(2, 2, channels, side, side, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return one, other


def written_out(weights: dict[str, Tensor], one: Tensor, other: Tensor) -> Tensor:
    """In float64: relu1_1, relu2_1, … behind the first convolution of each block, with 1/32, 1/16, 1/8, 1/4, 1."""
    x = torch.cat([one, other]).double().expand(-1, 3, -1, -1)
    x = ((x + 1) / 2 - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(
        3, 1, 1
    )
    total, place = torch.zeros((), dtype=torch.float64), 0
    for importance, (_, convolutions) in zip((1 / 32, 1 / 16, 1 / 8, 1 / 4, 1), BLOCKS, strict=True):
        for index in range(convolutions):
            x = F.relu(
                F.conv2d(
                    x,
                    weights[f"features.{place}.weight"].double(),
                    weights[f"features.{place}.bias"].double(),
                    padding=1,
                )
            )
            if index == 0:
                ours, theirs = x.chunk(2)
                total = total + importance * (ours - theirs).abs().mean()
            place += 2
        x, place = F.max_pool2d(x, 2), place + 1
    return total


@pytest.mark.parametrize("channels", [3, 1])
def test_is_the_formula_written_out(weights: dict[str, Tensor], channels: int) -> None:
    one, other = pictures(channels)
    value, expected = PerceptualLoss(weights)(one, other), written_out(weights, one, other)
    print(f"relative difference {abs(value.item() / expected.item() - 1):g}")
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    assert expected > 0.1


def test_names_layers_and_features_are_torchvisions(weights: dict[str, Tensor]) -> None:
    models = pytest.importorskip("torchvision.models", reason="torchvision, the oracle, is not installed")
    with torch.device("meta"):
        network = models.vgg19().features
    own = {name.removeprefix("features."): value for name, value in weights.items() if name.startswith("features.")}
    network.load_state_dict(own, assign=True)  # all names, and no others
    x, expected = pictures()[0], []
    features = PerceptualLoss(weights)._features(x)
    mean, deviation = (
        torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1),
        torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1),
    )
    x = ((x + 1) / 2 - mean) / deviation
    with torch.no_grad():
        for index, layer in enumerate(network[:30]):
            x = layer(x)
            if index in (1, 6, 11, 20, 29):
                expected.append(x.clone())
    assert [each.shape for each in features] == [each.shape for each in expected]
    difference = max(float((ours - theirs).abs().max()) for ours, theirs in zip(features, expected, strict=True))
    print(f"largest difference of a feature {difference:g}")
    assert difference == 0


def test_the_gradient_reaches_the_prediction_alone(weights: dict[str, Tensor]) -> None:
    prediction, target = (each.requires_grad_() for each in pictures())
    loss = PerceptualLoss(weights)
    ours, theirs = torch.autograd.grad(loss(prediction, target), [prediction, target], allow_unused=True)
    assert ours is not None
    assert ours.abs().sum() > 0
    assert theirs is None
    assert not any(each.requires_grad for each in loss._layers.parameters())


def test_pixels_of_no_weight_change_nothing(weights: dict[str, Tensor]) -> None:
    prediction, target = pictures()
    weight = torch.ones(2, 1, 32, 32)
    weight[:, :, :16] = 0
    disturbed = torch.where(weight > 0, target, 7.0)
    loss = PerceptualLoss(weights)
    assert torch.equal(loss(prediction, disturbed, weight), loss(prediction, target, weight))
    assert loss(target, disturbed, weight).item() == 0


def test_half_precision_gives_a_float32_loss_near_the_exact_one(weights: dict[str, Tensor]) -> None:
    prediction, target = pictures()
    loss = PerceptualLoss(weights)
    with torch.autocast("cpu", torch.bfloat16):
        value = loss(prediction, target)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(loss(prediction, target).item(), rel=0.01)


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zipped", [True, False], ids=["as torch writes today", "as torchvision's file is"])
def test_a_file_gives_the_loss_of_its_weights(weights: dict[str, Tensor], zipped: bool, tmp_path: Path) -> None:
    file = tmp_path / "vgg19.pth"
    torch.save(weights, file, _use_new_zipfile_serialization=zipped)
    assert torch.equal(PerceptualLoss.load(str(file))(*pictures()), PerceptualLoss(weights)(*pictures()))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"features.0.weight": torch.zeros(64, 3, 3, 3)},
            r"features.0.bias is absent, expected \(64,\): these are not",
        ),
        (
            {"features.0.weight": torch.zeros(64, 1, 3, 3)},
            r"features.0.weight is \(64, 1, 3, 3\), expected \(64, 3, 3, 3\)",
        ),
        ([1, 2], "holds a list, expected a state dict"),
        (None, "cannot be read as weights of VGG19"),
    ],
    ids=["absent", "another shape", "no mapping", "no file of PyTorch"],
)
def test_other_files_are_refused_by_name(content: object, message: str, tmp_path: Path) -> None:
    file = tmp_path / "vgg.pth"
    torch.save(content, file) if content is not None else file.write_bytes(b"hello")
    with pytest.raises(ValueError, match=message) as raised:
        PerceptualLoss.load(str(file))
    assert str(file) in str(raised.value)


def test_without_a_file_torch_hubs_cache_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(ValueError, match=r"Download https://download.pytorch.org/models/vgg19-dcbb9e9d.pth") as raised:
        PerceptualLoss.load(None)
    assert str(tmp_path / "hub" / "checkpoints" / "vgg19-dcbb9e9d.pth") in str(raised.value)
