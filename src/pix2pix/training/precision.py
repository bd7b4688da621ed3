"""What `precision=auto` and `channels_last=auto` become on this machine."""

from __future__ import annotations

from typing import Literal

import torch

ChannelsLast = bool | Literal["discriminator"]  # both players, neither, or that one


def resolve_precision(precision: str, on_cpu: bool) -> str:
    """bf16-mixed where processor or GPU multiplies bfloat16 natively, else 32-true; anything but "auto" stays.

    An emulated bfloat16 is slower than float32, so only native support counts.
    """
    if precision != "auto":
        return precision
    if on_cpu:
        # Private, but the only question PyTorch answers: without AVX-512 BF16 or AMX, bfloat16 is emulated.
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    else:
        native = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    return "bf16-mixed" if native else "32-true"


def resolve_channels_last(channels_last: bool | Literal["auto"], on_cpu: bool) -> ChannelsLast:
    """The fastest layout as measured; anything but "auto" stays.

    On a processor it is that of the discriminator, whose maps are large and weights few. The gradients of the
    generator's many weights would have to be copied into it.
    """
    if channels_last != "auto":
        return channels_last
    return "discriminator" if on_cpu else False
