"""Lab histograms and their intersections against scikit-image, numpy and known values."""

import numpy as np
import pytest
import torch
from skimage.color import rgb2lab
from torch import Tensor

from pix2pix.data.domains import LabAb, Rgb
from pix2pix.data.domains.domain import channels_last
from pix2pix.metrics.colour import BINS, LabHistogram, histogram_intersection, lab_histograms, lab_of_rgb

EDGES = np.arange(-BINS, BINS + 1, 2)


def pictures(count: int = 3) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    target = torch.rand(count, 3, 24, 32, generator=random)
    return (target * torch.tensor([1, 0.7, 0.9])[:, None, None]), target


def test_histograms_are_those_of_scikit_image_and_numpy() -> None:
    picture = (pictures()[1][0] * 255).round() / 255
    lab = rgb2lab(channels_last(picture.double().numpy()))
    found = lab_histograms(lab_of_rgb(picture))
    for channel, middle in enumerate((50, 0, 0)):
        expected, _ = np.histogram(lab[..., channel] - middle, EDGES)
        assert np.abs(found[channel].numpy() - expected).sum() <= 2  # a value on an edge may fall to either side


def test_every_grey_is_in_the_same_bin_of_a_and_b() -> None:
    greys = (torch.arange(256) / 255).expand(3, 1, 256)
    found = lab_histograms(lab_of_rgb(greys))
    assert found[1:, BINS // 2].tolist() == [256, 256]


def test_intersection_of_known_histograms() -> None:
    first = torch.tensor([[2.0, 2, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]])
    second = torch.tensor([[0.0, 1, 1, 0], [3, 3, 3, 3], [0, 0, 0, 5]])
    assert histogram_intersection(first, second).tolist() == [0.5, 1, 0]


def test_scores_of_a_set_are_those_of_all_its_pixels() -> None:
    predictions, targets = pictures()
    metric = LabHistogram(Rgb())
    metric.update(predictions[:2], targets[:2])
    metric.update(predictions[2:], targets[2:])
    both = [torch.cat(list(each.unbind()), dim=-1) for each in (predictions, targets)]  # side by side
    expected = histogram_intersection(*(lab_histograms(lab_of_rgb(picture)) for picture in both))
    found = metric.compute()
    assert list(found) == ["lab_l_intersection", "lab_a_intersection", "lab_b_intersection"]
    assert [value.item() for value in found.values()] == expected.tolist()
    assert all(value < 0.95 for value in found.values())


def test_a_and_b_of_a_target_in_lab_are_those_of_its_rgb() -> None:
    predictions, targets = ((pictures()[side] * 255).round() / 255 for side in (0, 1))
    rgb, ab = LabHistogram(Rgb()), LabHistogram(LabAb())
    rgb.update(predictions, targets)
    encoded = [
        torch.stack(
            [torch.tensor(LabAb().encode(channels_last((255 * picture).numpy().astype("uint8")))) for picture in each]
        )
        for each in (predictions, targets)
    ]
    ab.update(*((each + 1) / 2 for each in encoded))
    found = ab.compute()
    assert list(found) == ["lab_a_intersection", "lab_b_intersection"]
    for name, value in found.items():
        assert value.item() == pytest.approx(rgb.compute()[name].item(), abs=2e-3)


def test_only_pixels_that_count() -> None:
    predictions, targets = pictures(1)
    weights = torch.ones(1, 1, 24, 32)
    weights[..., 20:] = 0
    cut, weighted = LabHistogram(Rgb()), LabHistogram(Rgb())
    cut.update(predictions[..., :20], targets[..., :20])
    weighted.update(predictions, targets, weights)
    assert weighted.compute() == cut.compute()
    weighted.reset()
    weighted.update(predictions, targets, 0 * weights)
    assert all(value.isnan() for value in weighted.compute().values())
