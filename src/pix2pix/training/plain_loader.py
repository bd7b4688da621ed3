"""Training on batches of anybody's loader: tensors of sources and targets, in place of `PairedData`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from lightning.pytorch import Trainer
from torch import Tensor

from pix2pix.data.pairs import Batch
from pix2pix.data.sampler import Place
from pix2pix.errors import BadPairError

ROUNDING = 1e-3  # by which numbers may lie beyond [-1, 1]


class LoaderProgress:
    """How far a training is, counted as `PairedData` counts it."""

    def __init__(self) -> None:
        self.place = Place()
        self.trainer: Trainer | None = None

    @property
    def last_batch(self) -> bool:
        """Whether the batch at the place is its epoch's last."""
        assert self.trainer is not None
        return self.place.is_last(int(self.trainer.num_training_batches))

    def advance(self) -> None:
        """One more batch is done."""
        assert self.trainer is not None
        self.place.advance(int(self.trainer.num_training_batches))

    def batch_of(self, state: Mapping[str, Any]) -> int:
        """Where a saved place lies now."""
        return int(state["batch"])

    def state_dict(self) -> dict[str, Any]:
        """As that of `PairedData`."""
        return {"epoch": self.place.epoch, "batch": self.place.batch}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go to the place that was saved."""
        self.place.epoch, self.place.batch = int(state["epoch"]), int(state["batch"])


def as_batch(found: Any) -> Batch:
    """A batch of anybody's loader as the training takes it.

    Args:
        found: (source, target) or (source, target, weight), or a dict of those and perhaps `names`: source
            (B, C, H, W) and target (B, C', H, W) in [-1, 1]; weight (B, 1, H, W), 0 where a pixel does not count. Names
            decide the noise of the validation; without them the pictures do.

    Raises BadPairError where it is none.
    """
    if isinstance(found, Mapping):
        parts = [found.get(name) for name in ("source", "target", "weight")]
        names = found.get("names")
    elif isinstance(found, Sequence) and len(found) in (2, 3):
        parts, names = [*found, None][:3], None
    else:
        raise BadPairError(
            f"a batch is a {type(found).__name__}; expected (source, target), or a dict with these names"
        )
    source, target, weight = parts
    for side, values in (("source", source), ("target", target)):
        if not isinstance(values, Tensor) or values.dim() != 4 or not values.is_floating_point():
            what = f"{values.dtype} of shape {tuple(values.shape)}" if isinstance(values, Tensor) else repr(values)[:40]
            raise BadPairError(f"the {side} of a batch is {what}; expected numbers (B, C, H, W) in [-1, 1]")
        if len(values) and values.abs().max() > 1 + ROUNDING:
            low, high = float(values.min()), float(values.max())
            raise BadPairError(f"the {side} of a batch is from {low:g} to {high:g}; expected numbers from -1 to 1")
    assert isinstance(source, Tensor)
    assert isinstance(target, Tensor)
    if source.shape[::2] != target.shape[::2] or source.shape[3] != target.shape[3]:
        raise BadPairError(f"the sides of a batch are {tuple(source.shape)} and {tuple(target.shape)}: no pairs")
    return Batch(source, target, weight, [*map(str, names)] if names is not None else [*map(_digest, source)])


def _digest(picture: Tensor) -> str:
    """A name of its own for each picture, the same in every epoch."""
    content = picture.detach().to("cpu", torch.float32).contiguous().numpy().tobytes()
    return hashlib.blake2b(content, digest_size=8).hexdigest()
