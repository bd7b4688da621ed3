"""Batch norm whose statistics are those of all ranks' pictures, on the processor too."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn


class ProcessorSyncBatchNorm2d(nn.BatchNorm2d):
    """Synchronised batch norm in plain PyTorch: `torch.nn.SyncBatchNorm` has no kernel for the processor.

    Out of training, or where there is one rank, it is the ordinary batch norm.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, H, W)."""
        if not self.training or not dist.is_initialized() or dist.get_world_size() == 1:
            return super().forward(x)
        values = x.float()
        own = torch.cat([values.sum((0, 2, 3)), values.new_tensor([x[:, 0].numel()])])
        sums, count = torch.split(_sum_over_ranks(own), [x.shape[1], 1])
        mean = sums / count
        # Not mean(x²) - mean(x)², which cancels where a channel's mean is large.
        centred = values - mean[:, None, None]
        variance = _sum_over_ranks(centred.square().sum((0, 2, 3))) / count  # (C,), biased
        if self.track_running_stats:
            self._track(mean.detach(), variance.detach(), count.item())
        scale = self.weight * torch.rsqrt(variance + self.eps)
        normalised = centred * scale[:, None, None] + self.bias[:, None, None]
        return normalised.to(x.dtype)

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor, count: float) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * count / max(count - 1, 1), self.momentum)  # unbiased, as PyTorch keeps it


class _SumOverRanks(torch.autograd.Function):
    """A sum that every rank uses, so its gradient is the sum of what all ranks send back."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return _reduced(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _reduced(gradient)


def _reduced(values: Tensor) -> Tensor:
    summed = values.clone(memory_format=torch.contiguous_format)
    dist.all_reduce(summed)
    return summed


def _sum_over_ranks(values: Tensor) -> Tensor:
    summed: Tensor = _SumOverRanks.apply(values)
    return summed


def synchronise_batch_norm(network: nn.Module, *, on_cpu: bool) -> None:
    """Replace every batch norm inside a network by one that is synchronised over the ranks, weights and all."""
    if not on_cpu:
        nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        return
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.BatchNorm2d:
                synchronised = ProcessorSyncBatchNorm2d(child.num_features, child.eps, child.momentum)
                synchronised.load_state_dict(child.state_dict())
                setattr(parent, name, synchronised)
