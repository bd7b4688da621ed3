"""FID against scipy's matrix root, torchmetrics and closed forms."""

import numpy as np
import pytest
import scipy.linalg
import torch
from tests.metrics.pooled import Pooled
from torch import Tensor
from torchmetrics.image.fid import FrechetInceptionDistance

from pix2pix.metrics.fid import Fid, frechet_distance, moments


def features(count: int, dimensions: int = 6, shift: float = 0.0) -> Tensor:
    random = torch.Generator().manual_seed(int(10 * shift) + 1)
    mixing = torch.randn(dimensions, dimensions, generator=random)
    return torch.randn(count, dimensions, generator=random) @ mixing + shift


def by_scipy(x: Tensor, y: Tensor) -> float:
    first, second = (np.cov(each.double().numpy(), rowvar=False) for each in (x, y))
    means = (x.double().mean(dim=0) - y.double().mean(dim=0)).square().sum().item()
    root = scipy.linalg.sqrtm(first @ second)
    return float(means + np.trace(first + second - 2 * root.real))


def test_is_that_of_scipys_matrix_root() -> None:
    x, y = features(50), features(40, shift=1.0)
    assert frechet_distance(moments(x), moments(y)).item() == pytest.approx(by_scipy(x, y), rel=1e-9)


def test_of_known_normal_distributions() -> None:
    corners = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])  # covariance 4/3, diagonal
    x, y = corners * torch.tensor([1, 2]), corners * torch.tensor([3, 5]) + torch.tensor([6, 8])
    # |m - m'|^2 = 100, and for diagonal covariances the sum of (s - s')^2
    assert frechet_distance(moments(x), moments(y)).item() == pytest.approx(100 + 4 / 3 * (2**2 + 3**2), rel=1e-12)


def test_fewer_pictures_than_features() -> None:
    x, y = features(5, 64), features(4, 64, shift=1.0)
    assert frechet_distance(moments(x), moments(x)).item() == pytest.approx(0, abs=1e-9)
    # tr (S S')^(1/2) is the sum of singular values of X' Y^T / sqrt((n - 1) (m - 1)), of centred samples
    centred = [each.double() - each.double().mean(dim=0) for each in (x, y)]
    common = torch.linalg.svdvals(centred[0] @ centred[1].T / (4 * 3) ** 0.5).sum()
    traces = sum((each.square().sum() / (len(each) - 1) for each in centred), torch.zeros(()))
    expected = (x.double().mean(dim=0) - y.double().mean(dim=0)).square().sum() + traces - 2 * common
    assert frechet_distance(moments(x), moments(y)).item() == pytest.approx(expected.item(), rel=1e-9)


def test_moments_of_a_far_mean_keep_their_digits() -> None:
    x, y = features(200).double() + 1000, features(200, shift=1.0).double() + 1000
    total = sum((moments(x[start : start + 7]) for start in range(0, 200, 7)), torch.zeros(()))
    assert frechet_distance(total, moments(y)).item() == pytest.approx(by_scipy(x, y), rel=1e-6)


def test_metric_is_torchmetrics() -> None:
    random = torch.Generator().manual_seed(0)
    predictions, targets = torch.rand(2, 40, 3, 8, 8, generator=random)
    theirs = FrechetInceptionDistance(Pooled(), input_img_size=(3, 8, 8), normalize=True).set_dtype(torch.float64)
    theirs.update(predictions, real=False)
    theirs.update(targets, real=True)
    ours = Fid(Pooled(), 12)
    ours.update(predictions[:15], targets[:15])
    ours.update(predictions[15:], targets[15:])
    assert ours.compute()["fid"].item() == pytest.approx(theirs.compute().item(), rel=1e-6)


def test_pixels_and_pictures_that_do_not_count() -> None:
    random = torch.Generator().manual_seed(0)
    predictions, targets = torch.rand(2, 6, 3, 8, 8, generator=random)
    weights = torch.ones(6, 1, 8, 8)
    weights[:, :, :5], weights[5] = 0, 0
    filled = torch.where(weights > 0, predictions, targets)
    ours, expected = Fid(Pooled(), 12), Fid(Pooled(), 12)
    ours.update(predictions, targets, weights)
    expected.update(filled[:5], targets[:5])
    assert ours.compute() == expected.compute()


def test_one_picture_has_no_covariance() -> None:
    ours = Fid(Pooled(), 12)
    ours.update(torch.rand(1, 3, 8, 8), torch.rand(1, 3, 8, 8))
    with pytest.raises(ValueError, match=r"at least 2 pictures; found 1"):
        ours.compute()
