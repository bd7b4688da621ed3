"""TIFFs written as their rows arrive: tiled, compressed, as BigTIFF where needed, with the metadata of their source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from pix2pix.files.atomic import draft_of, drafted, named
from pix2pix.pictures.array import Array, with_channels
from pix2pix.pictures.codecs import picture_size
from pix2pix.pictures.rows import PictureRows, open_rows
from pix2pix.pictures.tiff.metadata import carried

TILE = 256  # pixels of the side of a stored tile
BIG = 2**32 - 2**25  # bytes of pixels from which offsets of 32 bits may not reach


def write_like(path: Path, picture: Array, like: Path, **said: Any) -> None:
    """Write (H, W) or (H, W, C) as a TIFF with the georeference, pixel size and the like of the source `like`.

    The other arguments are those of `write_rows`, which see.
    """
    picture = with_channels(picture)
    write_rows(path, [picture], picture.shape, picture.dtype, like, **said)


def write_rows(
    path: Path,
    rows: Iterable[Array],
    shape: Sequence[int],
    dtype: np.dtype[Any],
    like: Path,
    *,
    names: Sequence[str] = (),
    unit: str | None = None,
    nodata: float | None = None,
    colour: bool = True,
) -> None:
    """Write a TIFF of `shape` (H, W, C) from its rows, (any number, W, C) at a time, from the top.

    An existing file is replaced only once the new one lies complete beside it.

    Args:
        path: ends in .tif or .tiff.
        rows: may be an iterator; no more of them are held than a row of tiles.
        shape, dtype: of the whole.
        like: the picture whose metadata are carried (see `tiff.metadata.carried`); of the same height and width.
        names, unit, nodata: see there.
        colour: 3 channels are red, green and blue where they are of 8 or 16 bits; False: measurements.

    Raises ValueError where `like` is of another size, or names are not one a channel.
    """
    height, width, channels = shape
    found = picture_size(like)[:2]
    if found != (height, width):
        raise ValueError(
            f"{like} is {found[0]} x {found[1]} pixels (height x width) and what is to be written with its metadata "
            f"{height} x {width}: they would be wrong"
        )
    arguments = carried(like, channels, names=names, unit=unit, nodata=nodata)
    with drafted(path, ".tif") as draft:
        colour = colour and channels == 3 and dtype in (np.uint8, np.uint16)
        if arguments.get("ome") and channels > 1 and not colour:
            planes = draft_of(path, ".tif")
            try:
                with named(path, planes):
                    _write(planes, _tiles(rows, width), shape, dtype, {"metadata": {}})
                with open_rows(planes) as whole:
                    arguments["metadata"] |= {"axes": "CYX"}
                    _write(draft, _planes(whole), (channels, height, width), dtype, arguments)
            finally:
                planes.unlink(missing_ok=True)
        else:
            if arguments.get("ome"):
                arguments["metadata"] |= {"axes": "YXS" if channels > 1 else "YX"}
            _write(draft, _tiles(rows, width), shape, dtype, arguments | {"colour": colour})


def _write(
    path: Path, tiles: Iterator[Array], shape: Sequence[int], dtype: np.dtype[Any], arguments: dict[str, Any]
) -> None:
    arguments = dict(arguments)
    colour, ome = arguments.pop("colour", False), arguments.pop("ome", False)
    planes = ome and arguments["metadata"]["axes"] == "CYX"
    single = not planes and shape[2] == 1
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    with tifffile.TiffWriter(path, bigtiff=size > BIG, ome=ome) as tiff:
        tiff.write(
            (tile[:, :, 0] for tile in tiles) if single or planes else tiles,
            shape=tuple(shape[:2]) if single else tuple(shape),
            dtype=dtype,
            tile=(TILE, TILE),
            photometric="rgb" if colour else "minisblack",
            planarconfig="contig" if not single and not planes else None,
            compression="zlib",
            maxworkers=1,
            **arguments,
        )


def _tiles(rows: Iterable[Array], width: int) -> Iterator[Array]:
    """(at most TILE, at most TILE, C) pieces of rows that come in any number at a time, row by row of tiles."""
    waiting: list[Array] = []
    count = 0
    for some in rows:
        while len(some):
            taken, some = some[: TILE - count], some[TILE - count :]
            waiting.append(taken)
            count += len(taken)
            if count == TILE:
                yield from _cut(np.concatenate(waiting), width)
                waiting, count = [], 0
    if waiting:
        yield from _cut(np.concatenate(waiting), width)


def _cut(band: Array, width: int) -> Iterator[Array]:
    for left in range(0, width, TILE):
        yield band[:, left : left + TILE]


def _planes(whole: PictureRows) -> Iterator[Array]:
    """Tiles of one channel, channel after channel."""
    height, width, channels = whole.shape
    for channel in range(channels):
        for top in range(0, height, TILE):
            yield from _cut(whole.read(top, min(top + TILE, height))[:, :, channel : channel + 1], width)
