"""The embedded data set: street scenes painted by a seeded program, for every task, at any size."""

from pix2pix.data.scenes.canvas import Label
from pix2pix.data.scenes.pictures import PALETTE
from pix2pix.data.scenes.source import DOMAINS, Scenes

__all__ = ["DOMAINS", "PALETTE", "Label", "Scenes"]
