"""`pix2pix translate` of TIFFs of slices, frames and pages: each is translated as if alone, and the axes stay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from tests.evaluation.untrained_runs import pairs_folder, untrained

from pix2pix import Translator
from pix2pix.commands.translate import main
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import read_picture, write_picture
from pix2pix.pictures.meaning import Meaning, said_of

SIDE = (16, 32)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("runs")
    for name, channels, domain in (
        ("grey", 1, "grey"),
        ("rgb", 3, "rgb"),
        ("stains", 2, "{kind: raw, channels: 2, range: [0, 255], dtype: uint16}"),
    ):
        pairs = pairs_folder(where / f"{name}_pairs", channels=channels, train=2, val=1)
        sides = (f"data.source={domain}", f"data.target={domain}")
        untrained(where / name, "data=side_by_side", f"data.root={pairs}", "generator.dropout=0", *sides)
    return where


def noise(*shape: int, dtype: str = "uint8") -> Array:
    return np.random.default_rng(len(shape)).integers(0, 255, shape, dtype=dtype)


def alone(run: Path, stored: Array) -> Array:
    """What the run makes of one picture, (H, W) where it has one channel."""
    values: Array = Translator.load(run)(stored)
    return values[:, :, 0] if values.shape[2] == 1 else values


KINDS: dict[str, dict[str, Any]] = {
    "shaped": {"photometric": "minisblack", "metadata": {"axes": "ZYX"}},
    "OME": {"photometric": "minisblack", "metadata": {"axes": "ZYX", "PhysicalSizeX": 0.25}, "ome": True},
    "ImageJ": {"imagej": True, "metadata": {"axes": "ZYX", "spacing": 1.5, "unit": "um"}},
    "pages": {"photometric": "minisblack", "metadata": None},
    "unnamed": {"photometric": "minisblack"},
    "big endian": {"photometric": "minisblack", "metadata": {"axes": "TYX"}, "byteorder": ">"},
    "compressed": {"photometric": "minisblack", "metadata": {"axes": "TYX"}, "compression": "zlib", "tile": (16, 16)},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_stack_becomes_a_stack_of_the_same_axes(runs: Path, tmp_path: Path, kind: str, count: int) -> None:
    stored = noise(count, *SIDE)
    tifffile.imwrite(tmp_path / "stack.tif", stored, **KINDS[kind])
    assert main([str(runs / "grey"), str(tmp_path / "stack.tif"), "-o", str(tmp_path / "out.tif")]) == 0
    with tifffile.TiffFile(tmp_path / "out.tif") as result, tifffile.TiffFile(tmp_path / "stack.tif") as source:
        assert len(result.series) == 1
        assert (result.series[0].axes, result.series[0].shape) == (source.series[0].axes, (count, *SIDE))
        assert (result.is_ome, result.is_imagej) == (source.is_ome, source.is_imagej)
        if kind == "OME":
            assert result.ome_metadata is not None
            assert 'PhysicalSizeX="0.25"' in result.ome_metadata
        if kind == "ImageJ":
            assert result.imagej_metadata is not None
            assert (result.imagej_metadata["spacing"], result.imagej_metadata["unit"]) == (1.5, "um")
    expected = np.stack([alone(runs / "grey", page) for page in stored])
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), expected)
    assert len({page.tobytes() for page in expected}) == count


@pytest.mark.parametrize(
    ("axes", "ome"), [("TZYX", False), ("TZYX", True), ("TZCYX", True), ("ZCYX", False), ("CZYX", True)]
)
def test_channels_of_a_stack_stay_together(runs: Path, tmp_path: Path, axes: str, ome: bool) -> None:
    run = runs / ("stains" if "C" in axes else "grey")
    sizes = {"T": 2, "Z": 3, "C": 2, "Y": SIDE[0], "X": SIDE[1]}
    stored = noise(*(sizes[axis] for axis in axes), dtype="uint16" if "C" in axes else "uint8")
    options: dict[str, Any] = {"photometric": "minisblack", "metadata": {"axes": axes}, "ome": ome}
    tifffile.imwrite(tmp_path / "stack.tif", stored, **options)
    assert main([str(run), str(tmp_path / "stack.tif"), "-o", str(tmp_path / "out.tif")]) == 0
    last = axes.replace("C", "").replace("YX", "") + "C" * ("C" in axes) + "YX"
    with tifffile.TiffFile(tmp_path / "out.tif") as result:
        assert result.series[0].axes == last
        assert result.is_ome == ome
        found = result.asarray()
    pages = np.moveaxis(stored, axes.index("C"), -3) if "C" in axes else stored
    for place in np.ndindex(pages.shape[: 2 if "TZ" in axes else 1]):
        page = np.moveaxis(pages[place], 0, 2) if "C" in axes else pages[place]
        expected = alone(run, page)
        np.testing.assert_array_equal(found[place], np.moveaxis(expected, 2, 0) if "C" in axes else expected)


def test_slices_in_colour_stay_in_colour(runs: Path, tmp_path: Path) -> None:
    stored = noise(4, *SIDE, 3)
    tifffile.imwrite(tmp_path / "stack.tif", stored, photometric="rgb", metadata={"axes": "ZYXS"})
    assert main([str(runs / "rgb"), str(tmp_path / "stack.tif"), "-o", str(tmp_path / "out.tif")]) == 0
    with tifffile.TiffFile(tmp_path / "out.tif") as result:
        assert (result.series[0].axes, result.pages.first.photometric) == ("ZYXS", tifffile.PHOTOMETRIC.RGB)
        np.testing.assert_array_equal(result.asarray(), [alone(runs / "rgb", page) for page in stored])


def test_three_slices_stored_as_planes_of_rgb_are_three_slices(runs: Path, tmp_path: Path) -> None:
    stored = noise(3, *SIDE)
    with pytest.warns(DeprecationWarning, match="shape"):
        tifffile.imwrite(tmp_path / "stack.tif", stored, metadata={"axes": "ZYX"})
    assert main([str(runs / "grey"), str(tmp_path / "stack.tif"), "-o", str(tmp_path / "out.tif")]) == 0
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "out.tif"), [alone(runs / "grey", each) for each in stored]
    )


def test_two_pages_are_the_two_channels_of_a_run_of_two(runs: Path, tmp_path: Path) -> None:
    stored = noise(2, *SIDE)
    tifffile.imwrite(tmp_path / "pages.tif", stored, photometric="minisblack", metadata=None)
    assert main([str(runs / "stains"), str(tmp_path / "pages.tif"), "-o", str(tmp_path / "out.tif")]) == 0
    result = tifffile.imread(tmp_path / "out.tif")
    np.testing.assert_array_equal(result, alone(runs / "stains", np.moveaxis(stored, 0, 2)))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_numbers_are_not_written_as_alpha_or_colours(runs: Path, tmp_path: Path, suffix: str) -> None:
    source = tmp_path / f"stains{suffix}"
    write_picture(source, noise(*SIDE, 2))
    assert main([str(runs / "stains"), str(source), "-o", str(tmp_path / "out")]) == 0
    (result,) = (tmp_path / "out").iterdir()
    assert result.suffix == ".tif"
    assert said_of(read_picture(result)) == Meaning(colour=False)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_alpha_is_dropped_in_tiles_too(runs: Path, tmp_path: Path, suffix: str) -> None:
    stored = noise(40, 50, 4)
    if suffix == ".png":
        write_picture(tmp_path / "rgba.png", stored)
    else:
        tifffile.imwrite(tmp_path / "rgba.tif", stored, photometric="rgb", tile=(16, 16))
    write_picture(tmp_path / f"rgb{suffix}", stored[:, :, :3])
    for name in ("rgba", "rgb"):
        common = ["--tile", "16", "--overlap", "8"]
        file = tmp_path / f"{name}{suffix}"
        assert main([str(runs / "rgb"), str(file), "-o", str(tmp_path / f"{name}_out{suffix}"), *common]) == 0
    np.testing.assert_array_equal(
        read_picture(tmp_path / f"rgba_out{suffix}"), read_picture(tmp_path / f"rgb_out{suffix}")
    )


def test_four_bands_that_nothing_calls_alpha_are_refused_in_colours(
    runs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stored = noise(*SIDE, 4)
    tifffile.imwrite(tmp_path / "bands.tif", stored, photometric="rgb", extrasamples=["unspecified"])
    for more in ([], ["--tile", "16"]):
        assert main([str(runs / "rgb"), str(tmp_path / "bands.tif"), "-o", str(tmp_path / "out"), *more]) == 1
        assert (
            "has 4 channels; the domain rgb expects 1 or 3, grey or colour, beside what files call alpha" in caplog.text
        )
        caplog.clear()
    assert not list((tmp_path / "out").iterdir())


def test_what_cannot_be_done_with_a_stack_is_told(runs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tifffile.imwrite(tmp_path / "stack.tif", noise(2, *SIDE), **KINDS["shaped"])
    stack, grey = str(tmp_path / "stack.tif"), str(runs / "grey")
    assert main([grey, stack, "-o", str(tmp_path / "out"), "--format", "png"]) == 1
    assert "holds pictures along Z, whose results make a TIFF" in caplog.text
    assert main([grey, stack, "-o", str(tmp_path / "out"), "--side-by-side"]) == 1
    assert "slices, frames or pages, which are translated one by one: leave out --side-by-side" in caplog.text
    assert not list(tmp_path.rglob("out/*"))
    assert main([str(runs / "rgb"), str(tmp_path / "stack.tif"), "-o", str(tmp_path / "out")]) == 0  # grey is repeated
