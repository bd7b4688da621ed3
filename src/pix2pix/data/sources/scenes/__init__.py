"""The embedded data set: street scenes painted by a seeded program, for every task, at any size."""

from pix2pix.data.sources.scenes.canvas import Label
from pix2pix.data.sources.scenes.pictures import PALETTE
from pix2pix.data.sources.scenes.source import DOMAINS, Scenes

__all__ = ["DOMAINS", "PALETTE", "Label", "Scenes"]
