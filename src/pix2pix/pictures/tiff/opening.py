"""TIFFs opened so that what is read of them afterwards takes no more memory and time than their pixels need.

tifffile believes a file: its directories are followed before anything can be asked of them, its descriptions make pages
that are not there, and a compressed strip may decode to more than the tags say. So directories and descriptions are
counted first, and each strip or tile is looked into before it is decoded.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree

import numpy as np
import tifffile
from tifffile import COMPRESSION

from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.encoded_sizes import size_in_jpeg2000, size_in_lerc, size_in_png, size_in_webp
from pix2pix.pictures.jpeg import CutOffError, decode_whole, walk
from pix2pix.pictures.limits import SMALL, check_claim, in_words

DIRECTORIES = 2**16  # pages, and as many pictures below them
TAGS = 2**19  # of all of them
SEGMENTS = 2**16  # strips or tiles, beyond which each must hold SMALLEST numbers
SMALLEST = 256
TILE = 2**22  # pixels that a tile may have even where the picture is smaller
HEADS = 2**16  # bytes that a strip or tile may have beside its numbers: tables, profiles
_SUBIFDS = 330
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

# How many numbers a byte can at most become; others have a header that says how many, or are not in the table below.
_BYTEWISE = {1: 1, 5: 2**12, 8: 1032, 32946: 1032, 50013: 1032, 32773: 64, 34925: 2**16, 34926: 2**17, 50000: 2**17}
_CCITT = (2, 3, 4)  # decoded to the rows and columns that the tags say, and no more
_BEHIND_FAX = (b"\xff" * 16, b"\x9a\x35" * 8)
_JPEG = (6, 7, 33007, 34892)
_WITH_HEADER = {
    33003: size_in_jpeg2000,
    33004: size_in_jpeg2000,
    33005: size_in_jpeg2000,
    34712: size_in_jpeg2000,
    34887: size_in_lerc,
    34933: size_in_png,
    34927: size_in_webp,
    50001: size_in_webp,
}
READ = "none, PackBits, LZW, deflate, ZSTD, LZMA, LERC, JPEG, JPEG 2000, WebP, PNG, CCITT"


@contextmanager
def open_tiff(path: Path) -> Iterator[tifffile.TiffFile]:
    """A TIFF whose pages and strips are as many and as large as it says, all of them in this file.

    Raises BadPairError for what is not so, and while strips are decoded ValueError for one that does not hold what the
    tags say; other errors of tifffile for what is broken.
    """
    with path.open("rb") as file:
        pages = _count_directories(path, file)
    with tifffile.TiffFile(path, _multifile=False) as tiff:  # of several files, only what is in this one
        if tiff.ome_metadata is not None:
            _check_ome(path, tiff.ome_metadata, pages)
        _check_promises(path, tiff)
        for series in tiff.series:
            _check_series(path, series, tiff.filehandle.size)
            for page in series._pages:
                assert page is not None
                _guard(page.keyframe)
        yield tiff


def check_whole(path: Path, series: tifffile.TiffPageSeries) -> None:
    """Raises BadPairError where a series claims too much to be read at once."""
    numbers, itemsize = math.prod(series.shape), series.dtype.itemsize
    axes = dict(zip(series.axes, series.shape, strict=True))
    height, width = axes.get("Y", 1), axes.get("X", 1)
    check_claim(path, height, width, numbers // max(1, height * width), itemsize)


# --- directories and descriptions -------------------------------------------------------------------------------------


def _count_directories(path: Path, file: BinaryIO) -> int:
    """The pages of a TIFF. Raises BadPairError for more than can be looked through, and for values beyond the file."""
    size = path.stat().st_size
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        raise ValueError("it does not begin as a TIFF does")
    big = struct.unpack(f"{order}H", head[2:4])[0] == 43
    count_of, entry_of, offset_of = ("Q", "HHQ8s", "Q") if big else ("H", "HHI4s", "I")
    if len(head) < (16 if big else 8):
        raise BadPairError(f"{path}: is cut off: {len(head)} bytes are there")
    entry_size, inline = struct.calcsize(f"{order}{entry_of}"), struct.calcsize(offset_of)
    seen: set[int] = set()
    pages = tags = values = 0
    (following,) = struct.unpack_from(f"{order}{offset_of}", head, 8 if big else 4)
    below: list[int] = []  # directories of smaller pictures below the pages
    while following or below:
        page = following != 0
        place = following if page else below.pop()
        following = 0
        if page and place in seen:
            raise BadPairError(f"{path}: its directories form a ring: page {pages} leads back to one before it")
        seen.add(place)
        file.seek(place)
        start = file.read(struct.calcsize(count_of))
        if len(start) < struct.calcsize(count_of):
            continue  # cut off here; the pages before may be whole
        (count,) = struct.unpack(f"{order}{count_of}", start)
        pages, tags = pages + page, tags + count
        if pages > DIRECTORIES or tags > TAGS:
            raise BadPairError(
                f"{path}: has over {DIRECTORIES} pages, or {TAGS} tags; expected one picture: write it to a file of"
                " its own"
            )
        entries = file.read(count * entry_size)
        rest = file.read(inline) if page else b""
        for code, kind, length, value in struct.iter_unpack(
            f"{order}{entry_of}", entries[: len(entries) // entry_size * entry_size]
        ):
            taken = length * _SIZES.get(kind, 1)
            values += taken if taken > inline and taken <= size else 0
            if code == _SUBIFDS and page:
                if length > DIRECTORIES or len(below) + length > DIRECTORIES:
                    raise BadPairError(f"{path}: has over {DIRECTORIES} pictures below its pages; expected one picture")
                below += _offsets(file, order, kind, length, value, inline)
        if values > size + HEADS:
            raise BadPairError(
                f"{path}: its tags claim {in_words(values)} of values, which lie over each other in a file of {size}"
                " bytes: it is damaged, or made to fill the memory of who reads it"
            )
        if len(rest) == inline:
            (following,) = struct.unpack(f"{order}{offset_of}", rest)
    return pages


def _offsets(file: BinaryIO, order: str, kind: int, length: int, value: bytes, inline: int) -> list[int]:
    letter = {4: "I", 13: "I", 16: "Q", 18: "Q"}.get(kind)
    if letter is None:
        return []
    size = struct.calcsize(f"{order}{length}{letter}")
    if size > inline:
        file.seek(struct.unpack(f"{order}{'Q' if inline == 8 else 'I'}", value)[0])
        value = file.read(size)
    return list(struct.unpack(f"{order}{length}{letter}", value[:size])) if len(value) >= size else []


def _check_ome(path: Path, xml: str, pages: int) -> None:
    """Raises BadPairError where OME-XML names more planes than the pages of the file can be."""
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return  # tifffile passes it over as well
    named = 0
    for element in root.iter():
        tag, said = element.tag.rpartition("}")[2], element.attrib
        if tag == "Pixels":
            samples = max([1, *(int(each.get("SamplesPerPixel", 1)) for each in element)])
            named += math.prod(int(said.get(f"Size{axis}", 1)) for axis in "ZCT") // samples
        elif tag == "TiffData":
            named = max(named, int(said.get("PlaneCount", 0)), int(said.get("NumPlanes", 0)), int(said.get("IFD", 0)))
        elif "Along" in tag and "Start" in said:
            named = max(named, _steps(said))
    if named > 1024 + 16 * pages:
        raise BadPairError(
            f"{path}: its OME-XML names {named} planes, and the file holds {pages}: it is damaged, or made to fill the"
            " memory of who reads it"
        )


def _steps(said: dict[str, str]) -> int:
    start, stop, step = (float(said.get(name, usual)) for name, usual in (("Start", 0), ("End", 0), ("Step", 1)))
    return int(abs((stop - start) / step)) if step else 0


# --- pages and strips -------------------------------------------------------------------------------------------------


def _check_promises(path: Path, tiff: tifffile.TiffFile) -> None:
    """Raises BadPairError where a description names more than tifffile, which passes over it then, can find."""
    if not tiff.series or tiff.series[0].kind not in ("generic", "uniform"):
        return
    found = sum(math.prod(series.get_shape(squeeze=False)) for series in tiff.series)
    named, page = 0, math.prod(tiff.pages.first.shape)
    if tiff.is_imagej and tiff.imagej_metadata:
        named = page * int(tiff.imagej_metadata.get("images", 1))
    elif tiff.is_shaped and tiff.shaped_metadata:
        named = math.prod(tiff.shaped_metadata[0]["shape"])
    if named > found:
        raise BadPairError(
            f"{path}: is cut off: its description names {named} numbers, and the pages that are there have {found}"
        )


def _check_series(path: Path, series: tifffile.TiffPageSeries, size: int) -> None:
    """Raises BadPairError where pages or strips are missing, or are not what a picture of this size needs."""
    pages: list[Any] = list(series._pages)  # as stored: one page may stand for several
    key: Any = series.keyframe
    if key.compression != 1 and key.compression not in (*_BYTEWISE, *_CCITT, *_JPEG, *_WITH_HEADER):
        raise BadPairError(
            f"{path}: is compressed as {_name(key.compression)}, of which it cannot be told how much a strip holds"
            f" before it is decoded; expected one of {READ}: write it anew, as with gdal_translate -co COMPRESS=DEFLATE"
        )
    if key.planarconfig not in (1, 2):
        raise BadPairError(f"{path}: its PlanarConfiguration is {key.planarconfig}; expected 1 or 2")
    if key.dtype is None or 0 in key.shaped:
        return  # which is refused when it is read
    if any(page is None for page in pages):
        missing = sum(page is None for page in pages)
        raise BadPairError(
            f"{path}: {missing} of the {len(pages)} planes that its description names are missing: it is cut off, or"
            " they lie in other files"
        )
    if series.dataoffset is not None:
        if series.dataoffset + series.nbytes > size:
            raise BadPairError(
                f"{path}: is cut off: it claims {in_words(series.nbytes)} of pixels ({series.axes} of {series.shape}),"
                f" and has {size} bytes"
            )
    elif math.prod(series.get_shape(squeeze=False)) != len(pages) * math.prod(key.shape):
        raise BadPairError(
            f"{path}: its description says {series.axes} of {series.shape}, and its {len(pages)} page(s) are of"
            f" {key.shape}"
        )
    count, (depth, rows, columns, samples) = math.prod(key.chunked), _segment(key)
    area = math.prod(key.shaped[1:4])
    if key.is_tiled and depth * rows * columns > max(area, TILE):
        raise BadPairError(f"{path}: has tiles of {columns} x {rows} pixels, for {key.imagewidth} x {key.imagelength}")
    if count > SEGMENTS and depth * rows * columns * samples < SMALLEST:
        raise BadPairError(
            f"{path}: is cut into {count} strips or tiles of {columns} x {rows} pixels; write larger ones"
        )
    if key.jpegheader is not None and 273 in key.tags:  # one JPEG, which tifffile decodes at once
        _check_jpeg(key.jpegheader, key.imagelength, key.imagewidth, key.samplesperpixel)
    elif key.is_contiguous:
        if any(page.dataoffsets[0] + key.nbytes > size for page in pages if page.dataoffsets):
            raise BadPairError(f"{path}: is cut off: a page of {in_words(key.nbytes)} lies beyond its {size} bytes")
    else:
        stored = count * depth * rows * columns * samples * key.dtype.itemsize
        for page in pages:
            _check_strips(path, page, key, count, stored, size)


def _check_strips(path: Path, page: Any, key: Any, count: int, stored: int, size: int) -> None:
    offsets, lengths = page.dataoffsets, page.databytecounts
    if min(len(offsets), len(lengths)) < count:
        raise BadPairError(f"{path}: lists {min(len(offsets), len(lengths))} of {count} strips or tiles")
    read = 0
    for index, (offset, length) in enumerate(zip_longest(offsets[:count], lengths[:count])):
        if length and offset >= size:
            raise BadPairError(
                f"{path}: is cut off: strip or tile {index} of {count} begins at byte {offset} of {size}"
            )
        read += min(length, size - offset) if length else 0
    if read > 2 * stored + size + HEADS:
        raise BadPairError(f"{path}: its strips or tiles lie over each other: {in_words(read)} of them in {size} bytes")
    most = _BYTEWISE.get(key.compression)
    whole = sum(1 for length in lengths[:count] if length)
    if most is not None and whole == count and stored > SMALL and stored > 8 * most * read:
        raise BadPairError(
            f"{path}: claims {in_words(stored)} of pixels in {read} bytes of {_name(key.compression)}, which cannot"
            " hold them"
        )


def _segment(key: Any) -> tuple[int, int, int, int]:
    """Depth, rows, columns and samples of a strip or tile."""
    samples = key.samplesperpixel if key.planarconfig == 1 else 1
    if key.is_tiled:
        return key.tiledepth, key.tilelength, key.tilewidth, samples
    return 1, key.rowsperstrip, key.imagewidth, samples


def _guard(page: Any) -> None:
    """Have each strip or tile of a page looked into before it is decoded, and a JPEG be whole."""
    if "decode" in vars(page):
        return
    depth, rows, columns, samples = _segment(page)

    def decode(data: bytes | None, index: int, /, **options: Any) -> Any:
        decoder = type(page).decode.func(page)
        if data is None:
            return decoder(data, index, **options)
        if page.compression in _JPEG:
            return _jpeg(decoder, data, index, options)
        if page.compression in _WITH_HEADER:
            height, width, channels = _WITH_HEADER[page.compression](data)
            _compare(height, width, channels, depth * rows, columns, samples)
        found = decoder(data, index, **options)
        if page.compression in _CCITT:  # as of a JPEG: what is missing is filled with white, and nothing said
            for behind in _BEHIND_FAX:
                again = decoder(data + behind, index, **options)
                if not np.array_equal(found[0], again[0]):
                    rows_there = int(np.argmax((found[0] != again[0]).any(axis=(0, 2, 3))))
                    raise CutOffError(f"a strip or tile is cut off: {rows_there} of {found[2][1]} rows are there")
        return found

    def _jpeg(decoder: Any, data: bytes, index: int, options: dict[str, Any]) -> Any:
        header = options.get("jpegheader")
        if header:  # strips that were cut out of one JPEG
            _check_jpeg(header, page.imagelength, page.imagewidth, samples)
            return decoder(data, index, **options)
        frame = walk(data)
        _compare(frame.height, frame.width, len(frame.sampling), rows, columns, samples)
        decoded: list[Any] = []

        def values(whole: bytes) -> Array:
            decoded.append(decoder(whole, index, **options))
            return decoded[-1][0][0]  # type: ignore[no-any-return]

        decode_whole(data, values, frame)
        return decoded[0]

    vars(page)["decode"] = decode  # where the cached property would be


def _check_jpeg(header: bytes, rows: int, columns: int, samples: int) -> None:
    frame = walk(header)
    _compare(frame.height, frame.width, len(frame.sampling), rows, columns, samples)


def _compare(height: int, width: int, channels: int, rows: int, columns: int, samples: int) -> None:
    """Raises ValueError where a strip or tile would become larger than the tags say, padded to whole blocks of 32."""
    most = 32 * -(-rows // 32) * 32 * -(-columns // 32) * max(samples, 1)
    if height * width * channels > most:
        raise ValueError(
            f"a strip or tile holds {width} x {height} pixels of {channels} channel(s), and the tags say"
            f" {columns} x {rows} of {samples}"
        )


def _name(compression: int) -> str:
    try:
        return COMPRESSION(compression).name
    except ValueError:
        return f"number {compression}"
