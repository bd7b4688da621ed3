"""The log spectrum against numpy's Fourier transform and known spectra."""

import numpy as np
import pytest
import skimage.filters
import torch
from numpy.typing import NDArray

from pix2pix.metrics.spectrum import ROUNDING_NOISE, log_spectrum, log_spectrum_distance


def gaussian(picture: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    blurred: NDArray[np.float64] = skimage.filters.gaussian(picture, sigma)
    return blurred


@pytest.mark.parametrize("size", [(32, 32), (24, 40), (33, 20)])
def test_is_numpys_ring_by_ring(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).random((3, *size))
    height, width = size
    grey = np.tensordot([0.299, 0.587, 0.114], picture, axes=1)
    window = np.outer(np.hanning(height + 1)[:-1], np.hanning(width + 1)[:-1])
    grey = grey - np.average(grey, weights=window)
    power = np.abs(np.fft.fft2(grey * window)) ** 2 / (window**2).sum()
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None]) * min(size)
    expected = []
    for ring in range(1, min(size) // 2 + 1):
        members = power[np.rint(radius) == ring]
        expected.append(10 * np.log10(members.mean() + ROUNDING_NOISE))
    assert log_spectrum(torch.tensor(picture)).tolist() == pytest.approx(expected, abs=1e-3)


def test_white_noise_has_its_variance_in_every_ring_but_the_lowest() -> None:
    random = torch.Generator().manual_seed(0)
    spectra = torch.stack([log_spectrum(torch.randn(1, 64, 64, generator=random) * 0.1) for _ in range(100)])
    powers = (10 ** (spectra / 10)).mean(dim=0)
    assert powers[1:].tolist() == pytest.approx([0.1**2] * 31, rel=0.1)


def test_a_wave_stands_in_its_ring() -> None:
    x = torch.arange(64) / 64
    wave = (0.5 + 0.4 * torch.cos(2 * torch.pi * 12 * x)).expand(1, 64, 64)
    assert log_spectrum(wave).argmax().item() == 12 - 1


def test_constant_pictures_are_at_the_floor_and_alike() -> None:
    dark, bright = torch.full((3, 32, 48), 0.1), torch.full((3, 32, 48), 0.9)
    assert log_spectrum_distance(dark, bright).item() == pytest.approx(0, abs=1e-3)
    assert log_spectrum(dark).tolist() == pytest.approx([10 * np.log10(ROUNDING_NOISE)] * 16, abs=1e-3)


@pytest.mark.parametrize("channels", [2, 12])
def test_what_one_channel_loses_and_another_gains_is_seen(channels: int) -> None:
    """Of a and b of Lab, or of classes in planes, the mean over channels may be the same everywhere."""
    wave = torch.rand(32, 32, generator=torch.Generator().manual_seed(0)) / 2
    opposed = torch.full((channels, 32, 32), 0.5)
    opposed[0] += wave
    opposed[1] -= wave
    assert log_spectrum_distance(torch.full_like(opposed, 0.5), opposed) > 10
    powers = torch.stack([10 ** (log_spectrum(plane[None]) / 10) for plane in opposed]).mean(0)
    assert torch.allclose(log_spectrum(opposed), 10 * powers.log10(), atol=1e-3)


def test_a_decade_of_power_is_ten_decibels() -> None:
    target = torch.rand(1, 64, 64, generator=torch.Generator().manual_seed(0))
    assert log_spectrum_distance(target * 10**-0.5, target).item() == pytest.approx(10, abs=0.02)


def test_blur_and_noise_both_grow_and_place_does_not_matter() -> None:
    random = np.random.default_rng(0)
    target = gaussian(random.random((64, 64)), 0.7)

    def distance(prediction: NDArray[np.float64]) -> float:
        return log_spectrum_distance(torch.tensor(prediction)[None], torch.tensor(target)[None]).item()

    blurred = [distance(gaussian(target, sigma)) for sigma in (0.5, 1, 2)]
    noisy = [distance(target + sigma * random.standard_normal(target.shape)) for sigma in (0.05, 0.1, 0.2)]
    assert 1 < blurred[0] < blurred[1] < blurred[2]
    assert 1 < noisy[0] < noisy[1] < noisy[2]
    other_texture = gaussian(random.random((64, 64)), 0.7)
    assert distance(other_texture) < min(blurred[1], noisy[1])  # alike in kind, though different in every pixel
    assert distance(target) == 0


def test_pixels_that_do_not_count() -> None:
    target = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(0))
    weight = torch.ones(1, 32, 32)
    weight[:, 8:20] = 0
    prediction = target.clone()
    prediction[:, 8:20] = 0
    assert log_spectrum_distance(prediction, target) > 1
    assert log_spectrum_distance(prediction, target, weight) == 0
