"""Picture files, keyed by suffix: read and write (H, W, C) arrays with the channels and the bit depth of the file.

PNG and JPEG go through imagecodecs (libpng, libjpeg-turbo), because Pillow turns a 16-bit colour PNG into 8 bits and
says nothing; TIFF goes through tifffile; WebP and BMP through Pillow.
"""

from __future__ import annotations

import io
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from pix2pix.data.encoded_sizes import size_in_webp
from pix2pix.data.headers import JpegHeader, jpeg_header, png_size
from pix2pix.data.jpeg import CutOffError, decode_whole, walk
from pix2pix.data.limits import check_claim
from pix2pix.data.pairs import Array, BadPairError, with_channels
from pix2pix.data.tiff_opening import check_whole, open_tiff

Size = tuple[int, int, int]  # height, width, channels
T = TypeVar("T")


class Codec(NamedTuple):
    """How the files of one suffix are read, measured and written."""

    read: Callable[[Path], Array]
    size: Callable[[Path], Size]
    write: Callable[[BinaryIO, Array, str | None], object]  # file, (H, W, C), unit
    dtypes: tuple[str, ...]  # that can be written
    channels: tuple[int, ...] | None  # that can be written; None: any number


def read_picture(path: str | Path) -> Array:
    """Read a picture as (H, W, C), in the dtype of the file (uint8, uint16, float32, ...) and native byte order.

    A palette PNG becomes RGB (RGBA where it has transparency), 1 bit becomes 0 and 255, and a CMYK JPEG becomes RGB
    without a colour profile. A JPEG is turned as its EXIF orientation says. A TIFF may hold its channels as samples,
    planes or pages; of several pictures in one TIFF the first is read. Its palettes are not applied; where it says that
    0 is white, as scans of 1 bit do, it is read as it looks, in 1 and 8 bits.

    Raises BadPairError where the file is missing, empty, cut off or not what its suffix says, ValueError for an unknown
    suffix.
    """
    path = Path(path)
    stored = _decode(path, codec_of(path).read)
    if stored.dtype.kind not in "biuf" or stored.size == 0:
        raise BadPairError(f"{path}: holds {stored.dtype} of shape {stored.shape}; expected a picture of numbers")
    return np.ascontiguousarray(stored, dtype=stored.dtype.newbyteorder("="))


def picture_size(path: str | Path) -> Size:
    """(height, width, channels) of what `read_picture` gives, from the file's header alone. Raises as that does."""
    path = Path(path)
    return _decode(path, codec_of(path).size)


def write_picture(path: str | Path, picture: Array, *, unit: str | None = None) -> None:
    """Write (H, W) or (H, W, C) so that `read_picture` gives it back: exactly, but for JPEG (quality 95, full colour).

    `unit` is kept where the format has a place for it: in the JSON of a TIFF's description. An existing file is
    replaced only once the new one lies complete beside it.

    Raises ValueError for an unknown suffix, and where the format cannot hold the dtype or the number of channels.
    """
    path = Path(path)
    picture = with_channels(picture)
    codec = check_writable(path, picture.shape[2], picture.dtype)
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        with partial.open("xb") as file:
            codec.write(file, np.ascontiguousarray(picture), unit)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def check_writable(path: Path, channels: int, dtype: np.dtype[Any]) -> Codec:
    """The codec for a path, if its format can hold such a picture. Raises ValueError where it cannot, as if writing."""
    codec = codec_of(path)
    if dtype.name not in codec.dtypes or (codec.channels is not None and channels not in codec.channels):
        counts = "any number of" if codec.channels is None else " or ".join(map(str, codec.channels))
        raise ValueError(
            f"{path}: found {channels} channel(s) of {dtype}; a {path.suffix} file holds {counts} channel(s) "
            f"of {' or '.join(codec.dtypes)}; write another type of file, .tif or .npy"
        )
    return codec


def codec_of(path: str | Path) -> Codec:
    """The codec for a path's suffix, in upper or lower case. Raises ValueError that lists the known suffixes."""
    suffix = Path(path).suffix.lower()
    if suffix not in CODECS:
        raise ValueError(f"{path}: unknown suffix {suffix!r}; pictures that can be read: {' '.join(sorted(CODECS))}")
    return CODECS[suffix]


def _decode(path: Path, decode: Callable[[Path], T]) -> T:
    """Run a decoder, and say whatever it finds wrong as BadPairError."""
    try:
        if path.stat().st_size == 0:
            raise BadPairError(f"{path}: is empty (0 bytes)")
        return decode(path)
    except BadPairError:
        raise
    except Exception as error:  # on broken bytes, decoders raise anything from struct.error to RuntimeError
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        raise BadPairError(f"{path}: cannot be read as a {path.suffix.lower()} picture: {why}") from error


def _read_png(path: Path) -> Array:
    height, width, channels = _size_png(path)
    check_claim(path, height, width, channels, 2)
    return with_channels(imagecodecs.png_decode(path.read_bytes()))


def _size_png(path: Path) -> Size:
    with path.open("rb") as file:
        return png_size(file)


def _write_png(file: BinaryIO, picture: Array, unit: str | None) -> None:
    file.write(imagecodecs.png_encode(_without_single_channel(picture)))


def _read_jpeg(path: Path) -> Array:
    data = path.read_bytes()
    header, frame = jpeg_header(io.BytesIO(data)), walk(data)
    check_claim(path, header.height, header.width, header.components, 2)  # as coefficients, a progressive one is held
    if not frame.whole:
        raise BadPairError(f"{path}: is cut off: no end-of-image marker after {len(data)} bytes")
    try:
        stored = decode_whole(data, _inks if header.components == 4 else _colours, frame)
    except CutOffError as error:
        raise BadPairError(f"{path}: {error}") from error
    return _upright(with_channels(stored), header)


def _colours(data: bytes) -> Array:
    decoded: Array = imagecodecs.jpeg8_decode(data)
    return decoded


def _inks(data: bytes) -> Array:
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        return np.asarray(image.convert("RGB"))


def _size_jpeg(path: Path) -> Size:
    with path.open("rb") as file:
        header = jpeg_header(file)
    height, width = (header.width, header.height) if header.orientation >= 5 else (header.height, header.width)
    return height, width, 3 if header.components == 4 else header.components


def _upright(stored: Array, header: JpegHeader) -> Array:
    """Undo the EXIF orientation: 5 to 8 have rows and columns exchanged; then the flips along height and width."""
    if header.orientation >= 5:
        stored = stored.swapaxes(0, 1)
    if header.orientation in (3, 4, 7, 8):
        stored = stored[::-1]
    if header.orientation in (2, 3, 6, 7):
        stored = stored[:, ::-1]
    return stored


def _write_jpeg(file: BinaryIO, picture: Array, unit: str | None) -> None:
    file.write(imagecodecs.jpeg8_encode(_without_single_channel(picture), level=95, subsampling="444"))


def _read_tiff(path: Path) -> Array:
    with open_tiff(path) as tiff:
        series = tiff.series[0]
        check_whole(path, series)
        shape, axis = tiff_layout(path, series)
        stored = series.asarray().reshape(shape)
        stored = stored[:, :, None] if axis is None else np.moveaxis(stored, axis, 2)
        return tiff_levels(stored, series.keyframe)


def tiff_levels(stored: Array, page: tifffile.TiffPage) -> Array:
    """Samples as they are seen: bits as 0 and 255; and of 1 and 8 bits, scans that store white as 0 turned round.

    Indices into a palette stay indices, as rasters of classes have them.
    """
    levels = stored.astype(np.uint8) * 255 if stored.dtype == bool else stored
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE and page.bitspersample in (1, 8):
        return 255 - levels
    return levels


def _size_tiff(path: Path) -> Size:
    with open_tiff(path) as tiff:
        shape, axis = tiff_layout(path, tiff.series[0])
    channels = 1 if axis is None else shape.pop(axis)
    return shape[0], shape[1], channels


def tiff_layout(path: Path, series: tifffile.TiffPageSeries) -> tuple[list[int], int | None]:
    """The lengths of a TIFF's axes without those of length 1, and which of them holds the channels, if any does.

    Channels are samples (YXS), planes (SYX, CYX) or pages (IYX, ZYX). An array that tifffile stored without being told
    its axes has one of unknown meaning (Q), and is read by its shape: channels are the shorter of its first and last
    axis.
    """
    kept = [
        (name, length) for name, length in zip(series.axes, series.shape, strict=True) if length > 1 or name in "YX"
    ]
    names, lengths = [name for name, _ in kept], [length for _, length in kept]
    if len(kept) not in (2, 3) or not {"Y", "X"} <= set(names):
        raise BadPairError(
            f"{path}: holds axes {series.axes} of lengths {series.shape}; "
            f"expected one picture: height, width and channels"
        )
    if len(kept) == 2:
        return lengths, None
    if "Q" in names:
        return lengths, 0 if lengths[0] < lengths[2] else 2
    return lengths, next(axis for axis, name in enumerate(names) if name not in "YX")


def _write_tiff(file: BinaryIO, picture: Array, unit: str | None) -> None:
    channels = picture.shape[2]
    colour = channels in (3, 4) and picture.dtype in (np.uint8, np.uint16)
    tifffile.imwrite(
        file,
        _without_single_channel(picture),
        photometric="rgb" if colour else "minisblack",
        planarconfig="contig" if channels > 1 else None,
        compression="zlib",
        metadata={} if unit is None else {"unit": unit},
    )


def _read_npy(path: Path) -> Array:
    # Mapped first: what its header claims beyond the file's end is refused before memory is taken for it.
    mapped = _three_axes(path, np.load(path, mmap_mode="r", allow_pickle=False))
    height, width, channels = mapped.shape
    check_claim(path, height, width, channels, mapped.dtype.itemsize)
    return np.array(mapped)


def _size_npy(path: Path) -> Size:
    height, width, channels = _three_axes(path, np.load(path, mmap_mode="r", allow_pickle=False)).shape
    return height, width, channels


def _three_axes(path: Path, stored: Array) -> Array:
    if stored.ndim not in (2, 3):
        raise BadPairError(f"{path}: holds an array of shape {stored.shape}; expected (height, width, channels)")
    return with_channels(stored)


def _write_npy(file: BinaryIO, picture: Array, unit: str | None) -> None:
    np.save(file, picture, allow_pickle=False)


def _read_pillow(path: Path) -> Array:
    check_claim(path, *_size_pillow(path), 1)
    with Image.open(path, formats=[_PILLOW[path.suffix.lower()]]) as image:
        return with_channels(np.asarray(image.convert(_pillow_mode(path, image))))


def _size_webp(path: Path) -> Size:
    """From the header, since Pillow makes room for two whole pictures when it opens a file."""
    with path.open("rb") as file:
        return size_in_webp(file.read(30))


def _read_webp(path: Path) -> Array:
    check_claim(path, *_size_webp(path), 4)
    return _read_pillow(path)


def _size_pillow(path: Path) -> Size:
    with Image.open(path, formats=[_PILLOW[path.suffix.lower()]]) as image:
        return image.height, image.width, len(_pillow_mode(path, image))


def _pillow_mode(path: Path, image: Image.Image) -> str:
    """What to convert to, one letter a channel: palettes become colours, 1 bit becomes 0 and 255."""
    if image.mode == "P":
        return "RGBA" if "transparency" in image.info else "RGB"
    if image.mode not in ("1", "L", "LA", "RGB", "RGBA"):
        raise BadPairError(f"{path}: holds Pillow's mode {image.mode}; expected grey or RGB, with or without alpha")
    return "L" if image.mode == "1" else image.mode


def _write_webp(file: BinaryIO, picture: Array, unit: str | None) -> None:
    Image.fromarray(picture).save(file, "WEBP", lossless=True, exact=True)


def _write_bmp(file: BinaryIO, picture: Array, unit: str | None) -> None:
    Image.fromarray(_without_single_channel(picture)).save(file, "BMP")


def _without_single_channel(picture: Array) -> Array:
    return picture[:, :, 0] if picture.shape[2] == 1 else picture


_PILLOW = {".webp": "WEBP", ".bmp": "BMP"}
_NUMBERS = ("uint8", "uint16", "uint32", "int8", "int16", "int32", "float16", "float32", "float64")
_PNG = Codec(_read_png, _size_png, _write_png, ("uint8", "uint16"), (1, 2, 3, 4))
_JPEG = Codec(_read_jpeg, _size_jpeg, _write_jpeg, ("uint8",), (1, 3))
_TIFF = Codec(_read_tiff, _size_tiff, _write_tiff, _NUMBERS, None)

CODECS: dict[str, Codec] = {
    ".png": _PNG,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".npy": Codec(_read_npy, _size_npy, _write_npy, (*_NUMBERS, "bool"), None),
    ".webp": Codec(_read_webp, _size_webp, _write_webp, ("uint8",), (3, 4)),
    ".bmp": Codec(_read_pillow, _size_pillow, _write_bmp, ("uint8",), (1, 3)),
}
READABLE: frozenset[str] = frozenset(CODECS)
