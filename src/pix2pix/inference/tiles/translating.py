"""Translating a picture of any size from file to file, in overlapping tiles, at a memory that grows with its width."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from pix2pix.errors import BadPairError
from pix2pix.inference.holes import LEAST
from pix2pix.inference.networks import TorchNetwork, with_numbers
from pix2pix.inference.no_value import may_lack_values
from pix2pix.inference.suffixes import form_of
from pix2pix.inference.tiles.grid import Side
from pix2pix.inference.tiles.norms import PictureNorms
from pix2pix.inference.translator import Translator
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import check_writable, write_picture
from pix2pix.pictures.rows import TIFFS, PictureRows, open_rows
from pix2pix.pictures.tiff.writing import write_rows

SAMPLE = 4  # tiles along each side from which the statistics of the picture are gathered
DECODED = 64  # rows at a time
SEEN = 2 * (LEAST // 2)  # rows above and below that decide whether a pixel is of a hole

Progress = Callable[[int, int], None]  # tiles done, tiles in all
Translate = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class TileOptions:
    """How a picture is cut into tiles.

    Args:
        tile: pixels of a tile's side, a multiple of what the generator needs; None: 512, or four of those multiples.
        overlap: pixels that neighbours share, likewise; None: 128, or one multiple.
        statistics: "picture": norms that look at the picture take the statistics of the whole of it, gathered from
            tiles spread over it. "tile": each tile its own, which is what exported networks do in any case.
    """

    tile: int | None = None
    overlap: int | None = None
    statistics: Literal["picture", "tile"] = "picture"

    def resolved(self, multiple: int) -> tuple[int, int]:
        """Tile and overlap in pixels. Raises ValueError where they are no multiples, or do not suit each other."""
        tile = _rounded_up(512, multiple) if self.tile is None else self.tile
        if self.tile is None:
            tile = max(tile, 4 * multiple)
        overlap = min(_rounded_up(128, multiple), tile // 2 // multiple * multiple)
        overlap = overlap if self.overlap is None else self.overlap
        for name, value, least in (("tile", tile, multiple), ("overlap", overlap, 0)):
            if value < least or value % multiple:
                raise ValueError(
                    f"{name}={value}: this generator needs a multiple of {multiple}, so that all tiles are sampled "
                    f"down on one grid; the nearest is {max(round(value / multiple) * multiple, least)}"
                )
        if 2 * overlap > tile:
            raise ValueError(f"overlap={overlap} is more than half of tile={tile}: choose a larger tile")
        return tile, overlap


def translate_in_tiles(
    translator: Translator,
    source: Path,
    target: Path,
    options: TileOptions | None = None,
    progress: Progress | None = None,
    names: Sequence[str] = (),
) -> None:
    """Translate one picture file into another of the same size, tile by tile.

    A TIFF is read and written by rows of tiles and never held whole; one that can only be decoded whole, or a source
    or target of another type, is held whole in its own numbers, but not in the network's. Dropout noise is off: it
    would differ from tile to tile. A target that is a TIFF keeps the source's georeference and pixel size.

    Args:
        translator: what translates.
        source: a picture that `pictures.codecs` reads.
        target: replaced if it exists, once the translation is complete.
        options: of the tiles.
        progress: told after each tile.
        names: of the target's channels, for OME-TIFF.

    Raises:
        BadPairError: the source is missing, broken, too small or not of the source domain.
        ValueError: a suffix that is unknown or cannot hold the target's values, the target is the source, or options
            that do not suit the generator.
    """
    options = options or TileOptions()
    form = form_of(translator, side_by_side=False)
    channels, dtype = form.channels, np.dtype(form.dtype)
    check_writable(target, channels, dtype)
    if target.exists() and source.exists() and target.samefile(source):
        raise ValueError(f"{target} is the source itself: name another file for the result")
    with open_rows(source) as rows:
        multiple = translator.network.multiple
        layout = Layout(rows, *options.resolved(multiple), multiple, source)
        unit = translator.target.unit
        # Closed even where writing fails, so that the generator's norms are its own again.
        with closing(_strips(translator, layout, options, progress or (lambda done, count: None))) as strips:
            if target.suffix.lower() in TIFFS:
                nodata = getattr(translator.target, "nodata", None)
                shape = (*rows.shape[:2], channels)
                colour = translator.target.kind != "raw"
                write_rows(target, strips, shape, dtype, source, names=names, unit=unit, nodata=nodata, colour=colour)
            else:
                write_picture(target, np.concatenate(list(strips)), unit=unit)


class Layout:
    """The tiles of a picture that is padded by reflection, alike on both sides, to a multiple of the generator's."""

    def __init__(self, rows: PictureRows, tile: int, overlap: int, multiple: int, source: Path) -> None:
        self.rows, self.name = rows, str(source)
        sides, self.places = [], []
        for length in rows.shape[:2]:
            added = -length % multiple
            if added - added // 2 >= length:
                raise BadPairError(
                    f"{source}: {rows.shape[0]} x {rows.shape[1]} pixels (height x width) are too few for a generator "
                    f"that needs multiples of {multiple}"
                )
            padded = length + added
            side = min(tile, padded)
            sides.append(Side(padded, side, overlap if side < padded else 0))
            places = np.arange(-(added // 2), length + added - added // 2)  # of padded pixels in the picture
            places = np.abs(places)
            self.places.append(np.minimum(places, 2 * (length - 1) - places))
        self.down, self.across = sides

    def band(self, row: int) -> Array:
        """The padded rows of a row of tiles, as stored: (tile, W, C), not padded along the width."""
        start = self.down.starts[row]
        places = self.places[0][start : start + self.down.tile]
        first, last = int(places.min()), int(places.max()) + 1
        band: Array = self.rows.read(first, last)[places - first]
        return band

    def tile(self, band: Array, column: int) -> Array:
        """(tile, tile, C) of a band."""
        start = self.across.starts[column]
        return band[:, self.places[1][start : start + self.across.tile]]

    def weights(self, row: int, column: int) -> NDArray[np.float32]:
        """(tile, tile), summing to 1 over all tiles."""
        weights: NDArray[np.float32] = self.down.weights[row][:, None] * self.across.weights[column]
        return weights


def _strips(
    translator: Translator, layout: Layout, options: TileOptions, progress: Progress
) -> Generator[Array, None, None]:
    """The rows of the translation, (some, W, C') at a time, in the target's numbers."""
    height, width, _ = layout.rows.shape
    count = len(layout.down.starts) * len(layout.across.starts)
    top, left = (int(np.flatnonzero(places == 0)[0]) for places in layout.places)  # where the picture begins
    strip: NDArray[np.float32] | None = None  # (C', tile, padded width): what is not final yet
    done = 0
    with _ready(translator, layout, options) as translate:
        for row, start in enumerate(layout.down.starts):
            band = layout.band(row)
            for column, begin in enumerate(layout.across.starts):
                tile = with_numbers(translate(_encoded(translator, layout, layout.tile(band, column))))[0].cpu().numpy()
                if strip is None:
                    strip = np.zeros((len(tile), layout.down.tile, layout.across.length), np.float32)
                strip[:, :, begin : begin + layout.across.tile] += tile * layout.weights(row, column)
                done += 1
                progress(done, count)
            assert strip is not None
            following = layout.down.starts[row + 1] if row + 1 < len(layout.down.starts) else layout.down.length
            final = following - start
            first, last = max(top - start, 0), min(final, top + height - start)
            valid = None
            if may_lack_values(translator.source, band):  # rows that always have values are not read once more
                valid = translator.valid(layout.rows.read(start + first - top, start + last - top))
            for some in range(first, last, DECODED):
                end = min(some + DECODED, last)
                shown = _finished(translator, layout, start + some - top, strip[:, some:end, left : left + width])
                part = None if valid is None else valid[some - first : end - first]
                yield translator.without_made_up(shown, part, layout.name)
            kept = strip[:, final:].copy()
            strip[:] = 0
            strip[:, : kept.shape[1]] = kept


def _finished(translator: Translator, layout: Layout, first: int, rows: NDArray[np.float32]) -> Array:
    """Rows (C', some, W) of the translation, from the picture's row `first` on, as files hold them."""
    translation = torch.from_numpy(rows.copy())
    if not translator.shows_source:
        return translator.decode(translation)
    end = first + rows.shape[1]
    above, below = min(SEEN, first), min(SEEN, layout.rows.shape[0] - end)
    source = translator.encode(layout.rows.read(first - above, end + below), layout.name)
    padded = F.pad(translation, (0, 0, above, below))
    shown = translator.shown(source, translator.completed(source[None], padded[None])[0])
    return shown[above : above + rows.shape[1]]


@contextmanager
def _ready(translator: Translator, layout: Layout, options: TileOptions) -> Iterator[Translate]:
    """What translates an encoded tile (1, C, h, w), its norms fixed to the picture's statistics where that is asked."""
    network = translator.network
    if not isinstance(network, TorchNetwork):
        yield lambda tile: network(tile, [layout.name])
        return
    quiet = copy(network)
    quiet.noise = False
    if options.statistics == "tile":
        yield lambda tile: quiet(tile, [layout.name])
        return
    generator = network.generator
    modes = [(module, module.training) for module in generator.modules()]
    generator.eval()
    try:
        norms = PictureNorms(generator, batch=network.statistics == "picture")
        if norms.norms:
            with network.reduced(translator.device):
                norms.gather(list(_sampled(translator, layout)))

        @torch.no_grad()
        def translate(tile: Tensor) -> Tensor:
            with network.reduced(tile.device):
                return generator(tile).float()  # type: ignore[no-any-return]

        with norms.fixed():
            yield translate
    finally:
        for module, training in modes:
            module.training = training


def _sampled(translator: Translator, layout: Layout) -> Iterator[tuple[Tensor, Tensor]]:
    """Tiles spread evenly over the picture, encoded, with their weights (1, 1, h, w)."""
    rows, columns = (_spread(len(side.starts)) for side in (layout.down, layout.across))
    for row in rows:
        band = layout.band(row)
        for column in columns:
            tile = _encoded(translator, layout, layout.tile(band, column))
            yield tile, torch.from_numpy(layout.weights(row, column))[None, None].to(tile.device)


def _spread(count: int) -> list[int]:
    return sorted({int(place) for place in np.linspace(0, count - 1, min(SAMPLE, count)).round()})


def _encoded(translator: Translator, layout: Layout, tile: Array) -> Tensor:
    """(1, C, h, w), where the network is."""
    return translator.encode(tile, layout.name)[None].to(translator.device)


def _rounded_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
