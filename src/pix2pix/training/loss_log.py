"""Losses between two rows of the log: summed as tensors, since asking a GPU for a number makes it wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

LOOK_EVERY = 50  # steps

Gather = Callable[[Tensor], Tensor | Any]


class NonFiniteLossError(RuntimeError):
    """A loss became NaN or infinite. The networks are spoilt; the last checkpoint is not."""


class LossLog:
    """Mean losses over every `every_images` images, and a watch for those that are not finite.

    A step's losses are looked at when the next one begins, on a GPU up to LOOK_EVERY steps later: asking it after each
    would keep it from being given work ahead. Whoever needs to know now asks `check_finite`.
    """

    def __init__(self, every_images: int) -> None:
        self.every_images = every_images
        self._names: tuple[str, ...] = ()
        self._sums: Tensor | None = None  # (terms,), weighted by images
        self._images = 0  # that the sums hold
        self._last: tuple[Tensor, Sequence[str]] | None = None  # of the last step: (terms,), names of pictures
        self._unseen: list[tuple[Tensor, Sequence[str]]] = []  # of all steps that are not looked at

    def add(self, terms: Mapping[str, Tensor], pictures: Sequence[str], images: int, images_seen: int) -> bool:
        """Add one step's losses; True where a row is due.

        `images` and `images_seen`, which includes them, count those of all ranks; `pictures` names this rank's.
        """
        self._names = tuple(terms)
        losses = torch.stack([value.float() for value in terms.values()])
        self._last = losses, pictures
        self._unseen.append(self._last)
        # To the device: sums that were loaded are on the CPU.
        before = torch.zeros_like(losses) if self._sums is None else self._sums.to(losses.device)
        self._sums = torch.add(before, losses, alpha=images)
        self._images += images
        return images_seen // self.every_images > (images_seen - images) // self.every_images

    def look(self) -> None:
        """As `check_finite`, where it costs nothing or has not been done for long."""
        if self._last is not None and (self._last[0].device.type == "cpu" or len(self._unseen) >= LOOK_EVERY):
            self.check_finite()

    def check_finite(self, weights: Iterable[Tensor] = ()) -> None:
        """Raises NonFiniteLossError where a step's losses, or the weights that the last one made, are not numbers."""
        if self._last is None:
            return
        steps = self._unseen or [self._last]
        finite = torch.stack([losses for losses, _ in steps]).isfinite().all(dim=1).tolist()
        if not all(finite):
            found, (losses, pictures) = "the losses are not finite", steps[finite.index(False)]
        elif not all(bool(each.isfinite().all()) for each in weights):
            found = "the losses are finite, but the step that they led to made weights that are not"
            losses, pictures = self._last
        else:
            self._unseen.clear()
            return
        listed = ", ".join(f"{name} {value:g}" for name, value in zip(self._names, losses.tolist(), strict=True))
        raise NonFiniteLossError(
            f"{found}: {listed}. The batch was: {', '.join(pictures)}. The last checkpoint is from before."
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
