"""Paired image-to-image translation: train, compare and use pix2pix."""

__version__ = "0.1.0"
