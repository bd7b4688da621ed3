"""What all ranks must agree on while they train, known without any of them waiting for another."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


class Agreement:
    """The largest of the numbers that the ranks put in; each learns it when it puts in its next.

    The ranks have put in theirs by then, so nothing is waited for. It goes over the CPU, so that no GPU is waited for
    either. All ranks call the methods in the same order.
    """

    def __init__(self) -> None:
        self._group: Any = dist.new_group(backend="gloo")
        self._pending: tuple[dist.Work, Tensor] | None = None

    def put(self, value: int) -> int:
        """Put in a number; returns the largest of those put in before, 0 where there are none."""
        before = self.take()
        number = torch.tensor(value)
        work = dist.all_reduce(number, dist.ReduceOp.MAX, group=self._group, async_op=True)
        assert work is not None
        self._pending = work, number
        return before

    def take(self) -> int:
        """The largest of the numbers put in last, waiting for the other ranks; 0 where there are none."""
        if self._pending is None:
            return 0
        work, number = self._pending
        self._pending = None
        work.wait()
        return int(number)
