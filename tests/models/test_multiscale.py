"""Discriminators on several scales: what each of them sees, what they say, and their features."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pix2pix.models.blocks import half_size
from pix2pix.models.judgement import Judgement, judgements
from pix2pix.models.multiscale import MultiScale
from pix2pix.models.patchgan import PatchGAN


def test_each_scale_is_a_patchgan_on_half_the_picture_before() -> None:
    torch.manual_seed(0)
    discriminator = MultiScale(3, base_channels=4, receptive_field=16, scales=3)
    pictures = torch.randn(2, 3, 64, 48)
    judged = discriminator(pictures)
    assert [each.logits.shape for each in judged] == [(2, 1, 30, 22), (2, 1, 14, 10), (2, 1, 6, 4)]
    for scale, judgement in enumerate(judged):
        torch.manual_seed(1)
        alone = PatchGAN(3, 4, 16, norm="instance")
        prefix = f"scales.{scale}."
        alone.load_state_dict(
            {name.removeprefix(prefix): value for name, value in discriminator.state_dict().items() if prefix in name}
        )
        assert torch.equal(alone(pictures), judgement.logits)
        pictures = half_size(pictures)


def test_half_the_size_is_the_mean_of_the_pixels_around_every_second_one() -> None:
    pictures = torch.randn(2, 3, 7, 10)
    ones = torch.ones(1, 1, 7, 10)
    kernel = torch.ones(1, 1, 3, 3)
    sums = F.conv2d(F.pad(pictures.flatten(0, 1)[:, None], (1, 1, 1, 1)), kernel, stride=2)
    counts = F.conv2d(F.pad(ones, (1, 1, 1, 1)), kernel, stride=2)
    assert torch.allclose(half_size(pictures), (sums / counts).reshape(2, 3, 4, 5), atol=1e-6)


def test_scales_share_no_weight_and_all_of_them_train() -> None:
    torch.manual_seed(0)
    discriminator = MultiScale(3, base_channels=4, receptive_field=16, scales=2, spectral_norm=True)
    loss = torch.stack([each.logits.square().mean() for each in discriminator(torch.randn(1, 3, 32, 32))]).mean()
    gradients = torch.autograd.grad(loss, list(discriminator.parameters()))
    assert len(gradients) == 2 * len(list(PatchGAN(3, 4, 16, norm="instance").parameters()))
    # Instance norm takes the bias of the convolution before it away.
    assert sum(bool(gradient.any()) for gradient in gradients) >= len(gradients) - 2


@pytest.mark.parametrize("field", [1, 16, 70])
def test_features_are_what_lies_behind_each_leaky_relu(field: int) -> None:
    torch.manual_seed(0)
    discriminator = PatchGAN(3, base_channels=4, receptive_field=field)
    pictures = torch.randn(2, 3, 64, 64)
    seen: list[torch.Tensor] = []
    for module in discriminator.modules():
        if isinstance(module, nn.LeakyReLU):
            module.register_forward_hook(lambda _, inputs, output: seen.append(output.clone()))
    (judged,) = discriminator(pictures, features=True)
    layers = len(seen)
    assert len(judged.features) == layers > 1
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(judged.features, seen, strict=True))
    assert torch.equal(judged.logits, discriminator(pictures))
    many = MultiScale(3, 4, field, scales=2)(pictures, features=True)
    assert [len(each.features) for each in many] == [layers] * 2


def test_what_a_discriminator_says_is_a_list_of_judgements() -> None:
    logits = torch.zeros(1, 1, 2, 2)
    (judged,) = judgements(logits)
    assert judged.logits is logits
    assert judged.features == ()
    several = [Judgement(logits), Judgement(logits)]
    assert judgements(several) is several
