"""The scores of a validation, together: over all pictures of all ranks, on [0, 1] and in the target's unit."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from pix2pix.data.domains import Domain
from pix2pix.data.pairs import Batch
from pix2pix.metrics.image import SSIM_WINDOW, PictureMean, l1, psnr, rmse, ssim
from pix2pix.metrics.spectrum import log_spectrum_distance


class Scores(nn.Module):
    """PSNR (dB), SSIM, L1 and the distance of log power spectra (dB), and for a target with a unit the RMSE in it.

    Each is a mean over pictures; an empty name marks a sample that does not count. SSIM leaves out pictures that
    are smaller than its window, and is NaN where all are.
    """

    def __init__(self, target_domain: Domain) -> None:
        super().__init__()
        self.domain = target_domain  # a range still to be measured is set before the first update
        self._metrics = nn.ModuleDict(
            {
                "psnr": PictureMean(psnr),
                "ssim": PictureMean(ssim),
                "l1": PictureMean(l1),
                "log_spectrum_distance": PictureMean(log_spectrum_distance),
            }
        )
        self._rmse = PictureMean(rmse) if target_domain.unit is not None else None
        self.pictures = 0  # that were added on this rank

    def update(self, translated: Tensor, batch: Batch) -> None:
        """Add translations (B, C, H, W) in [-1, 1] of a batch; in float32, also where autocast is on.

        SSIM is made of differences between large sums, of which bfloat16 leaves nothing.
        """
        with torch.autocast(translated.device.type, enabled=False):
            self._update(translated.float(), batch)

    def _update(self, translated: Tensor, batch: Batch) -> None:
        counted = [index for index, name in enumerate(batch.names) if name]
        if not counted:
            return
        self.pictures += len(counted)
        weight = None if batch.weight is None else batch.weight[counted]
        translated, target = translated[counted], batch.target[counted]
        for name, metric in self._metrics.items():
            assert isinstance(metric, Metric)
            if name == "ssim" and min(target.shape[-2:]) < SSIM_WINDOW:
                continue
            metric.update((translated + 1) / 2, (target + 1) / 2, weight)
        if self._rmse is not None:
            measured = self._in_unit(target) if batch.in_unit is None else batch.in_unit[counted].cpu()
            self._rmse.update(self._in_unit(translated), measured, None if weight is None else weight.cpu())

    def compute(self) -> Mapping[str, float]:
        """Name → mean. Every rank must call it."""
        scores = {name: float(metric.compute()) for name, metric in self._metrics.items()}  # type: ignore[operator]
        if self._rmse is not None:
            scores["rmse"] = float(self._rmse.compute())
        return scores

    def reset(self) -> None:
        """Forget all pictures."""
        self.pictures = 0
        for metric in (*self._metrics.values(), self._rmse):
            if isinstance(metric, Metric):
                metric.reset()

    def _in_unit(self, encoded: Tensor) -> Tensor:
        """(B, C, H, W) in [-1, 1] → in the target's unit."""
        decoded = [self.domain.decode(picture) for picture in encoded.cpu().numpy()]  # (H, W, C) each
        return torch.stack([torch.from_numpy(picture.astype("float32")) for picture in decoded]).permute(0, 3, 1, 2)
