"""Encoded pairs as pictures for people: uint8 RGB, whatever the domains hold."""

from __future__ import annotations

import colorsys
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pix2pix.data.domains.domain import Domain, channels_last
from pix2pix.data.domains.labels import Colour, Labels
from pix2pix.data.domains.photo import AB_LIMIT, LabAb, LabL
from pix2pix.pictures.array import Array
from pix2pix.pictures.lab import lab_to_rgb, rgb_to_lightness

Picture = NDArray[np.uint8]  # (H, W, 3)
_GOLDEN = 0.618034  # steps of this share of the colour circle keep neighbouring hues apart
_FLAT_LIGHTNESS = 65.0  # for a and b with no other side to take L from


def view_pair(source_domain: Domain, target_domain: Domain, source: Array, target: Array) -> tuple[Picture, Picture]:
    """Encoded (C, H, W) source and target, real or translated, as uint8 (H, W, 3) each.

    RGB, grey and labels show their colours (classes without a palette get some); raw shows its range from black to
    white, 2 channels as magenta and green, more by the first three. The colours a and b of Lab take their lightness
    from the other side.
    """
    return view(source_domain, source, target_domain, target), view(target_domain, target, source_domain, source)


def view_translation(
    source_domain: Domain, target_domain: Domain, source: Array, translation: Array, target: Array
) -> tuple[Picture, Picture, Picture]:
    """Encoded (C, H, W) source, translation and target, as `view_pair` shows each beside the source."""
    source_view, target_view = view_pair(source_domain, target_domain, source, target)
    return source_view, view(target_domain, translation, source_domain, source), target_view


def view(domain: Domain, encoded: Array, other_domain: Domain, other: Array) -> Picture:
    """One side of a pair as `view_pair` shows it beside the other."""
    if isinstance(domain, LabAb):
        ab = np.asarray(encoded, np.float32).clip(-1, 1) * AB_LIMIT
        return lab_to_rgb(np.concatenate([_lightness(other_domain, other), ab]))
    return _view_alone(domain, encoded)


def _lightness(domain: Domain, encoded: Array) -> Array:
    """(1, H, W), in [0, 100]."""
    if isinstance(domain, LabL):
        return (np.asarray(encoded, np.float32).clip(-1, 1) + 1) * 50
    if isinstance(domain, LabAb):
        return np.full((1, *encoded.shape[1:]), _FLAT_LIGHTNESS, np.float32)
    return rgb_to_lightness(_view_alone(domain, encoded))


def _view_alone(domain: Domain, encoded: Array) -> Picture:
    if isinstance(domain, LabL):
        lightness = _lightness(domain, encoded)
        return lab_to_rgb(np.concatenate([lightness, np.zeros_like(lightness), np.zeros_like(lightness)]))
    if isinstance(domain, Labels):
        return np.array(view_palette(domain), np.uint8)[domain.nearest(np.asarray(encoded))]
    levels = np.rint((np.asarray(encoded, np.float32).clip(-1, 1) + 1) * 127.5).astype(np.uint8)
    shown = {1: [0, 0, 0], 2: [0, 1, 0]}.get(len(levels), [0, 1, 2])  # which channel is red, green, blue
    return channels_last(levels[shown])


def view_palette(domain: Labels) -> tuple[Colour, ...]:
    """The colour that each class is shown in: the palette's, or distinct ones where there is none."""
    return domain.palette or _distinct_colours(domain.class_count)


@lru_cache(maxsize=8)
def _distinct_colours(count: int) -> tuple[Colour, ...]:
    """Class 0 is black, as backgrounds are; the others go round the colour circle, bright and less bright by turns."""
    bright = [colorsys.hsv_to_rgb(index * _GOLDEN % 1, 0.7, 0.95 if index % 2 else 0.7) for index in range(count - 1)]
    return ((0, 0, 0), *((round(255 * r), round(255 * g), round(255 * b)) for r, g, b in bright))
