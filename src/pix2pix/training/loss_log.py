"""Losses between two rows of the log: summed as tensors, since asking a GPU for a number makes it wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

Gather = Callable[[Tensor], Tensor | Any]


class NonFiniteLossError(RuntimeError):
    """A loss became NaN or infinite. The networks are spoilt; the last checkpoint is not."""


class LossLog:
    """Mean losses over every `every_images` images, and a watch for those that are not finite.

    A step's losses are looked at when the next one begins, by when they are there without waiting.
    """

    def __init__(self, every_images: int) -> None:
        self.every_images = every_images
        self._names: tuple[str, ...] = ()
        self._sums: Tensor | None = None  # (terms,), weighted by images
        self._images = 0  # that the sums hold
        self._last: Tensor | None = None  # (terms,) of the last step
        self._last_pictures: Sequence[str] = ()

    def add(self, terms: Mapping[str, Tensor], pictures: Sequence[str], images: int, images_seen: int) -> bool:
        """Add one step's losses; True where a row is due.

        `images` and `images_seen`, which includes them, count those of all ranks; `pictures` names this rank's.
        """
        self._names = tuple(terms)
        self._last, self._last_pictures = torch.stack([value.float() for value in terms.values()]), pictures
        # To the device: sums that were loaded are on the CPU.
        before = torch.zeros_like(self._last) if self._sums is None else self._sums.to(self._last.device)
        self._sums = torch.add(before, self._last, alpha=images)
        self._images += images
        return images_seen // self.every_images > (images_seen - images) // self.every_images

    def check_finite(self, weights: Iterable[Tensor] = ()) -> None:
        """Raises NonFiniteLossError where the last step's losses, or the weights that it made, are not numbers."""
        if self._last is None:
            return
        if not bool(self._last.isfinite().all()):
            found = "the losses are not finite"
        elif not all(bool(each.isfinite().all()) for each in weights):
            found = "the losses are finite, but the step that they led to made weights that are not"
        else:
            return
        losses = ", ".join(f"{name} {value:g}" for name, value in zip(self._names, self._last.tolist(), strict=True))
        raise NonFiniteLossError(
            f"{found}: {losses}. The batch was: {', '.join(self._last_pictures)}. The last checkpoint is from before."
            " What usually helps: look at these pictures, a smaller optimizer.lr, training.clip_norm=1, or"
            " trainer.precision=32-true"
        )

    def take(self, gather: Gather) -> dict[str, float]:
        """The mean losses over ranks and images since the last row; what was summed starts anew."""
        assert self._sums is not None
        means = _rows(gather(self._sums / self._images), self._sums).mean(dim=0).tolist()
        self._sums, self._images = None, 0
        return dict(zip(self._names, means, strict=True))

    def state(self, gather: Gather) -> dict[str, Any]:
        """Names, images, and a row of sums a rank, as plain values and one tensor."""
        sums = None if self._sums is None else _rows(gather(self._sums), self._sums).cpu()
        return {"names": list(self._names), "images": self._images, "sums": sums}

    def load(self, state: Mapping[str, Any], rank: int, ranks: int) -> None:
        """Take a rank's sums up again; with other ranks than were saved, all get the mean."""
        sums = state["sums"]
        self._names, self._images = tuple(state["names"]), state["images"]
        self._sums = None if sums is None else (sums[rank] if ranks == len(sums) else sums.mean(dim=0)).clone()


def _rows(gathered: Any, own: Tensor) -> Tensor:
    """(ranks, terms), also where there is one rank and nothing was gathered."""
    return torch.as_tensor(gathered).reshape(-1, own.numel())
