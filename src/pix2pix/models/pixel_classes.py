"""What the classes of a pixel are, for each kind of target that can be classified, and how logits become a picture."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from pix2pix.data.domains import Domain, LabAb, Labels
from pix2pix.data.domains.ab_grid import REACH, SIDE, ab_candidates, ab_centres
from pix2pix.data.domains.photo import AB_LIMIT

NEIGHBOURS, SPREAD = 5, 5.0  # of the soft classes of a colour; the spread in units of a and b (Zhang et al. 2016)


class SoftClasses(NamedTuple):
    """The classes that each pixel is of, the likeliest first."""

    classes: Tensor  # (B, N, H, W), int64
    shares: Tensor | None  # (B, N, H, W), sums to 1 over N; None: N is 1


class PixelClasses(nn.Module):
    """A target domain as classes: `encode` for learning, `decode` for seeing."""

    count: int

    def encode(self, target: Tensor) -> SoftClasses:
        """The classes of a target (B, C', H, W) in [-1, 1]."""
        raise NotImplementedError

    def decode(self, logits: Tensor) -> Tensor:
        """Logits (B, K, H, W) to a picture (B, C', H, W) in [-1, 1], as the domain encodes it."""
        raise NotImplementedError


class LabelClasses(PixelClasses):
    """The classes of a label map: each pixel is of one; seen is the likeliest."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def encode(self, target: Tensor) -> SoftClasses:
        """The plane in which (B, K, H, W) is +1."""
        return SoftClasses(target.argmax(dim=1, keepdim=True), None)

    def decode(self, logits: Tensor) -> Tensor:
        """+1 in the plane of the largest logit (the first of equals), -1 in the others."""
        likeliest = logits.argmax(dim=1, keepdim=True)
        return torch.full_like(logits, -1.0).scatter(1, likeliest, 1.0)


class ColourClasses(PixelClasses):
    """The cells of `ab_grid`: a colour is of its five nearest, by a Gaussian of its distance; seen is an annealed mean.

    Args:
        temperature: T in (0, 1] of the annealed mean Σ_k c_k softmax(logits / T)_k, in which c_k is a cell's centre: at
            1 the mean of all colours, which is pale; towards 0 the likeliest alone, which is patchy.
    """

    centres: Tensor
    candidates: Tensor

    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature = temperature
        self.count = len(ab_centres())
        self.register_buffer("centres", torch.from_numpy(ab_centres()), persistent=False)  # (Q, 2)
        self.register_buffer("candidates", torch.from_numpy(ab_candidates(NEIGHBOURS)), persistent=False)

    def encode(self, target: Tensor) -> SoftClasses:
        """Of (B, 2, H, W) in [-1, 1] the five nearest classes, z ∝ exp(-distance² / 2 σ²)."""
        colours = target.permute(0, 2, 3, 1).float() * float(AB_LIMIT)  # (B, H, W, 2)
        cell = (colours / SIDE).round().long() + REACH
        candidates = self.candidates[cell[..., 0] * (2 * REACH + 1) + cell[..., 1]]  # (B, H, W, M)
        known = torch.cat([self.centres, self.centres.new_full((1, 2), torch.inf)])
        squared = (known[candidates] - colours[..., None, :]).square().sum(dim=-1)  # (B, H, W, M)
        nearest = squared.topk(NEIGHBOURS, dim=-1, largest=False)
        shares = torch.softmax(-nearest.values / (2 * SPREAD**2), dim=-1)
        classes = candidates.gather(-1, nearest.indices)
        return SoftClasses(classes.permute(0, 3, 1, 2), shares.permute(0, 3, 1, 2))

    def decode(self, logits: Tensor) -> Tensor:
        """The annealed mean, (B, 2, H, W); in float32 under autocast too."""
        with torch.autocast(logits.device.type, enabled=False):
            shares = torch.softmax(logits.float() / self.temperature, dim=1)
            return torch.einsum("bkhw,kc->bchw", shares, self.centres / float(AB_LIMIT)).clamp(-1, 1)


def classes_of(domain: Domain, temperature: float) -> PixelClasses:
    """The classes of a target domain. Raises ValueError for one that has none."""
    if isinstance(domain, Labels) and domain.encoding == "planes":
        return LabelClasses(domain.class_count)
    if isinstance(domain, LabAb):
        return ColourClasses(temperature)
    raise ValueError(f"a target of kind {domain.kind} has no classes")
