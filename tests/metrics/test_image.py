"""The picture scores against scikit-image and closed forms; their mean over pictures."""

import numpy as np
import pytest
import torch
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from pix2pix.metrics.image import PictureMean, Score, l1, psnr, rmse, ssim


def pictures(height: int = 40, width: int = 56, channels: int = 3) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    target = torch.rand(channels, height, width, generator=random)
    return (target + 0.1 * torch.randn(target.shape, generator=random)).clamp(0, 1), target


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_psnr_is_scikit_images(channels: int) -> None:
    prediction, target = pictures(channels=channels)
    expected = peak_signal_noise_ratio(target.numpy(), prediction.numpy(), data_range=1.0)
    assert psnr(prediction, target).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize("size", [(40, 56), (11, 11)])
def test_ssim_is_scikit_images_with_reflected_borders(channels: int, size: tuple[int, int]) -> None:
    prediction, target = pictures(*size, channels)
    around = ((0, 0), (5, 5), (5, 5))  # half the window, which scikit-image leaves out of its mean
    expected = structural_similarity(
        np.pad(target.double().numpy(), around, mode="reflect"),
        np.pad(prediction.double().numpy(), around, mode="reflect"),
        data_range=1.0,
        channel_axis=0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(prediction, target).item() == pytest.approx(expected, abs=1e-5)


def test_ssim_of_pictures_smaller_than_its_window() -> None:
    with pytest.raises(ValueError, match=r"11 x 11 pixels, and a picture is only 10 x 40"):
        ssim(*pictures(10, 40))


def test_rmse_and_l1_in_a_unit() -> None:
    prediction, target = pictures(channels=1)
    hounsfield = 4095 * prediction - 1024, 4095 * target - 1024
    expected = np.sqrt(mean_squared_error(hounsfield[0].numpy(), hounsfield[1].numpy()))
    assert rmse(*hounsfield).item() == pytest.approx(expected, rel=1e-5)
    assert rmse(prediction, target, scale=4095).item() == pytest.approx(expected, rel=1e-5)
    assert l1(*hounsfield).item() == pytest.approx(np.abs((hounsfield[0] - hounsfield[1]).numpy()).mean(), rel=1e-5)


def test_known_values() -> None:
    target = torch.full((3, 16, 16), 0.25)
    assert l1(target + 0.1, target).item() == pytest.approx(0.1)
    assert rmse(target + 0.1, target, scale=50).item() == pytest.approx(5)
    assert psnr(target + 0.1, target).item() == pytest.approx(20, rel=1e-5)
    assert psnr(target, target).item() == pytest.approx(100)
    assert ssim(target, target).item() == pytest.approx(1)


@pytest.mark.parametrize("score", [l1, rmse, psnr])
def test_only_pixels_that_count(score: Score) -> None:
    prediction, target = pictures()
    weight = torch.ones(1, 40, 56)
    weight[:, :, 30:] = 0
    expected = score(prediction[:, :, :30], target[:, :, :30], None)
    prediction[:, :, 30:] = 1e3
    assert torch.allclose(score(prediction, target, weight), expected, rtol=1e-4)


def test_ssim_does_not_see_pixels_that_do_not_count() -> None:
    prediction, target = pictures()
    weight = torch.ones(1, 40, 56)
    weight[:, :, 30:] = 0
    kept = ssim(prediction, target, weight)
    prediction[:, :, 30:] = 0
    assert torch.equal(ssim(prediction, target, weight), kept)
    assert kept > ssim(prediction, target)


def test_mean_counts_pictures_not_batches() -> None:
    target = torch.zeros(3, 1, 4, 4)
    prediction = torch.tensor([1.0, 2.0, 6.0])[:, None, None, None].expand(3, 1, 4, 4)
    mean = PictureMean(l1)
    mean.update(prediction[:2], target[:2])
    mean.update(prediction[2:], target[2:])
    assert mean.compute().item() == pytest.approx(3)
    mean.reset()
    mean.update(prediction[1:2], target[1:2])
    assert mean.compute().item() == pytest.approx(2)


def test_mean_leaves_out_pictures_without_counted_pixels() -> None:
    target, weight = torch.zeros(2, 1, 4, 4), torch.ones(2, 1, 4, 4)
    weight[1] = 0
    mean = PictureMean(l1)
    mean.update(target + 2, target, weight)
    assert mean.compute().item() == pytest.approx(2)
    mean.reset()
    mean.update(target[1:], target[1:], weight[1:])
    assert mean.compute().isnan()
