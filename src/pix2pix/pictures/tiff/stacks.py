"""TIFFs of several pictures along named axes (slices, frames, pages): read and written one picture at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from pix2pix.errors import BadPairError
from pix2pix.files.atomic import drafted
from pix2pix.pictures.array import Array
from pix2pix.pictures.tiff.axes import CHANNELS, Axes, named_axes, picture_pages
from pix2pix.pictures.tiff.metadata import carried
from pix2pix.pictures.tiff.opening import open_tiff
from pix2pix.pictures.tiff.values import TiffValues, upright
from pix2pix.pictures.tiff.writing import BIG

OF_IMAGEJ = ("uint8", "uint16", "float32")  # what ImageJ opens
_CARRIED = ("spacing", "unit", "finterval", "fps", "loop", "Labels")  # of ImageJ's description: not about the values


@dataclass(frozen=True)
class Stack:
    """Pictures along the axes `names`, of `lengths`.

    Attributes:
        pages: (*lengths, H, W) or (*lengths, H, W, C), as stored.
        values: what makes a picture of each.
    """

    names: str
    lengths: tuple[int, ...]
    pages: Array
    values: TiffValues

    def __len__(self) -> int:
        return int(np.prod(self.lengths))

    def __iter__(self) -> Iterator[Array]:
        """Pictures (H, W, C) as `codecs.read_picture` would give them, the last axis fastest."""
        for place in np.ndindex(self.lengths):
            page = np.asarray(self.pages[place])
            native = page.astype(page.dtype.newbyteorder("="), copy=False)
            yield upright(self.values(native if native.ndim == 3 else native[:, :, None]), self.values.orientation)


@contextmanager
def open_stack(path: Path) -> Iterator[Stack]:
    """Open a TIFF of several pictures. Raises BadPairError where it is broken or its numbers are not read here.

    What is compressed is decoded into a file of the system's folder for drafts, not into memory.
    """
    with ExitStack() as opened:
        try:
            tiff = opened.enter_context(open_tiff(path))
            stack = _stack_of(path, picture_pages(path, tiff))
        except BadPairError:
            raise
        except Exception as error:  # tifffile raises anything on broken bytes
            raise BadPairError(f"{path}: cannot be read as a TIFF: {error}") from error
        yield stack


def _stack_of(path: Path, series: tifffile.TiffPageSeries) -> Stack:
    kept = named_axes(series)
    names = "".join(name for name, _ in kept)
    stacked = [place for place, name in enumerate(names) if name not in f"YX{CHANNELS}"]
    channel = [place for place, name in enumerate(names) if name in CHANNELS]
    if len(channel) > 1 or not {"Y", "X"} <= set(names):
        raise BadPairError(f"{path}: holds axes {series.axes} of {series.shape}; expected one picture a slice")
    pages = series.asarray(out="memmap").reshape([length for _, length in kept])
    pages = pages.transpose([*stacked, names.index("Y"), names.index("X"), *channel])
    lengths = pages.shape[: len(stacked)]
    axes = Axes(list(pages.shape[len(stacked) :]), 2 if channel else None, names[channel[0]] if channel else "")
    return Stack("".join(names[place] for place in stacked), lengths, pages, TiffValues(path, series.keyframe, axes))


def write_stack(
    path: Path,
    pictures: Iterable[Array],
    stack: Stack,
    like: Path,
    channels: int,
    dtype: np.dtype[Any],
    *,
    unit: str | None = None,
    nodata: float | None = None,
    colour: bool = True,
) -> None:
    """Write a picture for each of a stack, with its axes and metadata: OME, ImageJ's, or tifffile's description.

    An existing file is replaced only once the new one lies complete beside it.

    Args:
        path: ends in .tif or .tiff.
        pictures: (H, W, channels) of `dtype`, in the order in which the stack gives its own, upright.
        like: the file of the stack.
        unit, nodata: see `tiff.metadata.carried`.
        colour: 3 channels of 8 bits are red, green and blue; False: measurements.
    """
    height, width = stack.pages.shape[len(stack.lengths) :][:2]
    if stack.values.orientation >= 5:
        height, width = width, height
    colour = colour and channels == 3 and dtype == np.uint8
    planes = channels > 1 and not colour
    shape = (*stack.lengths, *([channels] if planes else []), height, width, *([3] if colour else []))
    arguments = carried(like, channels, unit=unit, nodata=nodata)
    ome, size = arguments.pop("ome", False), int(np.prod(shape)) * dtype.itemsize
    imagej = {} if ome or dtype.name not in OF_IMAGEJ or size > BIG else _of_imagej(like)
    axes = f"{stack.names}{'C' * planes}YX{'S' * colour}"
    if imagej:
        order = sorted(axes[: -2 - colour], key="TZC".index)
        imagej = imagej if order == list(axes[: -2 - colour]) else {}
    arguments["metadata"] |= imagej | {"axes": axes}
    with (
        drafted(path, ".tif") as draft,
        tifffile.TiffWriter(draft, bigtiff=size > BIG, ome=bool(ome), imagej=bool(imagej)) as tiff,
    ):
        tiff.write(
            _pages(pictures, planes),
            shape=shape,
            dtype=dtype,
            photometric="rgb" if colour else "minisblack",
            compression=None if imagej else "zlib",
            maxworkers=1,
            **arguments,
        )


def _pages(pictures: Iterable[Array], planes: bool) -> Iterator[Array]:
    for picture in pictures:
        if planes:
            yield from np.ascontiguousarray(np.moveaxis(picture, 2, 0))
        else:
            yield picture[:, :, 0] if picture.shape[2] == 1 else picture


def _of_imagej(like: Path) -> dict[str, Any]:
    """What ImageJ's description says beside the values; empty of other files."""
    with open_tiff(like) as tiff:
        if not tiff.is_imagej or tiff.imagej_metadata is None:
            return {}
        known = {key: tiff.imagej_metadata[key] for key in _CARRIED if key in tiff.imagej_metadata}
        return {"mode": "grayscale"} | known
