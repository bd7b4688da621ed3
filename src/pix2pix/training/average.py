"""An exponential average of the generator: the generator that people see, smoother than any single step's."""

from __future__ import annotations

import copy

import torch
from torch import nn

from pix2pix.models.blocks import Generator

RAMP = 0.05  # half-life of the average, in images seen, until it has the one that was asked for


def start_average(generator: Generator) -> Generator:
    """A copy of the generator that no gradient reaches."""
    return copy.deepcopy(generator).requires_grad_(False).eval()


def decay_of_step(average: float, images: int, seen: int) -> float:
    """The share of the average that a step keeps.

    Args:
        average: from 1 on, its half-life in images. It grows with the training until then, as RAMP of the images seen,
            so that nothing of the random start is left in it (as in EDM, Karras et al. 2022). Below 1, the share
            itself, from the first step on.
        images: of this step, over all ranks.
        seen: of the whole training, these included.
    """
    if average < 1:
        return average
    return float(0.5 ** (images / min(average, RAMP * seen)))


@torch.no_grad()
def update_average(average: nn.Module, generator: nn.Module, decay: float) -> None:
    """average ← decay · average + (1 - decay) · generator, for the parameters; buffers (norm statistics) are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(generator.parameters()), 1 - decay)
    for kept, fresh in zip(average.buffers(), generator.buffers(), strict=True):
        kept.copy_(fresh)
