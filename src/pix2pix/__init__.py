"""Paired image-to-image translation: train, compare and use pix2pix."""

from __future__ import annotations

from pix2pix.processes.starting import start_command, started_as_command

if started_as_command():  # here, since nothing of ours is imported before
    start_command()

from typing import TYPE_CHECKING, Any

from pix2pix.version import __version__

if TYPE_CHECKING:
    from pix2pix.inference.translator import Translator

__all__ = ["Translator", "__version__"]


def __getattr__(name: str) -> Any:
    """`pix2pix.Translator`, made at its first use: importing this package does not import torch."""
    if name == "Translator":
        from pix2pix.inference.translator import Translator

        return Translator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
