"""Small files that claim, or hide, pictures far larger than they are: refused before memory is taken for them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image
from tests.hostile import mutate
from tests.hostile.mutate import try_file

from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import picture_size, read_picture
from pix2pix.pictures.rows import open_rows
from pix2pix.web.uploads import MEGAPIXEL, RefusedError, read_upload

SIDE = 10_000  # of pictures that would take 95 MiB
MOST = 80 << 20  # bytes that a reader of them may take
CLEAN = (BadPairError, RefusedError)


def training(path: Path) -> None:
    read_picture(path)


def measuring(path: Path) -> None:
    picture_size(path)
    read_picture(path)


def in_rows(path: Path) -> None:
    with open_rows(path) as rows:
        rows.read(0, rows.shape[0])


def serving(path: Path) -> None:
    read_upload(path.read_bytes(), path.name, 4 * MEGAPIXEL)


READERS = {"training": training, "data check": measuring, "in rows": in_rows, "serving": serving}


def tags(*entries: tuple[int, int, int, int | bytes], data: bytes | bytearray = b"") -> bytes:
    """A TIFF of one directory at byte 8, its `data` from byte 1000 on."""
    body = b"".join(
        struct.pack("<HHI", code, kind, count) + (value if isinstance(value, bytes) else struct.pack("<I", value))
        for code, kind, count, value in sorted(entries)
    )
    start = b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4)
    return start.ljust(1000, b"\0") + data


def one_strip(
    compression: int, data: bytes | bytearray, *, side: int = 8, samples: int = 1, bits: int = 8, kind: int = 1
) -> bytes:
    """A TIFF whose tags say side × side, and whose only strip is `data`."""
    return tags(
        (256, 4, 1, side),
        (257, 4, 1, side),
        (258, 3, 1, bits),
        (259, 3, 1, compression),
        (262, 3, 1, 1),
        (273, 4, 1, 1000),
        (277, 3, 1, samples),
        (278, 4, 1, side),
        (279, 4, 1, len(data)),
        (339, 3, 1, kind),
        data=data,
    )


FLAT = np.zeros((SIDE, SIDE), np.uint8)
HIDDEN: dict[str, Callable[[], bytes]] = {  # strips that decode to more than the tags say
    "deflate": lambda: one_strip(8, zlib.compress(FLAT.tobytes(), 9)),
    "zstd": lambda: one_strip(50000, imagecodecs.zstd_encode(FLAT.tobytes())),
    "png": lambda: one_strip(34933, imagecodecs.png_encode(FLAT, level=1)),
    "lerc": lambda: one_strip(34887, imagecodecs.lerc_encode(FLAT)),
    "jpeg": lambda: one_strip(7, imagecodecs.jpeg8_encode(FLAT)),
    "jpeg2000": lambda: one_strip(34712, imagecodecs.jpeg2k_encode(FLAT, codecformat="j2k")),
    "jpeg2000 in jp2": lambda: one_strip(34712, imagecodecs.jpeg2k_encode(FLAT, codecformat="jp2")),
    "webp": lambda: one_strip(
        50001, imagecodecs.webp_encode(np.zeros((SIDE // 2, SIDE, 3), np.uint8), lossless=True), samples=3
    ),
    "jpegxl": lambda: one_strip(50002, imagecodecs.jpegxl_encode(FLAT[:500, :500], lossless=False, effort=1)),
}


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("hidden")

    def made(name: str) -> Path:
        path = folder / f"{name}.tif"
        if not path.exists():
            path.write_bytes(HIDDEN[name]())
        return path

    return made


@pytest.mark.parametrize("reader", ["training", "in rows", "serving"])
@pytest.mark.parametrize("name", HIDDEN)
def test_a_strip_decodes_to_no_more_than_its_tags_say(
    hidden: Callable[[str], Path], name: str, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutate, "MEMORY", MOST)
    outcome = try_file(READERS[reader], hidden(name), CLEAN)
    assert outcome.kind == "clean", outcome
    if name == "lerc":
        assert f"holds {SIDE} x {SIDE} pixels of 1 channel(s), and the tags say 8 x 8 of 1" in outcome.detail


def ome(pixels: str, more: str = "") -> bytes:
    xml = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">'
        f'<Pixels DimensionOrder="XYCZT" Type="uint8" SizeX="8" SizeY="8" {pixels}</Pixels></Image>{more}</OME>'
    ).encode() + b"\0"
    file = one_strip(1, bytes(64) + xml)
    return file.replace(struct.pack("<HHII", 277, 3, 1, 1), struct.pack("<HHII", 270, 2, len(xml), 1064), 1)


MODULO = (
    '<StructuredAnnotations><XMLAnnotation ID="Annotation:0" Namespace="openmicroscopy.org/modulo"><Value><Modulo>'
    '<ModuloAlongZ Type="lifetime" Start="0" End="1e9"/></Modulo></Value></XMLAnnotation></StructuredAnnotations>'
)


def npy(shape: str, dtype: str = "|u1") -> bytes:
    head = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + bytes(64)


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def png_with(kind: bytes, start: bytes) -> bytes:
    """A whole picture, and text or a profile of 256 MiB beside it."""
    packer = zlib.compressobj(1)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    body = kind + start + bomb
    whole = imagecodecs.png_encode(np.zeros((8, 8, 3), np.uint8))
    return bytes(
        whole[:33] + struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) + whole[33:]
    )


def webp_canvas() -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + (16382).to_bytes(3, "little") * 2
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def bmp(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 118, 0, 0, 54) + head + bytes(64)


def jpeg_of(height: int, width: int) -> bytes:
    small = bytes(imagecodecs.jpeg8_encode(np.zeros((8, 8, 3), np.uint8)))
    return small.replace(struct.pack(">HHB", 8, 8, 3), struct.pack(">HHB", height, width, 3))


def many_directories() -> bytes:
    """3 million directories without a tag, each leading to the next."""
    places = 8 + 6 * np.arange(1, 3_000_001, dtype="<u4")
    places[-1] = 0
    table = np.zeros(3_000_000, np.dtype([("count", "<u2"), ("next", "<u4")]))
    table["next"] = places
    return b"II*\0" + struct.pack("<I", 8) + table.tobytes()


def many_below() -> bytes:
    """A million offsets of one directory with many tags."""
    offsets = np.full(1_000_000, 8, "<u4").tobytes()
    below = struct.pack("<HHII", 330, 4, 10**6, 1000)
    return one_strip(1, offsets).replace(struct.pack("<HHII", 277, 3, 1, 1), below, 1)


def laid_over() -> bytes:
    """60,000 strips of one row, all of which are the whole file."""
    count, data = 60_000, np.full(60_000, 1000, "<u4").tobytes() + np.full(60_000, 480_000, "<u4").tobytes()
    return tags(
        (256, 4, 1, 8), (257, 4, 1, count), (258, 3, 1, 8), (259, 3, 1, 8), (262, 3, 1, 1), (273, 4, count, 1000),
        (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, count, 1000 + 4 * count), data=data,
    )  # fmt: skip


def huge_tile() -> bytes:
    """Where the samples and the rows of a strip were, the sides of a tile."""
    file = one_strip(8, zlib.compress(bytes(100)))
    for code, kind, value in ((277, 3, 1), (278, 4, 8)):
        file = file.replace(struct.pack("<HHII", code, kind, 1, value), struct.pack("<HHII", code + 45, 4, 1, 65520), 1)
    return file


DISHONEST: dict[str, tuple[Callable[[], bytes], str]] = {  # name → the file, and what is said of it
    "planes.tif": (
        lambda: ome('SizeC="1000" SizeZ="1000" SizeT="100"><TiffData/>'),
        "names 100000000 planes, and the file holds 1",
    ),
    "count.tif": (
        lambda: ome('SizeC="1" SizeZ="1" SizeT="1"><TiffData IFD="0" PlaneCount="200000000"/>'),
        "names 200000000 planes",
    ),
    "modulo.tif": (lambda: ome('SizeC="1" SizeZ="1" SizeT="1"><TiffData/>', MODULO), "names 1000000000 planes"),
    "three.tif": (
        lambda: ome('SizeC="3" SizeZ="1" SizeT="1"><TiffData/>'),
        "2 of the 3 planes that its description names are missing",
    ),
    "ring.tif": (
        lambda: one_strip(1, bytes(64))[:130] + struct.pack("<I", 8) + bytes(866),
        "its directories form a ring",
    ),
    "directories.tif": (many_directories, "has over 65536 pages"),
    "below.tif": (many_below, "has over 65536 pictures below its pages"),
    "over.tif": (laid_over, "lie over each other"),
    "tile.tif": (
        huge_tile,
        "has tiles of 65520 x 65520 pixels, for 8 x 8",
    ),
    "short.tif": (lambda: one_strip(1, bytes(64), side=100_000), "is cut off"),
    "sparse.tif": (lambda: one_strip(50000, b"", side=100_000), "no compression does that"),
    "full.tif": (lambda: one_strip(8, zlib.compress(bytes(100)), side=100_000), "which cannot hold them"),
    "shape.npy": (lambda: npy("(1000000, 1000000)"), "cannot be read as a .npy picture"),
    "object.npy": (lambda: npy("(1, 1)", "|O"), "cannot be read as a .npy picture"),
    "header.npy": (
        lambda: b"\x93NUMPY\x02\x00" + struct.pack("<I", 10**7) + b"(" * 10**7,
        "cannot be read as a .npy picture",
    ),
    "large.png": (lambda: png(100_000, 100_000), "no compression does that"),
    "canvas.webp": (webp_canvas, "no compression does that"),
    "large.bmp": (lambda: bmp(100_000, 100_000), "exceeds limit of"),
    "large.jpg": (lambda: jpeg_of(65_000, 65_000), "no compression does that"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", DISHONEST)
def test_what_a_file_claims_is_held_against_the_file(
    tmp_path: Path, name: str, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutate, "MEMORY", MOST)
    monkeypatch.setattr(mutate, "SECONDS", 3)
    make, said = DISHONEST[name]
    (tmp_path / name).write_bytes(make())
    outcome = try_file(READERS[reader], tmp_path / name, CLEAN)
    assert outcome.kind == "clean", outcome
    if reader != "serving" or "megapixels" not in outcome.detail:
        assert said in outcome.detail


@pytest.mark.parametrize("name", ["text.png", "profile.png"])
def test_what_lies_beside_a_picture_is_not_unpacked(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutate, "MEMORY", MOST)
    kind, start = {"text.png": (b"zTXt", b"Comment\0\0"), "profile.png": (b"iCCP", b"icc\0\0")}[name]
    (tmp_path / name).write_bytes(png_with(kind, start))
    for reader in READERS.values():
        assert try_file(reader, tmp_path / name, CLEAN).kind in ("clean", "accepted")


def test_an_ome_tiff_opens_no_other_file(tmp_path: Path) -> None:
    """Its XML may name any file of this machine as the place of a plane."""
    secret = tmp_path / "secret" / "other.tif"
    secret.parent.mkdir()
    tifffile.imwrite(secret, np.full((8, 8), 77, np.uint8), photometric="minisblack", compression="zlib")
    upload = tmp_path / "uploads" / "picture.tif"
    upload.parent.mkdir()
    upload.write_bytes(
        ome('SizeC="1" SizeZ="1" SizeT="1"><TiffData><UUID FileName="../secret/other.tif">urn:uuid:1</UUID></TiffData>')
    )
    assert (tifffile.imread(upload) == 77).all()  # as tifffile reads it by itself
    np.testing.assert_array_equal(read_picture(upload), np.zeros((8, 8, 1)))


def test_more_than_the_free_memory_is_refused_with_both_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pix2pix.pictures.limits.SMALL", 2**20)
    monkeypatch.setattr("pix2pix.pictures.limits.available_memory", lambda: 3 * 2**20)
    path = tmp_path / "large.tif"
    picture = np.random.default_rng(0).integers(0, 256, (2048, 1024), dtype=np.uint8)
    tifffile.imwrite(path, picture, tile=(256, 256), photometric="minisblack")
    with pytest.raises(BadPairError, match=r"1024 x 2048 pixels .* 2 MiB, and .* 3 MiB of memory are free"):
        read_picture(path)
    with open_rows(path) as rows:  # as pictures are translated in tiles
        np.testing.assert_array_equal(rows.read(2038, 2048)[:, :, 0], picture[-10:])


HONEST: dict[str, dict[str, Any]] = {
    name: {"compression": None if name == "none" else name, "tile": (64, 64)}
    for name in ("none", "lzw", "zlib", "packbits", "zstd", "lzma", "jpeg", "jpeg2000", "webp", "lerc", "png")
}


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("name", HONEST)
def test_honest_tiffs_of_every_compression_are_read_as_tifffile_reads_them(
    tmp_path: Path, name: str, big: bool
) -> None:
    down, across = np.mgrid[:130, :200]
    picture: Array = np.stack([down, across, down + across], axis=2).clip(0, 255).astype(np.uint8)
    path = tmp_path / "picture.tif"
    tifffile.imwrite(path, picture, photometric="rgb", bigtiff=big, **HONEST[name])
    np.testing.assert_array_equal(read_picture(path), tifffile.imread(path))
    with open_rows(path) as rows:
        np.testing.assert_array_equal(rows.read(60, 70), tifffile.imread(path)[60:70])


def test_a_picture_that_was_never_written_in_parts_has_zeros_there(tmp_path: Path) -> None:
    """As GDAL writes them with SPARSE_OK."""
    path = tmp_path / "sparse.tif"
    tifffile.imwrite(path, np.zeros((64, 64), np.uint8), tile=(32, 32), compression="zlib", photometric="minisblack")
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        for code in (324, 325):
            tag = tiff.pages.first.tags[code]
            width = 2 if tag.dtype == 3 else 4
            data[tag.valueoffset : tag.valueoffset + width] = bytes(width)
    path.write_bytes(data)
    assert not read_picture(path).any()


@pytest.mark.parametrize(
    "compression", ["group3", "group4", "tiff_ccitt", "tiff_lzw", "packbits", "tiff_adobe_deflate"]
)
def test_a_strip_that_is_short_is_told(tmp_path: Path, compression: str) -> None:
    """Pillow as another writer; the strip's length in the tags becomes half."""
    path = tmp_path / "strip.tif"
    bits = np.random.default_rng(0).random((64, 96)) < 0.3
    Image.fromarray(bits if "group" in compression or "ccitt" in compression else bits.astype(np.uint8)).save(
        path, "TIFF", compression=compression
    )
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        assert len(page.dataoffsets) == 1
        tag, length = page.tags[279], page.databytecounts[0]
    read_picture(path)
    data = bytearray(path.read_bytes())
    data[tag.valueoffset : tag.valueoffset + 2] = struct.pack("<H", length // 2)
    path.write_bytes(data)
    with pytest.raises(BadPairError, match=r"cut off|corrupt|cannot be read"):
        read_picture(path)


def test_a_compression_whose_size_cannot_be_told_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "xr.tif"
    tifffile.imwrite(path, np.zeros((64, 64, 3), np.uint8), compression="jpegxr", photometric="rgb")
    with pytest.raises(BadPairError, match=r"compressed as JPEGXR.* expected one of none, PackBits"):
        read_picture(path)
