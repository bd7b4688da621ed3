"""Faster arithmetic at test time: convolutions in bfloat16, with the noise that they would have in float32."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import nn

from pix2pix.models.blocks import Generator, Output

Precision = Literal["float32", "bf16"]


def use_bfloat16(generator: Generator) -> None:
    """Hold the weights of convolutions in bfloat16 and channels last, all but those of the last layers.

    To be called under autocast, which takes care of the rest; autocast alone would convert the weights anew for every
    picture. The noise stays what it is in float32: dropout draws it in the order of memory, so around dropout the maps
    lie as they did.
    """
    layout = _layout(generator)
    last = {module for output in generator.modules() if isinstance(output, Output) for module in output.modules()}
    for module in generator.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d) and module not in last:
            module.to(torch.bfloat16)
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.register_forward_pre_hook(_lay(layout))
            module.register_forward_hook(_lay_back)
    generator.to(memory_format=torch.channels_last)


def _layout(generator: Generator) -> torch.memory_format:
    """That of the maps, which follows from that of the weights."""
    weights = [parameter for parameter in generator.parameters() if parameter.dim() == 4]
    contiguous = all(weight.is_contiguous() for weight in weights)
    return torch.contiguous_format if contiguous else torch.channels_last


def _lay(layout: torch.memory_format) -> Any:
    def before(module: nn.Module, arguments: tuple[torch.Tensor]) -> torch.Tensor:
        return arguments[0].contiguous(memory_format=layout)

    return before


def _lay_back(module: nn.Module, arguments: tuple[torch.Tensor], output: torch.Tensor) -> torch.Tensor:
    return output.contiguous(memory_format=torch.channels_last)
