"""R1 against closed forms, against one backward pass a patch, and its own gradient against differences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from pix2pix.losses.r1 import r1
from pix2pix.models.multiscale import MultiScale
from pix2pix.models.patchgan import PatchGAN


def test_of_a_linear_discriminator_is_the_square_of_its_weights() -> None:
    discriminator = nn.Linear(12, 1)
    targets = torch.randn(5, 3, 2, 2, requires_grad=True)
    value = r1([discriminator(targets.flatten(1))[:, :, None, None]], targets)
    assert torch.allclose(value, discriminator.weight.square().sum())
    (gradient,) = torch.autograd.grad(value, discriminator.weight)
    assert torch.allclose(gradient, 2 * discriminator.weight)


def a_patch_at_a_time(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over patches and pictures of each patch's own squared slope."""
    slopes = [torch.autograd.grad(each, targets, retain_graph=True)[0] for each in logits.flatten()]
    return torch.stack([slope.square().sum() for slope in slopes]).mean()


def test_is_the_mean_over_patches_where_they_do_not_overlap() -> None:
    torch.manual_seed(0)
    discriminator = PatchGAN(3, base_channels=4, receptive_field=1, norm="none").double()
    targets = torch.randn(2, 3, 5, 6, dtype=torch.float64, requires_grad=True)
    logits = discriminator(targets)
    assert torch.allclose(r1([logits], targets), a_patch_at_a_time(logits, targets), rtol=1e-12)


def test_of_several_scales_is_the_mean() -> None:
    torch.manual_seed(0)
    discriminator = MultiScale(3, base_channels=4, receptive_field=7, scales=3)
    targets = torch.randn(2, 3, 32, 32, requires_grad=True)
    logits = [each.logits for each in discriminator(targets)]
    expected = sum(r1([each], targets).item() for each in logits) / 3
    assert r1(logits, targets).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("norm", ["batch", "instance", "group", "none"])
@pytest.mark.parametrize(("spectral_norm", "channels_last"), [(False, False), (True, False), (False, True)])
def test_its_gradient_is_that_of_differences(norm: str, spectral_norm: bool, channels_last: bool) -> None:
    torch.manual_seed(0)
    discriminator = PatchGAN(2, 2, receptive_field=16, norm=norm, spectral_norm=spectral_norm).double()  # type: ignore[arg-type]
    targets = torch.randn(2, 2, 16, 16, dtype=torch.float64)
    if spectral_norm:  # so that the power iteration, which is taken as given, has come to rest
        for _ in range(500):
            discriminator(targets)
    if channels_last:
        discriminator.to(memory_format=torch.channels_last)
        targets = targets.contiguous(memory_format=torch.channels_last)
    parameters = [each for each in discriminator.parameters() if each.dim() == 4]

    def penalty() -> Tensor:
        pictures = targets.clone().requires_grad_()
        return r1([discriminator(pictures)], pictures)

    gradients = torch.autograd.grad(penalty(), parameters)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        direction = torch.randn_like(parameter)
        step = 1e-6 * float(parameter.detach().norm() / direction.norm())
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                parameter.add_(direction, alpha=sign * step)
            values.append(penalty().item())
            with torch.no_grad():
                parameter.sub_(direction, alpha=sign * step)
        slope = (values[0] - values[1]) / (2 * step)
        scale = float(gradient.norm() * direction.norm())
        assert float((gradient * direction).sum()) == pytest.approx(slope, abs=1e-5 * scale + 1e-12)
