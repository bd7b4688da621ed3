"""What the networks share: norms, up-sampling, output precision, initialisation."""

from typing import Any

import pytest
import torch
from torch import nn

from pix2pix.models import GENERATORS
from pix2pix.models.blocks import Output, Upsampling, initialise, norm_layer, up_convolution


def test_the_allow_list_holds_every_generator_under_its_full_name() -> None:
    assert set(GENERATORS) == {
        "pix2pix.models.unet.UNet",
        "pix2pix.models.encoder_decoder.EncoderDecoder",
        "pix2pix.models.resnet.ResNet",
        "pix2pix.models.coarse_to_fine.CoarseToFine",
        "pix2pix.models.pixelwise.Pixelwise",
    }
    for name, network in GENERATORS.items():
        assert name == f"{network.__module__}.{network.__qualname__}"


@pytest.mark.parametrize(("channels", "groups"), [(16, 16), (64, 32), (48, 16)])
def test_group_norm_divides_the_channels(channels: int, groups: int) -> None:
    norm = norm_layer("group", channels)
    assert isinstance(norm, nn.GroupNorm)
    assert norm.num_groups == groups


def test_instance_norm_refuses_a_map_of_one_value() -> None:
    with pytest.raises(ValueError, match="spatial"):
        norm_layer("instance", 4)(torch.zeros(1, 4, 1, 1))


@pytest.mark.parametrize("make", [lambda kind: norm_layer(kind, 4), lambda kind: up_convolution(kind, 4, 4, 4, True)])
def test_unknown_kinds_are_named_with_the_choices(make: Any) -> None:
    with pytest.raises(ValueError, match="'layer' is unknown: choose"):
        make("layer")


@pytest.mark.parametrize("kind", ["transposed", "resize"])
@pytest.mark.parametrize("kernel_size", [3, 4])
def test_up_convolution_doubles_the_sides(kind: Upsampling, kernel_size: int) -> None:
    assert up_convolution(kind, 3, 5, kernel_size, True)(torch.zeros(2, 3, 6, 7)).shape == (2, 5, 12, 14)


def test_resize_convolution_of_a_constant_has_no_checkerboard() -> None:
    up = up_convolution("resize", 1, 1, 4, bias=False)
    inner = up(torch.ones(1, 1, 8, 8))[0, 0, 1:-1, 1:-1]
    assert torch.allclose(inner, inner[0, 0].expand_as(inner))


def test_output_is_exact_under_autocast() -> None:
    torch.manual_seed(0)
    output = Output(nn.Conv2d(4, 3, 3))
    x = torch.randn(1, 4, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        translated = output(x)
    assert translated.dtype == torch.float32
    assert torch.equal(translated, output(x))


def test_initialisation_has_the_papers_distributions() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(64, 128, 4), nn.BatchNorm2d(128), nn.ConvTranspose2d(128, 64, 4), nn.ReLU())
    initialise(network)
    convolution, norm, transposed, _ = network
    for weight in (convolution.weight, transposed.weight):
        assert isinstance(weight, torch.Tensor)
        assert abs(weight.mean().item()) < 2e-4
        assert weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.weight.mean().item() == pytest.approx(1, abs=0.01)
    assert norm.weight.std().item() == pytest.approx(0.02, rel=0.2)
    for module in (convolution, norm, transposed):
        assert not torch.as_tensor(module.bias).any()
