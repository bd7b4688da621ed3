"""Picture files, keyed by suffix: read and write (H, W, C) arrays with the channels and the bit depth of the file.

PNG and JPEG go through imagecodecs (libpng, libjpeg-turbo), because Pillow turns a 16-bit colour PNG into 8 bits and
says nothing; TIFF goes through tifffile; WebP and BMP through Pillow.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from pix2pix.errors import BadPairError
from pix2pix.files.atomic import drafted, only_written
from pix2pix.files.os_errors import reason
from pix2pix.pictures import heif
from pix2pix.pictures.array import Array, with_channels
from pix2pix.pictures.encoded_sizes import size_in_webp
from pix2pix.pictures.headers import PngHeader, jpeg_header, orientation_of, png_header
from pix2pix.pictures.jpeg import CutOffError, decode_whole, walk
from pix2pix.pictures.limits import check_claim, in_words
from pix2pix.pictures.meaning import Meaning, has_alpha, marked, said_of
from pix2pix.pictures.tiff.axes import picture_axes, picture_pages
from pix2pix.pictures.tiff.opening import check_whole, open_tiff
from pix2pix.pictures.tiff.values import TiffValues, from_indices, nodata_tags, upright

MOST_HEADER = 2**16  # bytes of an NPY file's
MOST_RUNS = 2**24  # bytes of a run-length encoded BMP, which Pillow decodes run by run in Python
MOST_FIRST = 16  # rows of an array (few, W, many) up to which its channels seem to come first
Size = tuple[int, int, int]  # height, width, channels
T = TypeVar("T")


class Codec(NamedTuple):
    """How the files of one suffix are read, measured and written."""

    read: Callable[[Path], Array]
    size: Callable[[Path], Size]
    write: Callable[[BinaryIO, Array, str | None], object] | None  # file, (H, W, C), unit
    dtypes: tuple[str, ...]  # that can be written
    channels: tuple[int, ...] | None  # that can be written; None: any number


def read_picture(path: str | Path) -> Array:
    """Read a picture as (H, W, C), in the dtype of the file (uint8, uint16, float32, ...) and native byte order.

    What a file says of its numbers is obeyed (`tiff_values` for TIFF), colour profiles apart: a palette becomes RGB
    (RGBA where it has transparency), CMYK, YCbCr and Lab become RGB, 1 bit becomes 0 and 255, white as 0 is turned
    round, and so is what lies on its side. The array is marked with what the channels are (`meaning.said_of`). A TIFF
    may hold its channels as samples, planes or pages.

    Raises BadPairError where the file is missing, empty, cut off or not what its suffix says, where it holds several
    pictures (slices, frames), or numbers of a kind that is not read; ValueError for an unknown suffix.
    """
    path = Path(path)
    stored = _decode(path, codec_of(path).read)
    if stored.dtype.kind not in "biuf" or stored.size == 0:
        raise BadPairError(f"{path}: holds {stored.dtype} of shape {stored.shape}; expected a picture of numbers")
    return marked(np.ascontiguousarray(stored, dtype=stored.dtype.newbyteorder("=")), said_of(stored))


def picture_size(path: str | Path) -> Size:
    """(height, width, channels) of what `read_picture` gives, from the file's header alone. Raises as that does."""
    path = Path(path)
    return _decode(path, codec_of(path).size)


def write_picture(path: str | Path, picture: Array, *, unit: str | None = None) -> None:
    """Write (H, W) or (H, W, C) so that `read_picture` gives it back: exactly, but for JPEG (quality 95, full colour).

    `unit` and the nodata of the picture's mark are kept where the format has a place for them: in a TIFF. An existing
    file is replaced only once the new one lies complete beside it.

    Raises ValueError for an unknown suffix, and where the format cannot hold the dtype or the number of channels.
    """
    path = Path(path)
    picture = with_channels(picture)
    write = check_writable(path, picture.shape[2], picture.dtype).write
    assert write is not None
    with drafted(path) as draft, draft.open("xb") as file:
        write(file, marked(np.ascontiguousarray(picture), said_of(picture)), unit)


def check_writable(path: Path, channels: int, dtype: np.dtype[Any]) -> Codec:
    """The codec for a path, if its format can hold such a picture. Raises ValueError where it cannot, as if writing."""
    codec = codec_of(path)
    if codec.write is None:
        raise ValueError(f"{path}: {path.suffix} files are read and not written; write .png, .tif or .npy")
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
    except BadPairError as error:
        if str(error).startswith(str(path)):
            raise
        raise BadPairError(f"{path}: {error}") from error
    except Exception as error:  # on broken bytes, decoders raise anything from struct.error to RuntimeError
        why = reason(error) if isinstance(error, OSError) else str(error) or type(error).__name__
        raise BadPairError(f"{path}: cannot be read as a {path.suffix.lower()} picture: {why}") from error


def _read_png(path: Path) -> Array:
    with path.open("rb") as file:  # of junk no more is read than its header
        header = _of_one_picture(png_header(file))
    check_claim(path, header.height, header.width, header.channels, 2)
    data = path.read_bytes()
    if header.palette:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            stored = _of_palette(image)
    else:
        stored = with_channels(imagecodecs.png_decode(data))
    return upright(marked(stored, said_of(stored) if header.palette else _with_alpha(stored)), header.orientation)


def _size_png(path: Path) -> Size:
    with path.open("rb") as file:
        header = _of_one_picture(png_header(file))
    return _turned(header.height, header.width, header.channels, header.orientation)


def _of_one_picture(header: PngHeader) -> PngHeader:
    if header.frames > 1:
        raise ValueError(_an_animation(header.frames))
    return header


def _an_animation(frames: int) -> str:
    return f"an animation of {frames} frames; expected one picture: write the frame that is meant to a file of its own"


def _with_alpha(stored: Array) -> Meaning:
    """Of formats in which 2 or 4 channels are grey or RGB and alpha."""
    return Meaning(alpha=stored.shape[2] in (2, 4))


def _turned(height: int, width: int, channels: int, orientation: int) -> Size:
    return (width, height, channels) if orientation >= 5 else (height, width, channels)


def _write_png(file: BinaryIO, picture: Array, unit: str | None) -> None:
    file.write(imagecodecs.png_encode(_without_single_channel(picture)))


def _read_jpeg(path: Path) -> Array:
    with path.open("rb") as file:
        header = jpeg_header(file)
    check_claim(path, header.height, header.width, header.components, 2)  # as coefficients, a progressive one is held
    data = path.read_bytes()
    frame = walk(data)
    if not frame.whole:
        raise BadPairError(f"{path}: is cut off: no end-of-image marker after {len(data)} bytes")
    try:
        stored = decode_whole(data, _inks if header.components == 4 else _colours, frame)
    except CutOffError as error:
        raise BadPairError(f"{path}: {error}") from error
    return upright(with_channels(stored), header.orientation)


def _colours(data: bytes) -> Array:
    decoded: Array = imagecodecs.jpeg8_decode(data)
    return decoded


def _inks(data: bytes) -> Array:
    with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
        return np.asarray(image.convert("RGB"))


def _size_jpeg(path: Path) -> Size:
    with path.open("rb") as file:
        header = jpeg_header(file)
    channels = 3 if header.components == 4 else header.components
    return _turned(header.height, header.width, channels, header.orientation)


def _write_jpeg(file: BinaryIO, picture: Array, unit: str | None) -> None:
    file.write(imagecodecs.jpeg8_encode(_without_single_channel(picture), level=95, subsampling="444"))


def _read_tiff(path: Path) -> Array:
    with open_tiff(path) as tiff:
        series = picture_pages(path, tiff)
        check_whole(path, series)
        axes = picture_axes(path, series)
        values = TiffValues(path, series.keyframe, axes)
        stored = series.asarray().reshape(axes.lengths)
        stored = stored[:, :, None] if axes.channel is None else np.moveaxis(stored, axes.channel, 2)
        return upright(values(stored), values.orientation)


def _size_tiff(path: Path) -> Size:
    with open_tiff(path) as tiff:
        series = picture_pages(path, tiff)
        axes = picture_axes(path, series)
        values = TiffValues(path, series.keyframe, axes)
    return _turned(*axes.size, values.channels, values.orientation)


def _write_tiff(file: BinaryIO, picture: Array, unit: str | None) -> None:
    channels = picture.shape[2]
    colour = said_of(picture).colour and channels == 3 + has_alpha(picture) and picture.dtype in (np.uint8, np.uint16)
    tifffile.imwrite(
        file,
        _without_single_channel(picture),
        photometric="rgb" if colour else "minisblack",
        planarconfig="contig" if channels > 1 else None,
        extrasamples=["unassalpha"] if has_alpha(picture) else None,
        compression="zlib",
        metadata={} if unit is None else {"unit": unit},
        extratags=nodata_tags(said_of(picture).nodata),
    )


def _read_npy(path: Path) -> Array:
    # Mapped first: what its header claims beyond the file's end is refused before memory is taken for it.
    mapped = _mapped(path)
    height, width, channels = mapped.shape
    check_claim(path, height, width, channels, mapped.dtype.itemsize)
    return np.array(mapped)


def _size_npy(path: Path) -> Size:
    height, width, channels = _mapped(path).shape
    return height, width, channels


def _mapped(path: Path) -> Array:
    with path.open("rb") as file:
        start = file.read(12)
    if start[:6] != b"\x93NUMPY":  # of others, archives among them, NumPy would read all that they list
        raise ValueError("not an NPY file")
    if start[6:7] != b"\1" and (claimed := int.from_bytes(start[8:12], "little")) > MOST_HEADER:
        raise ValueError(f"its header claims {claimed} bytes; expected at most {MOST_HEADER}")
    return _three_axes(path, np.load(path, mmap_mode="r", allow_pickle=False))


def _three_axes(path: Path, stored: Array) -> Array:
    if stored.ndim not in (2, 3):
        raise BadPairError(f"{path}: holds an array of shape {stored.shape}; expected (height, width, channels)")
    if stored.ndim == 3 and stored.shape[0] <= MOST_FIRST < stored.shape[2]:
        raise BadPairError(
            f"{path}: holds an array of shape {stored.shape}, whose first axis looks like that of the channels;"
            " expected (height, width, channels): numpy.save(path, numpy.moveaxis(array, 0, -1))"
        )
    return with_channels(stored)


def _write_npy(file: BinaryIO, picture: Array, unit: str | None) -> None:
    np.save(only_written(file), picture, allow_pickle=False)


def _read_pillow(path: Path) -> Array:
    check_claim(path, *_size_pillow(path), 1)
    with Image.open(path, formats=[_PILLOW[path.suffix.lower()]]) as image:
        mode = _pillow_mode(path, image)
        stored = _of_palette(image) if image.mode == "P" else with_channels(np.asarray(image.convert(mode)))
        meaning = said_of(stored) if image.mode == "P" else _with_alpha(stored)
        return upright(marked(stored, meaning), orientation_of(image))


def _size_webp(path: Path) -> Size:
    """From the header first, since Pillow makes room for two whole pictures when it opens a file."""
    with path.open("rb") as file:
        height, width, channels = size_in_webp(file.read(30))
    check_claim(path, height, width, channels, 4)
    return _size_pillow(path)


def _read_webp(path: Path) -> Array:
    _size_webp(path)
    return _read_pillow(path)


def _size_pillow(path: Path) -> Size:
    with Image.open(path, formats=[_PILLOW[path.suffix.lower()]]) as image:
        return _turned(image.height, image.width, len(_pillow_mode(path, image)), orientation_of(image))


def _pillow_mode(path: Path, image: Image.Image) -> str:
    """What to convert to, one letter a channel: palettes become colours, 1 bit becomes 0 and 255."""
    if (frames := getattr(image, "n_frames", 1)) > 1:
        raise BadPairError(f"{path}: {_an_animation(frames)}")
    if image.format == "BMP" and image.info.get("compression") in _RUNS and path.stat().st_size > MOST_RUNS:
        raise BadPairError(f"{path}: is a run-length encoded BMP of over {in_words(MOST_RUNS)}: save it as PNG")
    if image.mode == "P":
        return "RGBA" if "transparency" in image.info else "RGB"
    if image.mode not in ("1", "L", "LA", "RGB", "RGBA"):
        raise BadPairError(f"{path}: holds Pillow's mode {image.mode}; expected grey or RGB, with or without alpha")
    return "L" if image.mode == "1" else image.mode


def _of_palette(image: Image.Image) -> Array:
    """The colours of an image of Pillow's mode P, marked with its palette."""
    mode = "RGBA" if "transparency" in image.info else "RGB"
    stored = len(image.palette.palette) // len(image.palette.mode) if image.palette else 0  # of the file
    indices = np.asarray(image)
    swatches = image.copy().crop((0, 0, 16, 16))
    swatches.putdata(range(256))
    return from_indices(indices, np.asarray(swatches.convert(mode)).reshape(256, -1)[:stored])


def _write_webp(file: BinaryIO, picture: Array, unit: str | None) -> None:
    Image.fromarray(picture).save(file, "WEBP", lossless=True, exact=True)


def _write_bmp(file: BinaryIO, picture: Array, unit: str | None) -> None:
    Image.fromarray(_without_single_channel(picture)).save(only_written(file), "BMP")


def _without_single_channel(picture: Array) -> Array:
    return picture[:, :, 0] if picture.shape[2] == 1 else picture


_RUNS = (1, 2)  # BMP's compressions RLE8 and RLE4
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
if heif.is_there():
    CODECS |= dict.fromkeys(heif.SUFFIXES, Codec(heif.read_heif, heif.size_heif, None, (), None))
READABLE: frozenset[str] = frozenset(CODECS)
