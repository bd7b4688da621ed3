"""sRGB and CIE Lab (D65, 2 degrees) in plain numpy: planes of (3, H, W) Lab from (H, W, 3) uint8 and back.

The transfer curve is that of IEC 61966-2-1, the primaries those of ITU-R BT.709; the digits of the matrix and of the
white point are the ones that scikit-image uses.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_WHITE = np.array([0.95047, 1.0, 1.08883])
_RGB_TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
_TO_RELATIVE_XYZ = (_RGB_TO_XYZ / _WHITE[:, None]).astype(np.float32)  # of the white point's
_FROM_RELATIVE_XYZ = np.linalg.inv(_RGB_TO_XYZ / _WHITE[:, None]).astype(np.float32)
_KNEE = 6 / 29  # below t = (6/29)^3, the cube root goes over into a line

_level = np.arange(256) / 255
_LINEAR = np.where(_level <= 0.04045, _level / 12.92, ((_level + 0.055) / 1.055) ** 2.4).astype(np.float32)


def rgb_to_lab(rgb: NDArray[np.uint8]) -> Floats:
    """(H, W, 3) sRGB to (3, H, W): L in [0, 100], a and b in about [-110, 110]."""
    x, y, z = _root(_TO_RELATIVE_XYZ @ _linear(rgb)).reshape(3, *rgb.shape[:2])
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def rgb_to_lightness(rgb: NDArray[np.uint8]) -> Floats:
    """(H, W, 3) sRGB to (1, H, W): L alone, in [0, 100]."""
    lightness = 116 * _root(_TO_RELATIVE_XYZ[1:2] @ _linear(rgb)) - 16
    return lightness.reshape(1, *rgb.shape[:2])


def lab_to_rgb(lab: NDArray[Any]) -> NDArray[np.uint8]:
    """(3, H, W) Lab to (H, W, 3) sRGB of 8 bits, as `lab_to_srgb` gives it."""
    pixels = np.rint(lab_to_srgb(lab) * 255).astype(np.uint8)
    return np.ascontiguousarray(pixels.transpose(1, 2, 0))


def lab_to_srgb(lab: NDArray[Any]) -> Floats:
    """(3, H, W) Lab to (3, H, W) sRGB in [0, 1]; colours that sRGB does not have are clipped channel by channel."""
    lightness, a, b = np.asarray(lab, np.float32)
    y = (lightness + 16) / 116
    root = np.stack([y + a / 500, y, y - b / 200])
    relative = np.where(root > _KNEE, root**3, 3 * _KNEE**2 * (root - np.float32(4 / 29)))
    linear = np.clip(_FROM_RELATIVE_XYZ @ relative.reshape(3, -1), 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** np.float32(1 / 2.4) - 0.055)
    srgb: Floats = encoded.astype(np.float32, copy=False).reshape(3, *lightness.shape)
    return srgb


def _linear(rgb: NDArray[np.uint8]) -> Floats:
    """(H, W, 3) sRGB to (3, H * W) linear light in [0, 1]."""
    return np.take(_LINEAR, rgb.reshape(-1, 3).T)


def _root(relative: Floats) -> Floats:
    """CIE's f(t): the cube root, and below (6/29)^3 the line t / (3 (6/29)^2) + 4/29."""
    return np.where(relative > _KNEE**3, np.cbrt(relative), relative / (3 * _KNEE**2) + np.float32(4 / 29))
