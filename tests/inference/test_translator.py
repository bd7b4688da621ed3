"""One object for every kind of picture: the same kind out, the run's own test time, and what can be changed of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import rgb2lab
from tests.evaluation.untrained_runs import pairs_folder, untrained

from pix2pix import Translator
from pix2pix.errors import BadPairError
from pix2pix.models.test_time import translate
from pix2pix.pictures.codecs import read_picture, write_picture
from pix2pix.pictures.meaning import Meaning, marked
from pix2pix.runs.run import RECORD, build_generator, generator_weights, read_checkpoint

RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (19, 22, 3), dtype=np.uint8)
HU = "data.target={kind: raw, channels: 3, range: [-1024, 3071], unit: HU}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pairs_folder(tmp_path_factory.mktemp("pairs"), train=2, val=1)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Path:
    return untrained(tmp_path_factory.mktemp("run"), "data=side_by_side", f"data.root={folder}")


@pytest.fixture(scope="module")
def derived(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Path:
    """Runs of derived data, by what is derived."""
    where = tmp_path_factory.mktemp("derived")
    common = ("data=derived", f"data.root={folder}")
    untrained(where / "grey", *common, "data.derive=grey")
    untrained(where / "edges", *common, "data.derive=edges")
    untrained(where / "holes", *common, "data.derive=holes", "data.holes.only=true")
    return where


def test_array_tensor_image_and_file_give_the_same(run: Path, tmp_path: Path) -> None:
    translator = Translator.load(run)
    expected = translator(PHOTO, "a")
    assert expected.shape == PHOTO.shape
    assert expected.dtype == np.uint8
    image = translator(Image.fromarray(PHOTO), "a")
    assert image.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image), expected)
    tensor = translator(torch.from_numpy(PHOTO).permute(2, 0, 1), "a")
    assert tensor.dtype == torch.uint8
    np.testing.assert_array_equal(tensor.permute(1, 2, 0).numpy(), expected)
    write_picture(tmp_path / "a.png", PHOTO)
    written = translator(tmp_path / "a.png", to=tmp_path / "b.png")
    assert written == tmp_path / "b.png"
    np.testing.assert_array_equal(read_picture(written), expected)  # a file's name is its stem


def test_a_batch_is_its_pictures_each_alone(run: Path) -> None:
    translator = Translator.load(run)
    batch = torch.from_numpy(RNG.integers(0, 256, (3, 3, 16, 17), dtype=np.uint8))
    together = translator(batch, ["a", "b", "c"])
    assert together.shape == batch.shape
    for index, name in ((2, "c"), (0, "a")):
        assert torch.equal(together[index], translator(batch[index], name))
    with pytest.raises(ValueError, match="name holds 2 names for 3 pictures"):
        translator(batch, ["a", "b"])
    with pytest.raises(TypeError, match="one picture has one name"):
        translator(PHOTO, ["a", "b"])  # type: ignore[call-overload]


def test_without_more_the_test_time_is_that_of_the_runs_validation(tmp_path: Path, folder: Path) -> None:
    for noise, statistics in (("true", "picture"), ("false", "running")):
        settings = (f"translation.noise={noise}", f"translation.statistics={statistics}", "seed=5")
        run = untrained(tmp_path / noise, "data=side_by_side", f"data.root={folder}", *settings)
        content = read_checkpoint(run)
        generator = build_generator(content[RECORD])
        generator.load_state_dict(generator_weights(content))
        translator = Translator.load(run)
        source = torch.from_numpy(translator.source.encode(PHOTO))[None]
        expected = translate(generator, source, ["a"], noise=noise == "true", statistics=statistics, seed=5)  # type: ignore[arg-type]
        np.testing.assert_array_equal(translator(PHOTO, "a"), translator.target.decode(expected[0].numpy()))


def test_what_can_be_changed_of_it(run: Path) -> None:
    usual = Translator.load(run)(PHOTO, "a")
    assert Translator.load(run).network.draws_noise
    for changed in ({"noise": False}, {"statistics": "running"}, {"seed": 1}):
        assert not np.array_equal(Translator.load(run, **changed)(PHOTO, "a"), usual)
    silent = Translator.load(run, noise=False)
    assert not silent.network.draws_noise
    np.testing.assert_array_equal(silent(PHOTO, "a"), silent(PHOTO, "b"))
    with pytest.raises(ValueError, match="'gpu' is no device"):
        Translator.load(run, device="gpu")


def test_noise_is_not_asked_of_a_generator_without(tmp_path: Path, folder: Path) -> None:
    run = untrained(tmp_path, "data=side_by_side", f"data.root={folder}", "generator.dropout=0")
    with pytest.raises(ValueError, match="no noise that could be switched on"):
        Translator.load(run, noise=True)
    assert not Translator.load(run).network.draws_noise


def test_bfloat16_has_the_same_noise(tmp_path: Path, folder: Path) -> None:
    for layout in ("auto", "true"):
        settings = ("data=side_by_side", f"data.root={folder}", f"training.channels_last={layout}")
        run = untrained(tmp_path / layout, *settings)
        exact = Translator.load(run)(PHOTO, "a").astype(float)
        fast = Translator.load(run, precision="bf16")
        near = np.abs(fast(PHOTO, "a") - exact).mean()
        assert 0 < near < 0.2 * np.abs(fast(PHOTO, "b") - exact).mean()


def test_the_target_decides_the_numbers(tmp_path: Path, folder: Path) -> None:
    translator = Translator.load(untrained(tmp_path / "run", "data=side_by_side", f"data.root={folder}", HU))
    assert translator(PHOTO).dtype == np.float32
    assert translator(torch.from_numpy(PHOTO).permute(2, 0, 1)).dtype == torch.float32
    with pytest.raises(ValueError, match=r"3 channel\(s\) of float32, and Pillow has no mode"):
        translator(Image.fromarray(PHOTO))
    with pytest.raises(BadPairError, match=r"holds float32; the domain rgb expects uint8"):
        translator(PHOTO.astype(np.float32))
    with pytest.raises(BadPairError, match=r"shape \(19, 22\); expected \(C, H, W\)"):
        translator(torch.zeros(19, 22))


def test_files_are_not_replaced_unasked(run: Path, tmp_path: Path) -> None:
    translator = Translator.load(run)
    write_picture(tmp_path / "a.png", PHOTO)
    with pytest.raises(TypeError, match=r"say which, to="):
        translator(tmp_path / "a.png")  # type: ignore[call-overload]
    with pytest.raises(FileExistsError, match="is there already"):
        translator(tmp_path / "a.png", to=tmp_path / "a.png")
    translator(tmp_path / "a.png", to=tmp_path / "a.png", overwrite=True)
    assert not np.array_equal(read_picture(tmp_path / "a.png"), PHOTO)


def test_colourisation_gives_people_rgb_of_the_sources_lightness(derived: Path, tmp_path: Path) -> None:
    translator = Translator.load(derived / "grey")
    values = translator(PHOTO, "a")
    assert values.shape == (19, 22, 2)
    assert values.dtype == np.float32
    smooth = Image.fromarray(PHOTO).resize((40, 40), Image.Resampling.BICUBIC).convert("L").convert("RGB")
    coloured = np.asarray(translator(smooth, "a"))
    assert coloured.shape == (40, 40, 3)
    lightness = [rgb2lab(each)[:, :, 0] for each in (np.asarray(smooth), coloured)]
    assert np.median(np.abs(lightness[0] - lightness[1])) < 0.5  # but for colours that sRGB does not have
    write_picture(tmp_path / "a.png", np.asarray(smooth))
    np.testing.assert_array_equal(read_picture(translator(tmp_path / "a.png", to=tmp_path / "b.png")), coloured)


def test_known_pixels_are_kept_where_the_training_looked_at_holes_alone(derived: Path) -> None:
    translator = Translator.load(derived / "holes")
    hole = np.zeros((19, 22), bool)
    hole[4:11, 3:15] = True
    holed = PHOTO.copy()
    holed[hole] = 128
    holed[15, 15] = 128  # a colour of the photo
    translated = translator(holed, "a")
    np.testing.assert_array_equal(translated[~hole], holed[~hole])
    assert (translated[hole] != 128).any(axis=1).mean() > 0.9
    erased = np.dstack([PHOTO, np.where(hole, 0, 255).astype(np.uint8)])
    erased[15, 15, :3] = 128
    np.testing.assert_array_equal(translator(marked(erased, Meaning(alpha=True)), "a"), translated)
    np.testing.assert_array_equal(np.asarray(translator(Image.fromarray(erased), "a")), translated)
    with pytest.raises(BadPairError, match="has 4 channels"):  # of an array nothing says which is alpha
        translator(erased, "a")


def test_sources_are_derived_as_in_the_training(derived: Path, run: Path) -> None:
    lines = Translator.load(derived / "edges").derive(np.kron(PHOTO[:4, :4], np.ones((8, 8, 1), np.uint8)), "a")
    assert set(np.unique(lines)) == {0, 255}
    translator = Translator.load(derived / "holes")
    assert (translator.derive(PHOTO, "a") != translator.derive(PHOTO, "b")).any()  # where holes are goes by the name
    with pytest.raises(ValueError, match="nothing to derive"):
        Translator.load(run).derive(PHOTO, "a")


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK"])
def test_images_of_other_modes_are_read_as_files_are(run: Path, mode: str) -> None:
    image = Image.fromarray(PHOTO).convert(mode)
    translated = Translator.load(run)(image, "a")
    assert (translated.mode, translated.size) == ("RGB", image.size)
    expected = Translator.load(run)(np.asarray(image.convert("RGB")), "a")
    np.testing.assert_array_equal(np.asarray(translated), expected)


def test_importing_the_package_does_not_import_torch() -> None:
    program = "import sys, pix2pix; assert 'torch' not in sys.modules; assert not hasattr(pix2pix, 'Nothing')"
    subprocess.run([sys.executable, "-c", program], check=True)
