"""HEIC, as phones write it: the pixels that another library decodes, upright, and what is said where it is not read."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from pix2pix.data.sources.derived import DerivedPairs
from pix2pix.data.sources.unread import in_words
from pix2pix.errors import BadPairError
from pix2pix.pictures import heif
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import picture_size, read_picture, write_picture
from pix2pix.pictures.meaning import said_of


def clouds(channels: int, dtype: str = "uint8") -> Array:
    """(33, 48, C), which compresses well."""
    picture = np.random.default_rng(0).integers(0, 256, (5, 6, channels), dtype=np.uint8)
    bands = [Image.fromarray(band).resize((48, 33), Image.Resampling.BICUBIC) for band in picture.transpose(2, 0, 1)]
    found: Array = np.stack([np.asarray(band) for band in bands], axis=2).astype(dtype)
    return found


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_it_is_read_as_by_another_library(tmp_path: Path, channels: int, mode: str) -> None:
    picture, file = clouds(channels), tmp_path / "IMG_0001.HEIC"
    pillow_heif.encode(mode, (48, 33), picture.tobytes(), file, quality=90)
    found = read_picture(file)
    decoded = pillow_heif.read_heif(file)
    expected = np.array(decoded).reshape(33, 48, channels)
    assert np.array_equal(found, expected)
    assert np.abs(found.astype(int) - picture).mean() < 8
    assert said_of(found).alpha == (channels == 4)
    assert picture_size(file) == found.shape


def test_more_bits_come_as_sixteen(tmp_path: Path) -> None:
    picture, file = clouds(3, "uint16") * 257, tmp_path / "a.heif"
    pillow_heif.encode("RGB;16", (48, 33), picture.tobytes(), file, quality=-1)
    found = read_picture(file)
    assert found.dtype == np.uint16
    assert np.abs(found.astype(int) - picture).mean() < 2500  # of 65535
    assert not (found & 63).any()  # 10 bits


@pytest.mark.parametrize("orientation", [2, 3, 4, 5, 6, 7, 8])
def test_one_that_lies_on_its_side_is_turned(tmp_path: Path, orientation: int) -> None:
    """By HEIF's own properties, of which FFmpeg, which decodes the coded picture here, knows nothing."""
    file, exif = tmp_path / "a.heic", Image.Exif()
    picture = np.kron(np.array([[120, 255, 60], [0, 30, 200]], np.uint8), np.ones((32, 32), np.uint8))
    image = Image.fromarray(np.repeat(picture[:, :, None], 3, axis=2))
    exif[0x112] = orientation
    image.info["exif"] = exif.tobytes()
    pillow_heif.from_pillow(image).save(file, quality=90)
    with av.open(str(file)) as container:
        expected = next(container.decode(video=0)).to_ndarray(format="rgb24")
    content = file.read_bytes()
    if (place := content.find(b"irot")) > 0:
        expected = np.rot90(expected, content[place + 4] & 3)  # quarter turns against the clock
    if (place := content.find(b"imir")) > 0:
        expected = expected[::-1] if content[place + 4] & 1 == 0 else expected[:, ::-1]
    assert content.find(b"irot") > 0 or content.find(b"imir") > 0
    found = read_picture(file)
    assert picture_size(file) == found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < 6


def test_of_several_pictures_the_main_one_is_read(tmp_path: Path) -> None:
    file = tmp_path / "burst.heic"
    pictures = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for value in (10, 200, 90):
        pictures.add_from_pillow(Image.new("RGB", (64, 64), (value, value, value)))
    pictures.save(file, quality=90, primary_index=1)
    assert abs(int(read_picture(file).mean()) - 200) < 3


@pytest.mark.parametrize("kept", [0, 20, 300, -200])
def test_damaged_ones_are_told(tmp_path: Path, kept: int) -> None:
    file = tmp_path / "a.heic"
    pillow_heif.encode("RGB", (48, 33), clouds(3).tobytes(), file, quality=90)
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(BadPairError, match=r"a\.heic: (cannot be read as a \.heic picture|is empty)"):
        read_picture(file)


def test_photos_of_a_phone_are_trained_on(tmp_path: Path) -> None:
    for number in range(2):
        pillow_heif.encode("RGB", (48, 33), clouds(3).tobytes(), tmp_path / f"IMG_{number}.HEIC", quality=90)
    assert DerivedPairs(tmp_path, "train", derive="grey")[0].source.shape[:2] == (33, 48)


def test_it_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.heic files are read and not written; write \.png"):
        write_picture(tmp_path / "a.heic", clouds(3))
    assert list(tmp_path.iterdir()) == []


def test_where_the_extra_is_missing_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pix2pix.data.sources.unread.NOT_READ", frozenset(heif.SUFFIXES))
    assert "pip install 'pix2pix-lightning[heic]'" in in_words({".heic": 3})  # type: ignore[arg-type]
