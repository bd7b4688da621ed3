"""What a discriminator says of pictures: logits, and on request the features that they come from."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Judgement(NamedTuple):
    """Of a batch, at one scale."""

    logits: Tensor  # (B, 1, h, w), high where a patch seems real
    features: tuple[Tensor, ...] = ()  # (B, C, h, w) behind each layer before the logits


def judgements(said: Tensor | list[Judgement]) -> list[Judgement]:
    """What a discriminator's call gave, logits alone or a judgement a scale, as the latter."""
    return said if isinstance(said, list) else [Judgement(said)]
