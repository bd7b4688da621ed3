"""An exponential average of the generator: the generator that people see, smoother than any single step's."""

from __future__ import annotations

import copy

import torch
from torch import nn

from pix2pix.models.blocks import Generator


def start_average(generator: Generator) -> Generator:
    """A copy of the generator that no gradient reaches."""
    return copy.deepcopy(generator).requires_grad_(False).eval()


@torch.no_grad()
def update_average(average: nn.Module, generator: nn.Module, decay: float) -> None:
    """average ← decay · average + (1 - decay) · generator, for the parameters; buffers (norm statistics) are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), 1 - decay)
    for kept, fresh in zip(average.buffers(), generator.buffers(), strict=True):
        kept.copy_(fresh)
