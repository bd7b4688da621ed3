"""Colours and labels as classes: the nearest cells by a k-d tree, the annealed mean by its closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from pix2pix.data.domains import LabAb, Labels, Rgb
from pix2pix.data.domains.ab_grid import ab_centres
from pix2pix.models.pixel_classes import ColourClasses, LabelClasses, classes_of


def encoded(colours: np.ndarray) -> torch.Tensor:
    """(N, 2), a and b, as a picture (1, 2, 1, N) in [-1, 1]."""
    return torch.from_numpy((colours / 110).astype(np.float32).T[None, :, None].copy())


def test_a_colour_is_of_its_five_nearest_cells_by_a_gaussian_of_the_distance() -> None:
    colours = np.random.default_rng(0).uniform(-109, 109, (5000, 2)).astype(np.float32)
    classes, shares = ColourClasses(0.38).encode(encoded(colours))
    assert shares is not None
    assert classes.shape == shares.shape == (1, 5, 1, 5000)
    distance, nearest = cKDTree(ab_centres()).query(colours, 5)
    gaussian = np.exp(-(distance**2 - distance[:, :1] ** 2) / (2 * 5.0**2))
    expected = gaussian / gaussian.sum(axis=1, keepdims=True)
    assert np.array_equal(classes[0, :, 0].numpy().T, nearest)
    assert np.abs(shares[0, :, 0].numpy().T - expected).max() < 1e-5


def test_the_limits_of_the_range_have_classes_too() -> None:
    corners = torch.tensor([[-1.0, 1.0, -1.0, 1.0], [-1.0, -1.0, 1.0, 1.0]])[None, :, None]
    classes, shares = ColourClasses(0.38).encode(corners)
    assert shares is not None
    assert shares.sum(dim=1).flatten().tolist() == pytest.approx([1] * 4)
    assert all(len(set(column.tolist())) == 5 for column in classes[0, :, 0].T)


def test_the_annealed_mean_of_two_colours_is_a_logistic_function_of_their_logits() -> None:
    """Σ c_k p_k^(1/T) / Σ p_k^(1/T): with two colours the first has the share 1 / (1 + (p_2 / p_1)^(1/T))."""
    for temperature in (0.1, 0.38, 1.0):
        classes = ColourClasses(temperature)
        logits = torch.full((1, classes.count, 1, 1), -1e4)
        logits[0, 10], logits[0, 200] = 1.3, 0.9
        share = 1 / (1 + np.exp((0.9 - 1.3) / temperature))
        expected = (share * ab_centres()[10] + (1 - share) * ab_centres()[200]) / 110
        assert classes.decode(logits).flatten().tolist() == pytest.approx(expected.tolist(), abs=1e-6)


def test_of_soft_classes_the_mean_is_near_the_colour_and_the_annealed_mean_nearer_to_a_cell() -> None:
    # Of the middle of the gamut, and of the middle of each cell.
    rng = np.random.default_rng(0)
    colours = (rng.integers(-2, 3, (500, 2)) * 10 + rng.uniform(-4.5, 4.5, (500, 2))).astype(np.float32)
    classes, shares = ColourClasses(1.0).encode(encoded(colours))
    assert shares is not None
    logits = torch.full((1, len(ab_centres()), 1, 500), -1e4).scatter(1, classes, shares.log())
    mean, mode = (ColourClasses(t).decode(logits)[0, :, 0].numpy().T * 110 for t in (1.0, 1e-3))
    assert np.abs(mean - colours).max() < 5
    assert np.abs(mode - np.rint(colours / 10) * 10).max() < 0.1


def test_colours_are_decoded_in_float32_under_autocast() -> None:
    logits = torch.randn(1, 261, 4, 4, generator=torch.Generator().manual_seed(0)) * 3
    classes = ColourClasses(0.38)
    with torch.autocast("cpu", torch.bfloat16):
        decoded = classes.decode(logits)
    assert torch.equal(decoded, classes.decode(logits))
    assert decoded.dtype == torch.float32


def test_labels_are_encoded_as_their_domain_does_and_back() -> None:
    domain = Labels(palette=((0, 0, 0), (255, 0, 0), (0, 0, 255)))
    indices = np.random.default_rng(0).integers(0, 3, (6, 5, 1), dtype=np.uint8)
    target = torch.from_numpy(domain.encode(indices))[None]
    labels = classes_of(domain, 0.38)
    assert isinstance(labels, LabelClasses)
    classes, shares = labels.encode(target)
    assert shares is None
    assert np.array_equal(classes[0, 0].numpy(), indices[..., 0])
    logits = torch.randn(1, 3, 6, 5) + 100 * target
    assert torch.equal(labels.decode(logits), target)
    assert labels.decode(torch.zeros(1, 3, 1, 1)).flatten().tolist() == [1, -1, -1]  # of equals the first


def test_what_has_classes() -> None:
    assert classes_of(Labels(classes=7), 0.38).count == 7
    colours = classes_of(LabAb(), 0.2)
    assert isinstance(colours, ColourClasses)
    assert (colours.count, colours.temperature) == (261, 0.2)
    with pytest.raises(ValueError, match="a target of kind rgb has no classes"):
        classes_of(Rgb(), 0.38)
