"""Domains: what the numbers of one side of a pair mean, and how they map to [-1, 1] and back.

This is the public surface; the files beside it are read through it.
"""

from pix2pix.data.domains.domain import Domain, Interpolation, Prepared
from pix2pix.data.domains.labels import Labels
from pix2pix.data.domains.photo import Grey, LabAb, LabL, Rgb
from pix2pix.data.domains.raw import Raw, measure_range
from pix2pix.data.domains.registry import KINDS, domain_from_dict
from pix2pix.data.domains.view import view, view_pair, view_palette, view_translation

__all__ = [
    "KINDS",
    "Domain",
    "Grey",
    "Interpolation",
    "LabAb",
    "LabL",
    "Labels",
    "Prepared",
    "Raw",
    "Rgb",
    "domain_from_dict",
    "measure_range",
    "view",
    "view_pair",
    "view_palette",
    "view_translation",
]
