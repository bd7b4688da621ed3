"""Spectral norm against singular values and PyTorch's own on a plain convolution; precision; checkpoints."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from pix2pix.models.patchgan import PatchGAN
from pix2pix.models.spectral_norm import SpectralConvolution, normalise_spectra


def normalised(receptive_field: int = 34) -> PatchGAN:
    torch.manual_seed(0)
    return PatchGAN(3, 8, receptive_field, norm="none", spectral_norm=True)


def convolutions(discriminator: nn.Module) -> list[SpectralConvolution]:
    return [module for module in discriminator.modules() if isinstance(module, SpectralConvolution)]


def test_every_weight_comes_to_have_the_largest_singular_value_one() -> None:
    discriminator = normalised()
    for _ in range(300):
        discriminator(torch.zeros(1, 3, 64, 64))
    assert len(convolutions(discriminator)) == 4
    for convolution in convolutions(discriminator):
        values = torch.linalg.svdvals(convolution.weight.detach().flatten(1).double())
        assert values[0].item() == pytest.approx(1, abs=1e-4)


def test_the_direction_of_the_weights_is_that_of_the_plain_discriminator() -> None:
    torch.manual_seed(0)
    plain = PatchGAN(3, 8, 34, norm="none")
    ours = [value for name, value in normalised().named_parameters() if name.endswith("original")]
    theirs = [value for name, value in plain.named_parameters() if name.endswith("weight")]
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_three_training_calls_are_those_of_pytorchs_own_on_a_plain_convolution() -> None:
    results = []
    for kind in (nn.Conv2d, SpectralConvolution):
        torch.manual_seed(0)
        network = nn.Sequential(kind(3, 8, 4, 2, 1))
        if kind is nn.Conv2d:
            spectral_norm(network[0])
        else:
            normalise_spectra(network)
        x = torch.randn(2, 3, 8, 8)
        for _ in range(3):
            output = network(x)
        output.square().mean().backward()
        results.append([output, *(each.grad for each in network.parameters()), *network.buffers()])
    for ours, theirs in zip(*results, strict=True):
        assert ours is not None
        assert theirs is not None
        assert torch.equal(ours, theirs)


def test_the_norm_is_computed_in_float32_under_autocast_and_the_convolution_is_not() -> None:
    """On GPUs autocast would put half of the power iteration in half precision, and the other half would refuse it."""
    discriminator, modes = normalised(), []
    for convolution in convolutions(discriminator):
        convolution.parametrizations.weight[0].register_forward_hook(  # type: ignore[union-attr, index]
            lambda *_: modes.append(torch.is_autocast_enabled("cpu"))
        )
    with torch.autocast("cpu", torch.bfloat16):
        logits = discriminator(torch.randn(1, 3, 64, 64))
    assert logits.dtype == torch.bfloat16
    assert modes == [False] * 4


def test_without_training_calls_change_nothing() -> None:
    discriminator = normalised().eval()
    before = copy.deepcopy(discriminator.state_dict())
    discriminator(torch.randn(1, 3, 64, 64))
    assert all(torch.equal(value, before[name]) for name, value in discriminator.state_dict().items())


def test_a_state_holds_all_that_the_next_call_depends_on() -> None:
    discriminator, other = normalised(), PatchGAN(3, 8, 34, norm="none", spectral_norm=True)
    x = torch.randn(1, 3, 64, 64)
    discriminator(x)
    other.load_state_dict(discriminator.state_dict())
    for _ in range(2):
        assert torch.equal(discriminator(x), other(x))
