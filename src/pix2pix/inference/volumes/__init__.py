"""Volumes of a scanner, NIfTI files and DICOM series, translated slice by slice (the extra `volumes`).

This is the public surface; the files beside it are read through it.
"""

from pix2pix.inference.volumes.translating import translate_volume
from pix2pix.inference.volumes.volume import AXES, Axis, VolumeError

__all__ = ["AXES", "Axis", "VolumeError", "translate_volume"]
