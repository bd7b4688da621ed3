"""R1: the discriminator pays for slopes where pictures are real, so that the game comes to rest there."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def r1(logits: Sequence[Tensor], targets: Tensor) -> Tensor:
    """E |∇_y D(x, y)|² at real pairs, a float32 scalar through which D can be trained (Mescheder et al. 2018).

    A patch discriminator is as many discriminators as it has patches, each with a gradient of its own. Instead of that
    many backward passes there is one: |∇ Σ_p D_p|² divided by the number of patches, which is the mean of |∇ D_p|²
    where patches do not overlap, and the formula itself where there is one patch. Of several scales the mean is taken.

    Args:
        logits: (B, 1, h, w) a scale, of float32 networks: a gradient's square underflows in half precision.
        targets: (B, C, H, W), from which the logits come; it requires a gradient.
    """
    penalties = []
    for each in logits:
        (slope,) = torch.autograd.grad(each.sum(), targets, create_graph=True)  # (B, C, H, W)
        patches = each[0].numel()
        penalties.append(slope.square().sum(dim=(1, 2, 3)).mean() / patches)
    return torch.stack(penalties).mean()
