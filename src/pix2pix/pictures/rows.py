"""Pictures read some rows at a time: a TIFF of any size without holding it, others decoded whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tifffile

from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import read_picture
from pix2pix.pictures.tiff.axes import picture_axes, picture_pages
from pix2pix.pictures.tiff.opening import open_tiff
from pix2pix.pictures.tiff.values import TiffValues

TIFFS = (".tif", ".tiff")


class PictureRows(Protocol):
    """A picture (H, W, C) of which any rows can be read."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        ...

    def read(self, start: int, stop: int) -> Array:
        """Rows start to stop - 1: (stop - start, W, C), as `codecs.read_picture` gives them."""
        ...


@contextmanager
def open_rows(path: str | Path) -> Iterator[PictureRows]:
    """Open a picture to be read in rows; whole, if it is no TIFF, or a TIFF that can only be decoded whole.

    The latter have one compressed strip or tile, rows that are not those of the picture as it stands upright, or axes
    that do not lie on their pages as rows and columns.

    Raises BadPairError, now or while reading, where the file is missing or broken, ValueError for an unknown suffix.
    """
    path = Path(path)
    if path.suffix.lower() in TIFFS and path.is_file():
        with _opened(path) as tiff:
            try:
                rows = _TiffRows(path, tiff)
            except BadPairError:
                raise
            except Exception as error:  # as of a TIFF without any page
                raise BadPairError(f"{path}: holds no picture that can be read: {error}") from error
            if rows.in_parts:
                yield rows
                return
    yield _Whole(read_picture(path))


@contextmanager
def _opened(path: Path) -> Iterator[tifffile.TiffFile]:
    with ExitStack() as stack:
        try:
            tiff = stack.enter_context(open_tiff(path))
        except BadPairError:
            raise
        except Exception as error:  # tifffile raises anything on broken bytes
            raise BadPairError(f"{path}: cannot be read as a TIFF: {error}") from error
        yield tiff


class _Whole:
    def __init__(self, picture: Array) -> None:
        self.picture = picture
        self.shape: tuple[int, int, int] = picture.shape

    def read(self, start: int, stop: int) -> Array:
        return self.picture[start:stop]


class _TiffRows:
    """The picture of a TIFF: one page, its channels as samples or planes, or a page a channel."""

    def __init__(self, path: Path, tiff: tifffile.TiffFile) -> None:
        series = picture_pages(path, tiff)
        axes = picture_axes(path, series)
        self.path, self.tiff = path, tiff
        self.pages: list[Any] = list(series.pages)
        self.key: Any = series.keyframe
        self.values = TiffValues(path, self.key, axes)
        self.stored = axes.channels
        self.shape = (*axes.size, self.values.channels)

    @property
    def in_parts(self) -> bool:
        key, (height, width, _) = self.key, self.shape
        if self.values.orientation != 1 or (key.imagelength, key.imagewidth) != (height, width):
            return False
        if key.imagedepth != 1 or len(self.pages) * key.samplesperpixel != self.stored or key.dtype is None:
            return False
        return bool(key.is_memmappable or key.rowsperstrip < height or (key.is_tiled and key.tilelength < height))

    def read(self, start: int, stop: int) -> Array:
        try:
            rows = np.concatenate([self._of_page(page, start, stop) for page in self.pages], axis=2)
        except Exception as error:
            raise BadPairError(f"{self.path}: rows {start} to {stop - 1} cannot be read: {error}") from error
        return self.values(rows.astype(rows.dtype.newbyteorder("="), copy=False))

    def _of_page(self, page: Any, start: int, stop: int) -> Array:
        key, width = self.key, self.shape[1]
        planes = key.samplesperpixel if key.planarconfig == 2 else 1
        samples = key.samplesperpixel // planes
        rows = np.zeros((stop - start, width, planes, samples), key.dtype)
        for plane in range(planes):
            if key.is_memmappable:
                stored = key.dtype.newbyteorder(self.tiff.byteorder)
                row = width * samples * stored.itemsize
                position = page.dataoffsets[0] + (plane * self.shape[0] + start) * row
                data = self._bytes(position, (stop - start) * row)
                rows[:, :, plane] = np.frombuffer(data, stored).reshape(stop - start, width, samples)
            else:
                self._decode(page, plane, start, rows[:, :, plane])
        return rows.reshape(stop - start, width, -1)

    def _decode(self, page: Any, plane: int, start: int, rows: Array) -> None:
        """Decode the strips or tiles that have the rows from `start` on."""
        key, (height, width, _) = self.key, self.shape
        tall = key.tilelength if key.is_tiled else key.rowsperstrip
        across = -(-width // key.tilewidth) if key.is_tiled else 1
        down = -(-height // tall)
        stop = start + len(rows)
        tables = {"jpegtables": page.jpegtables} if page.jpegtables is not None else {}
        for segment in range(start // tall * across, ((stop - 1) // tall + 1) * across):
            index = plane * down * across + segment
            size = page.databytecounts[index]
            if not size:  # left out by the writer: zeros
                continue
            data = self._bytes(page.dataoffsets[index], size)
            decoded, (_, _, top, left, _), (_, tall_here, wide_here, _) = key.decode(data, index, **tables)
            first, last = max(start, top), min(stop, top + tall_here)
            right = min(left + wide_here, width)  # tiles reach beyond the picture
            rows[first - start : last - start, left:right] = decoded[0, first - top : last - top, : right - left]

    def _bytes(self, position: int, size: int) -> bytes:
        self.tiff.filehandle.seek(position)
        data: bytes = self.tiff.filehandle.read(size)
        if len(data) != size:
            raise ValueError("the file is cut off")
        return data
