"""What a TIFF says beside its pixels survives, as tifffile, Pillow and the XML itself have it."""

from pathlib import Path
from typing import Any
from unittest import mock
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from pix2pix.pictures.codecs import read_picture
from pix2pix.pictures.meaning import Meaning, said_of
from pix2pix.pictures.tiff.writing import write_like, write_rows

RNG = np.random.default_rng(0)
GEO = [
    (33550, 12, 3, (10.0, 10.0, 0.0), True),
    (33922, 12, 6, (0.0, 0.0, 0.0, 399960.0, 5700000.0, 0.0), True),
    (34735, 3, 12, (1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32632), True),
    (34736, 12, 2, (6378137.0, 298.257223563), True),
    (34737, 2, 0, "WGS 84 / UTM zone 32N|", True),
]


def picture(*shape: int, dtype: str = "uint8") -> Any:
    return RNG.integers(0, 200, shape).astype(dtype)


def test_a_georeference(tmp_path: Path) -> None:
    source, target = tmp_path / "source.tif", tmp_path / "target.tif"
    tifffile.imwrite(
        source, picture(300, 520, dtype="uint16"), extratags=[*GEO, (42113, 2, 0, "0", True)], resolution=(300, 150)
    )
    pixels = picture(300, 520, 1, dtype="float32")
    write_like(target, pixels, source, unit="K", nodata=-9999)
    np.testing.assert_array_equal(read_picture(target), pixels)
    with Image.open(target) as image, Image.open(source) as before:
        assert isinstance(image, TiffImageFile)
        assert isinstance(before, TiffImageFile)
        assert image.mode == "F"
        np.testing.assert_array_equal(np.asarray(image), pixels[:, :, 0])
        for code, *_ in GEO:
            assert image.tag_v2[code] == before.tag_v2[code], code
        assert image.tag_v2[42113] == "-9999"
        assert (image.tag_v2[282], image.tag_v2[283]) == (300, 150)
        assert image.tag_v2[296] == before.tag_v2[296]
    with tifffile.TiffFile(target) as tiff:
        assert tiff.geotiff_metadata is not None
        assert tiff.geotiff_metadata["ProjectedCSTypeGeoKey"] == 32632
        assert tiff.shaped_metadata is not None
        assert tiff.shaped_metadata[0]["unit"] == "K"
        assert tiff.pages.first.is_tiled


def test_the_sources_nodata_is_not_that_of_the_result(tmp_path: Path) -> None:
    source, target = tmp_path / "source.tif", tmp_path / "target.tif"
    tifffile.imwrite(source, picture(20, 30), extratags=[(42113, 2, 0, "0", True)])
    write_like(target, picture(20, 30, 3), source)
    with tifffile.TiffFile(target) as tiff:
        assert 42113 not in tiff.pages.first.tags


@pytest.mark.parametrize(("shape", "dtype"), [((1,), "uint16"), ((3,), "uint8"), ((4,), "float32"), ((2,), "uint8")])
def test_ome(shape: tuple[int], dtype: str, tmp_path: Path) -> None:
    source, target = tmp_path / "source.ome.tif", tmp_path / "target.ome.tif"
    sizes = {"PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.25, "PhysicalSizeYUnit": "µm"}
    metadata = {"axes": "CYX", "Channel": {"Name": ["DAPI", "FITC"]}, **sizes}
    tifffile.imwrite(source, picture(2, 270, 260, dtype="uint16"), metadata=metadata, photometric="minisblack")
    pixels = picture(270, 260, *shape, dtype=dtype)
    (channels,) = shape
    names = [] if channels == 2 else [f"stain {index}" for index in range(channels)]
    colour = channels == 3
    write_like(target, pixels, source, names=() if colour else names)
    np.testing.assert_array_equal(read_picture(target), pixels)
    with tifffile.TiffFile(target) as tiff:
        xml = tiff.ome_metadata
        assert xml is not None
        assert tiff.series[0].axes == {1: "YX", 3: "YXS"}.get(channels, "CYX")
    tag = "{http://www.openmicroscopy.org/Schemas/OME/2016-06}"
    pixels_of = next(ElementTree.fromstring(xml).iter(f"{tag}Pixels"))
    for key, value in sizes.items():
        assert pixels_of.attrib[key] == str(value)
    found = [element.get("Name") for element in pixels_of.iter(f"{tag}Channel")]
    assert found == ([None] if colour else names or ["DAPI", "FITC"])


@pytest.mark.parametrize("xml", ["<OME", "<OME xmlns='http://www.openmicroscopy.org/Schemas/OME/2016-06'></OME>"])
def test_broken_ome_is_left_out_and_said(xml: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tifffile.imwrite(tmp_path / "source.tif", picture(20, 30))
    pixels = picture(20, 30)
    with mock.patch.object(tifffile.TiffFile, "ome_metadata", xml):
        write_like(tmp_path / "target.tif", pixels, tmp_path / "source.tif")
    assert "source.tif: its OME-XML is left out: " in caplog.text
    np.testing.assert_array_equal(read_picture(tmp_path / "target.tif")[:, :, 0], pixels)


def test_names_must_be_one_a_channel(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "source.tif", picture(20, 30))
    with pytest.raises(ValueError, match=r"2 channel name\(s\) \(a, b\) for 1 channel"):
        write_like(tmp_path / "target.tif", picture(20, 30), tmp_path / "source.tif", names=["a", "b"])


def test_another_size_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "source.tif", picture(20, 30))
    with pytest.raises(ValueError, match=r"is 20 x 30 pixels .* 20 x 31: they would be wrong"):
        write_like(tmp_path / "target.tif", picture(20, 31), tmp_path / "source.tif")


def test_rows_that_fail_leave_what_was_there(tmp_path: Path) -> None:
    source = tmp_path / "source.tif"
    tifffile.imwrite(source, picture(600, 30))
    before = source.read_bytes()

    def rows() -> Any:
        yield picture(300, 30, 1)
        raise RuntimeError("the rest is missing")

    with pytest.raises(RuntimeError, match="the rest is missing"):
        write_rows(source, rows(), (600, 30, 1), np.dtype("uint8"), source)
    assert source.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["source.tif"]


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_result_is_upright_and_says_nothing_that_was_about_other_rows(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, orientation: int
) -> None:
    source, target = tmp_path / "source.tif", tmp_path / "target.tif"
    turned = (274, 3, 1, orientation, True)
    tifffile.imwrite(source, picture(20, 30), extratags=[*GEO, turned], resolution=(300, 150))
    upright = read_picture(source)
    assert upright.shape == ((30, 20, 1) if orientation == 6 else (20, 30, 1))
    write_like(target, upright, source)
    np.testing.assert_array_equal(read_picture(target), upright)
    with tifffile.TiffFile(target) as tiff:
        tags = tiff.pages.first.tags
        assert 274 not in tags
        assert (33550 in tags) == (orientation == 1)
        assert (tags[282].value[0], tags[283].value[0]) == ((150, 300) if orientation == 6 else (300, 150))
    assert ("its georeference is left out" in caplog.text) == (orientation != 1)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_measurements_are_written_as_such(tmp_path: Path, dtype: str, channels: int) -> None:
    source, target = tmp_path / "source.tif", tmp_path / "target.tif"
    tifffile.imwrite(source, picture(20, 30))
    write_like(target, picture(20, 30, channels, dtype=dtype), source, colour=False)
    assert said_of(read_picture(target)) == Meaning(colour=False)
    write_like(target, picture(20, 30, 3, dtype=dtype), source)
    assert said_of(read_picture(target)) == Meaning()
