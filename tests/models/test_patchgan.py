"""The discriminators: their figures from the paper, and receptive fields measured by gradients."""

import pytest
import torch
from torch import nn

from pix2pix.models.blocks import Norm
from pix2pix.models.patchgan import PatchGAN
from pix2pix.models.receptive_field import RECEPTIVE_FIELDS


@pytest.mark.parametrize(
    ("field", "widths"),
    [
        (1, [64, 128, 1]),
        (7, [64, 1]),
        (16, [64, 128, 1]),
        (34, [64, 128, 256, 1]),
        (70, [64, 128, 256, 512, 1]),
        (142, [64, 128, 256, 512, 512, 1]),
        (286, [64, 128, 256, 512, 512, 512, 1]),
    ],
)
def test_widths(field: int, widths: list[int]) -> None:
    with torch.device("meta"):
        discriminator = PatchGAN(6, receptive_field=field)
    layers = [module for module in discriminator.modules() if isinstance(module, nn.Conv2d)]
    assert [layer.out_channels for layer in layers] == widths
    assert sum(isinstance(module, nn.BatchNorm2d) for module in discriminator.modules()) == len(widths) - 2


def test_the_papers_parameters() -> None:
    with torch.device("meta"):
        discriminator = PatchGAN(6)
    assert sum(parameter.numel() for parameter in discriminator.parameters()) == 2_768_705


@pytest.mark.parametrize("field", RECEPTIVE_FIELDS)
def test_a_logit_sees_exactly_its_receptive_field(field: int) -> None:
    torch.manual_seed(0)
    discriminator = PatchGAN(1, base_channels=2, receptive_field=field, norm="none").double()
    with torch.no_grad():
        for parameter in discriminator.parameters():
            parameter.abs_().add_(0.01)  # positive weights and input: no activation hides a pixel
    side = 2 * field + 40
    picture = torch.rand(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    logits = discriminator(picture)
    middle = logits.shape[-1] // 2
    (gradient,) = torch.autograd.grad(logits[0, 0, middle, middle], picture)
    rows, columns = torch.nonzero(gradient[0, 0], as_tuple=True)
    assert int(rows.max() - rows.min()) + 1 == field
    assert int(columns.max() - columns.min()) + 1 == field
    assert len(rows) == field**2


@pytest.mark.parametrize(
    ("field", "size", "expected"),
    [
        (70, (256, 256), (30, 30)),  # the paper's
        (286, (256, 256), (6, 6)),
        (286, (264, 300), (6, 7)),
        (142, (128, 128), (6, 6)),
        (70, (64, 64), (6, 6)),
        (34, (200, 264), (48, 64)),
        (16, (65, 67), (30, 31)),
        (7, (8, 9), (6, 7)),
        (1, (5, 3), (5, 3)),
    ],
)
def test_map_of_patches(field: int, size: tuple[int, int], expected: tuple[int, int]) -> None:
    discriminator = PatchGAN(2, base_channels=2, receptive_field=field)
    assert discriminator(torch.zeros(2, 2, *size)).shape == (2, 1, *expected)


@pytest.mark.parametrize("norm", ["batch", "instance", "group", "none"])
@pytest.mark.parametrize("field", [1, 7, 70])
def test_trains_every_parameter_with_every_norm(field: int, norm: Norm) -> None:
    torch.manual_seed(0)
    discriminator = PatchGAN(2, base_channels=8, receptive_field=field, norm=norm)
    discriminator(torch.randn(1, 2, 64, 64)).square().mean().backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in discriminator.parameters())


def test_another_field_is_refused() -> None:
    with pytest.raises(ValueError, match="1, 7, 16, 34, 70, 142, 286"):
        PatchGAN(6, receptive_field=94)
