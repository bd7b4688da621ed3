"""Headers of pictures: junk is refused at once, however large it is, and what is odd but right is read."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from pix2pix.commands.data import main as data
from pix2pix.errors import BadPairError
from pix2pix.pictures.codecs import picture_size, read_picture
from pix2pix.pictures.headers import jpeg_header, png_header

SIZE = 30_000_000  # bytes of junk; byte by byte, or part by part, they take 5 to 40 s
QUICK = 6.0  # seconds of the processor, also with coverage measured
PICTURE = np.random.default_rng(0).integers(0, 255, (16, 24, 3), dtype=np.uint8)
JPEG = bytes(imagecodecs.jpeg8_encode(PICTURE, level=95))
SCAN = JPEG.index(b"\xff\xda")
PNG_START = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


HEAD = PNG_START + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
RUNS = struct.pack("<IHHI", 0, 0, 0, 54 + 1024) + struct.pack("<IiiHHIIiiII", 40, 4000, 4000, 1, 8, 1, 0, 0, 0, 256, 0)


def overlapping_exif() -> bytes:
    """Each of 65535 tags names all bytes of the block as its value."""
    tag = struct.pack("<HHII", 0x9286, 7, SIZE, 0)
    return b"II*\0\x08\0\0\0\xff\xff" + tag * 65535 + bytes(SIZE)


JUNK: dict[str, Callable[[], bytes]] = {
    "zeros.jpg": lambda: b"\xff\xd8" + bytes(SIZE),
    "padding.jpg": lambda: b"\xff\xd8" + b"\xff" * SIZE,
    "segments.jpg": lambda: b"\xff\xd8" + b"\xff\xfe\0\2" * (SIZE // 4),
    "markers.jpg": lambda: b"\xff\xd8" + b"\xff\0" * (SIZE // 2),
    "chunks.png": lambda: HEAD + chunk(b"tEXt") * (SIZE // 12),
    "parts.png": lambda: HEAD + chunk(b"IDAT") * (SIZE // 12),
    "exif.png": lambda: HEAD + chunk(b"IDAT") + chunk(b"eXIf", overlapping_exif()),
    "header.npy": lambda: b"\x93NUMPY\2\0" + struct.pack("<I", SIZE) + b" " * SIZE,
    "runs.bmp": lambda: b"BM" + RUNS + bytes(1024) + b"\1\7" * (SIZE // 2),
}


@pytest.mark.parametrize("name", JUNK)
def test_junk_is_refused_at_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(JUNK[name]())
    for read in (picture_size, read_picture):
        begun = time.process_time()
        if read is picture_size and name == "exif.png":
            assert picture_size(path) == (8, 8, 3)
        else:
            with pytest.raises(BadPairError, match=str(path)):
                read(path)
        assert time.process_time() - begun < QUICK


@pytest.mark.parametrize("behind", [b"\xff" * SIZE + b"\0", b"\xff\xd0" * (SIZE // 2), bytes(SIZE)])
def test_junk_in_a_scan_takes_no_longer_than_a_picture_of_its_size(tmp_path: Path, behind: bytes) -> None:
    """Decoding whole takes its time; looking for markers in it must not go over the same bytes again and again."""
    intervals = b"\xff\xdd\0\4\0\7"
    path = tmp_path / "a.jpg"
    path.write_bytes(JPEG[:SCAN] + intervals + JPEG[SCAN:-2] + behind + b"\xff\xd9")
    begun = time.process_time()
    try:
        read_picture(path)
    except BadPairError as error:
        assert str(path) in str(error)  # noqa: PT017
    assert time.process_time() - begun < 2 * QUICK


def test_an_archive_is_no_array(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", b"")
    with pytest.raises(BadPairError, match="not an NPY file"):
        picture_size(path)


def test_a_folder_of_huge_junk_is_checked_in_a_moment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for index in range(200):
        path = tmp_path / "train" / f"{index}.{'jpg' if index % 2 else 'png'}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\xff\xd8" if index % 2 else HEAD)
        with path.open("r+b") as file:
            file.truncate(200_000_000)  # without a block on the disk
    begun = time.process_time()
    assert data(["check", str(tmp_path), "--layout", "side_by_side"]) == 1
    assert time.process_time() - begun < 30
    assert "wrong      200 of the files" in capsys.readouterr().out


@pytest.mark.parametrize(
    "garbage", [b"", b"\0" * 60_000, b"\xff" * 60_000, b"\xff\0" * 5_000, b"\xff\xfe\0\2" * 10_000]
)
def test_a_jpeg_with_some_garbage_is_read(garbage: bytes) -> None:
    """As libjpeg passes it over."""
    header = jpeg_header(io.BytesIO(JPEG[:SCAN] + garbage + JPEG[SCAN:]))
    assert (header.height, header.width, header.components) == (16, 24, 3)
    assert header.scan == SCAN + len(garbage) + 2 + 2


def test_a_jpeg_that_ends_early_is_told() -> None:
    for end in range(SCAN):
        with pytest.raises(ValueError, match=r"the file ends|not a JPEG|bytes"):
            jpeg_header(io.BytesIO(JPEG[:end]))


def test_a_png_of_many_parts_is_read(tmp_path: Path) -> None:
    """Thousands of texts, or a large picture in parts of a few hundred bytes."""
    pixels = zlib.compress(bytes(8 * (1 + 8 * 3)), 0)
    small = [chunk(b"IDAT", pixels[place : place + 10]) for place in range(0, len(pixels), 10)]
    texts = HEAD + chunk(b"tEXt", b"a\0b") * 4000 + b"".join(small) + chunk(b"IEND")
    (tmp_path / "a.png").write_bytes(texts)
    assert read_picture(tmp_path / "a.png").shape == (8, 8, 3)
    large = HEAD + chunk(b"IDAT", bytes(300)) * 50_000 + chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0") + chunk(b"IEND")
    assert png_header(io.BytesIO(large)).width == 8


@pytest.mark.parametrize("orientation", [0, *range(1, 10), 0x0600])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
def test_orientations_are_those_that_pillow_reads(orientation: int, order: str, kind: int) -> None:
    mark = b"II*\0" if order == "<" else b"MM\0*"
    value = struct.pack(f"{order}{ {3: 'Hxx', 4: 'I'}[kind] }", orientation)
    tags = struct.pack(f"{order}HHI", 0x0112, kind, 1) + value
    other = struct.pack(f"{order}HHII", 0x0100, 4, 1, 3)
    block = mark + struct.pack(f"{order}I", 10) + b"--" + struct.pack(f"{order}H", 2) + other + tags + bytes(4)
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + block)
    found = exif.get(0x0112, 1)
    expected = found if 1 <= found <= 8 else 1
    segment = b"\xff\xe1" + struct.pack(">H", len(block) + 8) + b"Exif\0\0" + block
    assert jpeg_header(io.BytesIO(JPEG[:2] + segment + JPEG[2:])).orientation == expected
    png = HEAD + chunk(b"eXIf", block) + chunk(b"IDAT") + chunk(b"IEND")
    assert png_header(io.BytesIO(png)).orientation == expected
    for end in range(len(block)):  # damaged ones are no reason to refuse the picture
        cut = HEAD + chunk(b"eXIf", block[:end]) + chunk(b"IDAT") + chunk(b"IEND")
        assert png_header(io.BytesIO(cut)).orientation in (1, expected)
