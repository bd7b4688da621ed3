"""The catalogue: what it says of each metric is so."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torchmetrics import Metric

from pix2pix.data.domains import Domain, Grey, LabAb, Labels, LabL, Raw, Rgb
from pix2pix.metrics.additive import SetMetric
from pix2pix.metrics.catalogue import PICTURE_METRICS, SET_METRICS, Entry

HOUNSFIELD = Raw(range=(-1024, 3071), unit="HU")
PICTURES = ["psnr", "ssim", "ms_ssim", "l1", "log_spectrum_distance"]


@pytest.mark.parametrize(
    ("target", "names"),
    [
        (Rgb(), [*PICTURES, "lpips", "lab_histogram", "fid", "kid"]),
        (Grey(), [*PICTURES, "lpips", "fid", "kid"]),
        (LabAb(), [*PICTURES, "lab_histogram"]),
        (LabL(), PICTURES),
        (Labels(classes=4), [*PICTURES, "label_scores"]),
        (HOUNSFIELD, ["psnr", "ssim", "ms_ssim", "l1", "rmse", "log_spectrum_distance"]),
    ],
)
def test_what_applies_to_a_target(target: Domain, names: list[str]) -> None:
    entries: dict[str, Entry] = {**PICTURE_METRICS, **SET_METRICS}
    assert [name for name, entry in entries.items() if entry.applies(target)] == names


def pictures(side: int) -> tuple[Tensor, Tensor, Tensor]:
    """Predictions near their targets, others further off, and the targets."""
    random = torch.Generator().manual_seed(0)
    targets = torch.rand(4, 3, side, side, generator=random)
    noise = 0.35 + 0.3 * torch.rand(targets.shape, generator=random)
    return torch.lerp(targets, noise, 0.2), torch.lerp(targets, noise, 0.8), targets


@pytest.mark.parametrize("name", [name for name, entry in PICTURE_METRICS.items() if entry.weights is None])
def test_better_and_shortest_side_of_a_picture_metric(name: str) -> None:
    entry = PICTURE_METRICS[name]
    near, far, targets = pictures(max(entry.shortest_side, 8))
    worth = [float(entry.function(each[0], targets[0], None)) for each in (far, near, targets)]
    assert worth == sorted(worth, reverse=entry.better == "lower")
    assert len(set(worth)) == 3
    if entry.shortest_side > 8:
        with pytest.raises(ValueError, match=r"pixels"):
            entry.function(near[0, :, 1:], targets[0, :, 1:], None)


@pytest.mark.parametrize("name", [name for name, entry in SET_METRICS.items() if entry.weights is None])
def test_better_and_names_of_a_set_metric(name: str) -> None:
    entry = SET_METRICS[name]
    target = next(each for each in (Rgb(), Labels(classes=3)) if entry.applies(each))
    near, far, targets = pictures(16)

    def scores(predictions: Tensor) -> dict[str, float]:
        metric: Metric = entry.make(target, None)
        assert isinstance(metric, SetMetric) == entry.small
        metric.update(predictions, targets)
        return {score: float(value) for score, value in metric.compute().items()}

    worth = [scores(each) for each in (far, near, targets)]
    assert tuple(worth[0]) == entry.names
    for score in entry.names:
        assert (worth[0][score] < worth[1][score] < worth[2][score]) == (entry.better == "higher")


def test_refusals(tmp_path: Path) -> None:
    assert PICTURE_METRICS["ms_ssim"].refusal(10, 161, 300) is None
    refused = PICTURE_METRICS["ms_ssim"].refusal(10, 300, 160)
    assert refused == "needs pictures of at least 161 pixels a side; these have 300 x 160 (height x width)"
    assert SET_METRICS["fid"].refusal(1, 256, 256) == "needs at least 2 pictures; there are 1"
    for entry in (SET_METRICS["fid"], SET_METRICS["kid"], PICTURE_METRICS["lpips"]):
        assert entry.weights is not None
        assert not entry.unasked
        told = entry.refusal(10, 256, 256, tmp_path)
        assert told is not None
        assert str(tmp_path / entry.weights.name) in told
