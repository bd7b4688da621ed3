"""Batch norm whose statistics are those of all ranks' pictures, on the processor too."""

from __future__ import annotations

import torch
import torch.distributed as dist
import torch.distributed.nn.functional as dist_functional
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
        own = torch.cat([values.sum((0, 2, 3)), values.square().sum((0, 2, 3)), values.new_tensor([x[:, 0].numel()])])
        sums, squares, count = torch.split(_sum_over_ranks(own), [x.shape[1], x.shape[1], 1])
        mean = sums / count
        variance = squares / count - mean.square()  # (C,), biased
        if self.track_running_stats:
            self._track(mean.detach(), variance.detach(), float(count))
        scale = self.weight * torch.rsqrt(variance + self.eps)
        normalised = values * scale[:, None, None] + (self.bias - mean * scale)[:, None, None]
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


def _sum_over_ranks(values: Tensor) -> Tensor:
    summed: Tensor = dist_functional.all_reduce(values)  # type: ignore[no-untyped-call]
    return summed  # its gradient is summed over the ranks too


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
