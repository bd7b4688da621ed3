"""MS-SSIM against scikit-image's SSIM at each scale."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from skimage.metrics import structural_similarity
from torch import Tensor

from pix2pix.metrics.ms_ssim import ms_ssim

Plane = NDArray[np.float64]
EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # as Wang et al. 2003 measured them


def pictures(height: int, width: int, channels: int = 3, noise: float = 0.2) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, channels, height // 8, width // 8, generator=random)
    target = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")[0].clamp(0, 1)
    return (target + noise * torch.randn(target.shape, generator=random)).clamp(0, 1), target


def similarity(x: Plane, y: Plane, **constants: float) -> float:
    value: float = structural_similarity(
        x, y, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, **constants
    )
    return value


def halved(plane: Plane) -> Plane:
    """Means over 2 x 2 pixels, at an odd end over those there are."""
    sums = np.add.reduceat(np.add.reduceat(plane, range(0, plane.shape[0], 2), 0), range(0, plane.shape[1], 2), 1)
    counts = np.add.reduceat(
        np.add.reduceat(np.ones_like(plane), range(0, plane.shape[0], 2), 0), range(0, plane.shape[1], 2), 1
    )
    quotient: Plane = sums / counts
    return quotient


def written_out(prediction: Tensor, target: Tensor) -> float:
    values = []
    for x, y in zip(prediction.double().numpy(), target.double().numpy(), strict=True):
        value = 1.0
        for exponent in EXPONENTS[:-1]:
            value *= max(similarity(x, y, K1=1e6), 0) ** exponent  # so large that the luminance's term is 1
            x, y = halved(x), halved(y)
        values.append(value * max(similarity(x, y), 0) ** EXPONENTS[-1])
    return float(np.mean(values))


@pytest.mark.parametrize(("height", "width", "channels"), [(176, 192, 3), (161, 175, 1)])
def test_is_scikit_images_over_scales(height: int, width: int, channels: int) -> None:
    prediction, target = pictures(height, width, channels)
    expected = written_out(prediction, target)
    assert 0.3 < expected < 0.95
    assert ms_ssim(prediction, target).item() == pytest.approx(expected, abs=2e-6)


def test_known_values() -> None:
    _, target = pictures(176, 176)
    assert ms_ssim(target, target).item() == pytest.approx(1)
    assert ms_ssim(1 - target, target).item() == 0  # structure upside down


def test_smaller_pictures_are_said_not_to_apply() -> None:
    with pytest.raises(ValueError, match=r"does not apply: .* at least 161 pixels a side, and a picture is 160 x 200"):
        ms_ssim(*pictures(160, 200))


def test_does_not_see_pixels_that_do_not_count() -> None:
    prediction, target = pictures(176, 176)
    weight = torch.ones(1, 176, 176)
    weight[:, 60:120] = 0
    kept = ms_ssim(prediction, target, weight)
    prediction[:, 60:120] = 0
    assert torch.equal(ms_ssim(prediction, target, weight), kept)
    assert kept > ms_ssim(prediction, target)
