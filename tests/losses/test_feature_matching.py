"""Feature matching against the formula of the paper, written out, and whom its gradient reaches."""

from __future__ import annotations

import pytest
import torch

from pix2pix.losses.feature_matching import feature_matching
from pix2pix.models.judgement import Judgement
from pix2pix.models.multiscale import MultiScale
from pix2pix.models.patchgan import PatchGAN


def test_is_the_sum_over_layers_of_mean_distances_and_the_mean_over_scales() -> None:
    torch.manual_seed(0)
    discriminator = MultiScale(3, base_channels=4, receptive_field=16, scales=2)
    ours, theirs = (discriminator(torch.randn(2, 3, 32, 32), features=True) for _ in range(2))
    expected = 0.0
    for scale in range(2):
        for layer in range(2):
            one, other = ours[scale].features[layer], theirs[scale].features[layer]
            expected += (one - other).abs().sum().item() / one.numel() / 2  # 1 / N_i, and a mean over K = 2
    assert feature_matching(ours, theirs).item() == pytest.approx(expected, rel=1e-6)


def test_the_logits_do_not_count() -> None:
    features = (torch.randn(1, 2, 3, 3),)
    one, other = (Judgement(torch.full((1, 1, 2, 2), value), features) for value in (1.0, 5.0))
    assert feature_matching([one], [other]).item() == 0


def test_the_gradient_reaches_the_translation_and_not_the_target() -> None:
    discriminator = PatchGAN(3, base_channels=4, receptive_field=16)
    pictures = [torch.randn(1, 3, 16, 16, requires_grad=True) for _ in range(2)]
    ours, theirs = (discriminator(each, features=True) for each in pictures)
    one, other = torch.autograd.grad(feature_matching(ours, theirs), pictures, allow_unused=True)
    assert one is not None
    assert one.abs().sum() > 0
    assert other is None


def test_is_float32_of_half_precision_features() -> None:
    judged = [Judgement(torch.zeros(1, 1, 1, 1), (torch.randn(1, 2, 4, 4).bfloat16(),))]
    assert feature_matching(judged, judged).dtype == torch.float32
