"""How alike the colours of translations and targets are as sets: intersections of histograms in CIE Lab."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from pix2pix.data.domains import Domain, LabAb
from pix2pix.data.domains.domain import channels_last
from pix2pix.data.domains.photo import AB_LIMIT
from pix2pix.metrics.additive import SetMetric
from pix2pix.pictures.lab import rgb_to_lab

BIN_WIDTH = 2
BINS = 111  # of a and b from -111 to 111; 0 lies in the middle of a bin, or rounding would toss greys between two
_MIDDLE_LIGHTNESS = 50  # L - 50 is counted in the same bins


def lab_of_rgb(picture: Tensor) -> Tensor:
    """sRGB (3, H, W) in [0, 1], rounded to 8 bits, to L in [0, 100], a and b (3, H, W)."""
    levels = channels_last((picture.detach().cpu().float().numpy() * 255).round().clip(0, 255).astype(np.uint8))
    return torch.from_numpy(rgb_to_lab(levels))


def lab_histograms(lab: Tensor, weight: Tensor | None = None) -> Tensor:
    """Pixels in each bin of L, a and b, or of a and b alone: (3, H, W) or (2, H, W) to float64 (3 or 2, BINS).

    Args:
        lab: L in [0, 100], a and b in [-110, 110]. L - 50 takes the place of L, so all have the same bins.
        weight: (1, H, W), what each pixel counts.
    """
    planes = lab.cpu().double()
    if len(planes) == 3:
        planes = planes - torch.tensor([_MIDDLE_LIGHTNESS, 0, 0], dtype=torch.float64)[:, None, None]
    bins = ((planes / BIN_WIDTH).round() + BINS // 2).clamp(0, BINS - 1).long()
    amounts = torch.ones_like(planes[0]) if weight is None else weight[0].cpu().double()
    return torch.stack([torch.bincount(plane.flatten(), amounts.flatten(), minlength=BINS) for plane in bins])


def histogram_intersection(first: Tensor, second: Tensor) -> Tensor:
    """Sum over bins of the smaller share: (..., bins) counts each to (...) in [0, 1]; 1 where they are the same."""
    shares = [counts / counts.sum(dim=-1, keepdim=True) for counts in (first, second)]
    return torch.minimum(*shares).sum(dim=-1)


class LabHistogram(SetMetric):
    """Intersection of the histograms of a set's translations and targets, for L, a and b each; higher is better.

    As in the paper's figure on colour: 111 bins of width 2 from -111 to 111 for a and b, and the same for L - 50; every
    pixel of the set counts alike. A contribution is the counts (translation and target, channels, bins).

    Args:
        target_domain: `Rgb`, or `LabAb`, whose pictures have no L.
    """

    def __init__(self, target_domain: Domain, **arguments: Any) -> None:
        self.channels = "ab" if isinstance(target_domain, LabAb) else "lab"
        super().__init__((2, len(self.channels), BINS), **arguments)

    def contribution(self, prediction: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        """Counts of the bins, float64 (2, channels, BINS)."""
        counts = [lab_histograms(self._in_lab(picture), weight) for picture in (prediction, target)]
        return torch.stack(counts).to(self.total.device)

    def values(self, total: Tensor) -> dict[str, Tensor]:
        """`lab_l_intersection` (where there is L), `lab_a_intersection`, `lab_b_intersection`."""
        intersections = histogram_intersection(*total)
        return {f"lab_{name}_intersection": value for name, value in zip(self.channels, intersections, strict=True)}

    def _in_lab(self, picture: Tensor) -> Tensor:
        return lab_of_rgb(picture) if self.channels == "lab" else (2 * picture - 1) * float(AB_LIMIT)
