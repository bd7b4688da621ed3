"""Feature matching: the translation shall look to the discriminator's layers as the target does (pix2pixHD)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from pix2pix.models.judgement import Judgement


def feature_matching(translated: Sequence[Judgement], real: Sequence[Judgement]) -> Tensor:
    """Mean over scales k of Σ_i mean |D_k,i(x, y) - D_k,i(x, G(x))|, a float32 scalar (Wang et al. 2018, equation 4).

    Args:
        translated: what D says of the translations, with features; a judgement a scale.
        real: what D says of the targets, which no gradient reaches.
    """
    distances = []
    for ours, theirs in zip(translated, real, strict=True):
        assert ours.features, "the discriminator gives no features"
        layers = zip(ours.features, theirs.features, strict=True)
        distances.append(torch.stack([F.l1_loss(one.float(), other.detach().float()) for one, other in layers]).sum())
    return torch.stack(distances).mean()
