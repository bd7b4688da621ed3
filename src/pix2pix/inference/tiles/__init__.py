"""Pictures of any size in overlapping tiles, at bounded memory.

This is the public surface; the files beside it are read through it.
"""

from pix2pix.inference.tiles.seams import Seams, seams
from pix2pix.inference.tiles.translating import TileOptions, translate_in_tiles

__all__ = ["Seams", "TileOptions", "seams", "translate_in_tiles"]
