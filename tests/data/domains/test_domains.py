"""Domains: exactness of the way to [-1, 1] and back, what is refused and how, and what people are shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pix2pix.data.domains import Domain, Grey, LabAb, Labels, LabL, Raw, Rgb, domain_from_dict, measure_range, view_pair
from pix2pix.errors import BadPairError
from pix2pix.pictures.array import Array
from pix2pix.pictures.codecs import read_picture
from pix2pix.pictures.meaning import Meaning, marked

FACADES = Path(__file__).parents[3] / ".." / "shared" / "data" / "facades" / "train"
PALETTE = ((0, 0, 0), (255, 0, 0), (0, 170, 85), (10, 20, 30))


def noise(dtype: str, channels: int, height: int = 20, width: int = 30) -> Array:
    rng = np.random.default_rng(channels)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, (height, width, channels), dtype=dtype, endpoint=True)


def with_alpha(stored: Array) -> Array:
    return marked(stored, Meaning(alpha=True))


def there_and_back(domain: Domain, stored: Array) -> Array:
    return domain.decode(domain.encode(domain.prepare(stored, "test").values))


DOMAINS: list[Domain] = [
    Rgb(),
    Rgb(bits=16),
    Grey(),
    Labels(palette=PALETTE),
    Labels(classes=300),
    Labels(palette=PALETTE, encoding="colours"),
    LabL(),
    LabAb(),
    Raw(3, (-1024, 3071), unit="HU", nodata=-9999, dtype="int16"),
    Raw(2, ((0, 1), (-5.5, 10))),
    Raw(13),
]


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
def test_plain_values_make_an_equal_domain(domain: Domain) -> None:
    values = json.loads(json.dumps(domain.to_dict()))
    assert values == domain.to_dict()  # lists, not tuples
    assert domain_from_dict(values) == domain
    assert hash(domain_from_dict(values)) == hash(domain)


@pytest.mark.parametrize(
    ("domain", "stored"),
    [(Rgb(), noise("uint8", 3)), (Rgb(16), noise("uint16", 3)), (Grey(), noise("uint8", 1)),
     (Grey(16), noise("uint16", 1)),
     (Labels(PALETTE), noise("uint8", 3)), (Labels(classes=256), noise("uint8", 1)), (LabL(), noise("uint8", 3)),
     (LabAb(), noise("uint8", 3)), (Raw(5, (0, 40000)), noise("uint16", 5))],
    ids=lambda case: case.kind if hasattr(case, "kind") else "",
)  # fmt: skip
def test_encoded_pictures_are_contiguous_float32_channels_first_within_1(domain: Domain, stored: Array) -> None:
    encoded = domain.encode(domain.prepare(stored, "test").values[:, ::-1])
    assert encoded.shape == (domain.channels, 20, 30)
    assert encoded.dtype == np.float32
    assert encoded.flags.c_contiguous
    assert encoded.min() >= -1
    assert encoded.max() <= 1


@pytest.mark.parametrize(
    ("domain", "dtype", "count"),
    [(Rgb(), "uint8", 256), (Rgb(16), "uint16", 65536), (Grey(), "uint8", 256), (Grey(16), "uint16", 65536),
     (Raw(1, (0, 65535), dtype="uint16"), "uint16", 65536), (Raw(1, (0, 4095), dtype="uint16"), "uint16", 4096),
     (Raw(1, (-32768, 32767), dtype="int16"), "int16", 65536), (Raw(1, (-1024, 3071), dtype="int16"), "int16", 4096)],
)  # fmt: skip
def test_every_whole_number_survives(domain: Domain, dtype: str, count: int) -> None:
    low = {"int16": -32768 if count == 65536 else -1024}.get(dtype, 0)
    stored = np.repeat(np.arange(low, low + count).astype(dtype).reshape(1, -1, 1), domain.channels, axis=2)
    back = there_and_back(domain, stored)
    assert back.dtype == stored.dtype
    np.testing.assert_array_equal(back, stored)
    encoded = domain.encode(domain.prepare(stored, "test").values)
    assert (encoded[0, 0, 0], encoded[0, 0, -1]) == (-1, 1)


def test_8_bits_are_encoded_by_the_usual_formula() -> None:
    stored = noise("uint8", 3)
    np.testing.assert_allclose(Rgb().encode(stored).transpose(1, 2, 0), stored / 127.5 - 1, atol=1e-7)


def test_decoding_clips_what_a_network_without_tanh_may_give() -> None:
    encoded = np.array([-3, -1, 0, 1, 3], np.float32).reshape(1, 1, 5)
    assert Grey().decode(encoded).ravel().tolist() == [0, 0, 128, 255, 255]
    assert Raw(1, (10, 20)).decode(encoded).ravel().tolist() == [10, 10, 15, 20, 20]
    assert LabL().decode(encoded).ravel().tolist() == [0, 0, 50, 100, 100]


def test_grey_takes_the_luma_that_pillow_takes() -> None:
    colour = noise("uint8", 3)
    luma = np.asarray(Image.fromarray(colour).convert("L"))
    np.testing.assert_array_equal(Grey().prepare(colour, "test").values[:, :, 0], luma)
    np.testing.assert_array_equal(
        there_and_back(Grey(), with_alpha(np.dstack([colour, colour[:, :, :1]])))[:, :, 0], luma
    )
    white = np.full((2, 2, 3), 65535, np.uint16)
    assert Grey(16).prepare(white, "test").values.min() == 65535


def test_rgb_repeats_grey_and_drops_alpha() -> None:
    stored = noise("uint8", 4)
    np.testing.assert_array_equal(Rgb().prepare(with_alpha(stored), "test").values, stored[:, :, :3])
    for grey in (stored[:, :, :1], with_alpha(stored[:, :, :2])):
        np.testing.assert_array_equal(Rgb().prepare(grey, "test").values, np.repeat(stored[:, :, :1], 3, axis=2))


@pytest.mark.parametrize(
    ("domain", "stored", "message"),
    [
        (Rgb(), noise("uint16", 3), r"a\.png: holds uint16; the domain rgb expects uint8 here; set bits=16"),
        (Grey(16), noise("uint8", 1), r"a\.png: holds uint8; the domain grey expects uint16 here; set bits=8"),
        (LabAb(), noise("uint16", 3), r"a\.png: holds uint16; .*use the domain raw"),
        (Rgb(), noise("uint8", 3).astype(np.float32), r"a\.png: holds float32; .*use the domain raw"),
        (Rgb(), noise("uint8", 5), r"a\.png: has 5 channels; .*channels=5"),
        (Rgb(), noise("uint8", 4), r"a\.png: has 4 channels; .*1 or 3.*\{kind:raw,channels:4,range:measured\}"),
        (Grey(16), noise("uint16", 2), r"a\.png: has 2 channels; .*\{kind:raw,channels:2,range:measured\}"),
        (LabL(), noise("uint8", 2), r"a\.png: has 2 channels; the domain lab_l expects 1 or 3"),
        (Labels(PALETTE), noise("uint8", 4), r"a\.png: has 4 channel\(s\) of uint8; expected the palette's colours"),
        (Labels(classes=4), noise("uint8", 2), r"a\.png: has 2 channel\(s\) .*expected 1 channel of class indices"),
        (Labels(PALETTE), noise("uint8", 1), r"a\.png: has 1 channel without colour, .*set classes=4 and no palette"),
        (Labels(PALETTE), noise("uint16", 3), r"a\.png: has 3 channel\(s\) of uint16; expected the palette's colours"),
        (Labels(classes=4), noise("uint8", 3), r"a\.png: has 3 channel\(s\) .*give the domain labels its palette"),
        (Labels(classes=4), np.full((2, 2, 1), 4), r"a\.png: holds the class indices 4 to 4; expected 0 to 3"),
        (Labels(classes=4), np.full((2, 2, 1), -1), r"a\.png: holds the class indices -1 to -1"),
        (Raw(2, (0, 1)), noise("uint8", 3), r"a\.png: has 3 channel\(s\); the domain raw expects 2; .*set channels=3"),
    ],
)
def test_a_picture_of_another_domain_is_a_bad_pair(domain: Domain, stored: Array, message: str) -> None:
    with pytest.raises(BadPairError, match=message):
        domain.prepare(stored, "a.png")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "rbg"}, r"kind is 'rbg'; expected one of rgb, grey, .*did you mean rgb\?"),
        ({}, "kind is None"),
        ({"kind": "rgb", "bit": 8}, r"domain rgb: unknown key 'bit'; expected one of bits; did you mean bits\?"),
        ({"kind": "lab_l", "bits": 8}, "domain lab_l: unknown key 'bits'; expected no key but kind"),
        ({"kind": "rgb", "bits": 12}, "rgb: bits is 12; expected 8 or 16"),
        ({"kind": "labels"}, "labels: classes is None"),
        ({"kind": "labels", "palette": [[0, 0, 0], [0, 0, 0]]}, r"\[0, 0, 0\] twice"),
        ({"kind": "labels", "palette": [[0, 0, 256]]}, r"expected \[red, green, blue\] from 0 to 255"),
        ({"kind": "labels", "palette": [[0, 0, 0], [1, 1, 1]], "classes": 3}, "classes is 3, but the palette has 2"),
        ({"kind": "raw", "range": [3, 3]}, r"range has \[3.0, 3.0\]"),
        ({"kind": "raw", "range": [0, float("nan")]}, "finite low below high"),
        ({"kind": "raw", "range": "guess"}, "range is 'guess'"),
        ({"kind": "raw", "range": [1, 2, 3]}, r"expected \[low, high\]"),
        ({"kind": "raw", "channels": 3, "range": [[0, 1], [0, 1]]}, r"2 pair\(s\) for 3 channel\(s\)"),
        ({"kind": "raw", "channels": 0, "range": [0, 1]}, "channels is 0"),
        ({"kind": "raw", "range": [0, 1], "dtype": "float"}, "dtype is 'float'"),
    ],
)
def test_a_wrong_description_says_what_to_write(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        domain_from_dict(values)


def test_palette_colours_are_exact() -> None:
    classes = np.random.default_rng(0).integers(0, 4, (20, 30))
    stored = np.array(PALETTE, np.uint8)[classes]
    labels = Labels(PALETTE)
    prepared = labels.prepare(stored, "test")
    assert prepared.changed == 0
    assert prepared.valid is None
    np.testing.assert_array_equal(prepared.values[:, :, 0], classes)
    encoded = labels.encode(prepared.values)
    np.testing.assert_array_equal(encoded, 2 * (np.arange(4)[:, None, None] == classes) - 1)
    np.testing.assert_array_equal(labels.decode(encoded), stored)


@pytest.mark.parametrize("classes", [4, 300])
def test_other_colours_snap_to_the_nearest_and_are_counted(classes: int) -> None:
    rng = np.random.default_rng(1)
    palette = np.unique(rng.integers(0, 256, (classes, 3)), axis=0)
    labels = Labels(tuple(map(tuple, palette.tolist())))
    for seed in range(3):  # later pictures meet colours that were met before
        stored = np.random.default_rng(seed // 2).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        stored[:16] = palette[rng.integers(0, len(palette), (16, 64))]
        distances = ((stored[:, :, None].astype(int) - palette) ** 2).sum(axis=3)
        prepared = labels.prepare(stored, "test")
        np.testing.assert_array_equal(prepared.values[:, :, 0], distances.argmin(axis=2))
        assert prepared.changed == pytest.approx(np.mean(distances.min(axis=2) > 0))


def test_labels_in_colours_are_those_of_the_palette_and_become_the_nearest() -> None:
    rng = np.random.default_rng(2)
    palette = np.unique(rng.integers(0, 256, (12, 3)), axis=0)
    labels = Labels(tuple(map(tuple, palette.tolist())), encoding="colours")
    assert (labels.channels, labels.class_count) == (3, len(palette))
    stored = palette[rng.integers(0, len(palette), (20, 30))].astype(np.uint8)
    encoded = labels.encode(labels.prepare(stored, "test").values)
    assert encoded.dtype == np.float32
    np.testing.assert_allclose((encoded + 1) * 127.5, stored.transpose(2, 0, 1), atol=1e-4)
    np.testing.assert_array_equal(labels.decode(encoded), stored)

    regressed = rng.uniform(-1, 1, (3, 40, 50)).astype(np.float32)
    distances = (((regressed.transpose(1, 2, 0)[:, :, None] + 1) * 127.5 - palette) ** 2).sum(axis=3)
    np.testing.assert_array_equal(labels.nearest(regressed), distances.argmin(axis=2))
    np.testing.assert_array_equal(labels.decode(regressed), palette[distances.argmin(axis=2)])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classes": 4, "encoding": "colours"}, "encoding is colours, but there is no palette"),
        ({"palette": PALETTE, "encoding": "rgb"}, "encoding is 'rgb'; expected planes or colours"),
    ],
)
def test_an_encoding_that_cannot_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Labels(**settings)


def test_grey_files_have_the_colours_of_a_grey_palette() -> None:
    labels = Labels(((0, 0, 0), (255, 255, 255)))
    mask = np.array([[0, 255], [255, 3]], np.uint8)[:, :, None]
    prepared = labels.prepare(mask, "test")
    assert prepared.values[:, :, 0].tolist() == [[0, 1], [1, 0]]
    assert prepared.changed == 0.25


def test_indices_come_back_in_the_smallest_dtype() -> None:
    for classes, dtype in ((256, np.uint8), (300, np.uint16)):
        stored = np.arange(classes).reshape(4, -1, 1)
        back = there_and_back(Labels(classes=classes), stored)
        assert back.dtype == dtype
        np.testing.assert_array_equal(back, stored)


@pytest.mark.skipif(not FACADES.exists(), reason="needs the facades beside the project")
def test_labels_blurred_by_jpeg_get_the_nearest_class() -> None:
    blues = [(0, 0, 222), (0, 48, 255), (0, 128, 255), (0, 208, 255), (32, 255, 224), (112, 255, 144)]
    palette = (*blues, (192, 255, 64), (255, 240, 0), (255, 160, 0), (255, 80, 0), (255, 0, 0), (174, 0, 0))
    for number in (1, 2):
        stored = read_picture(FACADES / f"{number}.jpg")[:, 256:]
        distances = ((stored[:, :, None].astype(int) - palette) ** 2).sum(axis=3)
        prepared = Labels(palette).prepare(stored, "test")
        np.testing.assert_array_equal(prepared.values[:, :, 0], distances.argmin(axis=2))
        assert prepared.changed == np.mean(distances.min(axis=2) > 0) > 0.5


def test_raw_clips_and_counts() -> None:
    stored = np.array([[-2000, -1024], [0, 5000]], np.int16)[:, :, None]
    raw = Raw(1, (-1024, 3071), unit="HU", dtype="int16")
    prepared = raw.prepare(stored, "test")
    assert prepared.changed == 0.5
    assert prepared.valid is None
    assert raw.decode(raw.encode(prepared.values)).ravel().tolist() == [-1024, -1024, 0, 3071]
    assert raw.encode(np.full((1, 1, 1), 1e9, np.float32)).item() == 1  # what resizing overshoots


def test_raw_has_a_range_a_channel() -> None:
    raw = Raw(2, ((0, 10), (-1, 1)))
    encoded = raw.encode(np.array([[[5, 0.5], [10, -1]]], np.float32))
    assert encoded.tolist() == [[[0, 1]], [[0.5, -1]]]
    assert raw.decode(encoded).tolist() == [[[5, 0.5], [10, -1]]]


def test_float_values_come_back_to_a_ten_millionth_of_the_range() -> None:
    stored = np.random.default_rng(0).uniform(1000, 1010, (50, 50, 2)).astype(np.float32)
    back = there_and_back(Raw(2, (1000, 1010)), stored)
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, stored, atol=10 * 1.2e-7 + 1010 * 2**-24)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16"])
def test_pixels_without_data_are_not_valid_and_low(dtype: str) -> None:
    stored = np.full((2, 3, 2), 7, dtype)
    bad = np.zeros((2, 3), bool)
    stored[0, 0, 1], bad[0, 0] = -9999, True
    if dtype != "int16":
        stored[0, 1, 0], bad[0, 1] = np.nan, True
        stored[1, 2], bad[1, 2] = np.inf, True
        stored[1, 0], bad[1, 0] = -np.inf, True
    raw = Raw(2, ((0, 10), (5, 6)), nodata=-9999)
    prepared = raw.prepare(stored, "test")
    assert prepared.valid is not None
    np.testing.assert_array_equal(~prepared.valid, bad)
    np.testing.assert_array_equal(prepared.values[bad], [[0, 5]] * int(bad.sum()))
    np.testing.assert_array_equal(prepared.values[~bad], [[7, 6]] * int((~bad).sum()))
    assert prepared.changed == 0.5  # of the valid values: 7 is above 6
    assert np.isfinite(raw.encode(prepared.values)).all()


@pytest.mark.parametrize(
    ("dtype", "range", "nodata", "beside"),
    [
        ("uint8", (0, 200), 0, 1),
        ("uint8", (0, 200), 200, 199),
        ("uint8", (0, 510), 255, 254),  # the largest that there is
        ("int16", (-5, 5), 0, 1),
        ("float32", (0, 200), 0, np.nextafter(np.float32(0), np.float32(1))),
        ("float64", (0, 200), 200, np.nextafter(200.0, 0.0)),
    ],
)
def test_nodata_is_never_invented(dtype: str, range: tuple[float, float], nodata: float, beside: float) -> None:
    """What the network says is a value, though it be the number that stands for none."""
    low, high = range
    raw, plain = (Raw(2, ((low, high), (low, high)), nodata=each, dtype=dtype) for each in (nodata, None))
    steps = np.linspace(-1, 1, 11, dtype=np.float32)
    encoded = np.stack([np.stack([steps, steps[::-1]])] * 2)
    found, expected = raw.decode(encoded), plain.decode(encoded)
    assert (expected == nodata).sum() >= 4
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, np.where(expected == nodata, beside, expected).astype(dtype))


@pytest.mark.parametrize("domain", [Rgb(), Grey(), LabL(), LabAb()])
def test_colours_have_no_value_where_their_file_says_so_of_all_channels(domain: Domain) -> None:
    stored = np.full((2, 3, 3), 7, np.uint8)
    stored[0, 0] = 0
    stored[0, 1] = (0, 9, 0)  # a colour
    assert domain.prepare(stored, "test").valid is None
    said = domain.prepare(marked(stored, Meaning(nodata=0)), "test").valid
    assert said is not None
    assert said.tolist() == [[False, True, True], [True, True, True]]
    assert domain.prepare(marked(stored, Meaning(nodata=1)), "test").valid is None
    alpha = np.concatenate([stored, np.full((2, 3, 1), 255, np.uint8)], axis=2)
    found = domain.prepare(marked(alpha, Meaning(alpha=True, nodata=0)), "test").valid
    assert found is not None
    np.testing.assert_array_equal(found, said)


def test_a_nodata_of_float32_is_found_by_its_decimal_digits() -> None:
    stored = np.array([[[-3.4028235e38], [0.1]]], np.float32)
    for nodata, valid in ((-3.4028235e38, [[False, True]]), (0.1, [[True, False]])):
        found = Raw(1, (0, 1), nodata=nodata).prepare(stored, "test").valid
        assert found is not None
        assert found.tolist() == valid


def test_a_picture_with_no_valid_pixel_has_changed_nothing() -> None:
    prepared = Raw(1, (0, 1)).prepare(np.full((2, 2, 1), np.nan), "test")
    assert prepared.changed == 0
    assert prepared.valid is not None
    assert not prepared.valid.any()


def test_a_measured_range_is_needed_before_use() -> None:
    raw = Raw(1)
    assert raw.range == "measured"
    picture = np.zeros((1, 1, 1), np.float32)
    for use in (lambda: raw.prepare(picture, "test"), lambda: raw.encode(picture), lambda: raw.decode(picture)):
        with pytest.raises(ValueError, match="has not been measured yet"):
            use()
    resolved = raw.resolved(measure_range([np.array([[[2.0], [6.0]]])]))
    assert resolved.range != "measured"
    assert resolved == Raw(1, ((2, 6),))
    assert domain_from_dict(resolved.to_dict()) == resolved


def test_measuring_leaves_out_what_is_not_valid() -> None:
    first = np.array([[[1, 10], [np.nan, 99], [-5, 20]]], np.float32)
    second = np.array([[[3, -9999], [2, np.inf]], [[4, 15], [0, 12]]], np.float32)
    empty = np.full((1, 1, 2), np.nan, np.float32)
    assert measure_range(iter([first, empty, second]), nodata=-9999) == ((-5, 4), (10, 20))
    assert measure_range([np.array([[[0], [65535]]], np.uint16)]) == ((0, 65535),)


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        ([], "no picture with a valid pixel"),
        ([np.full((1, 1, 1), np.nan)], "no picture with a valid pixel"),
        ([np.zeros((1, 1, 1)), np.zeros((1, 1, 2))], r"pictures of \[1, 2\] channels"),
        ([np.array([[[1.0, 5.0], [2.0, 5.0]]])], "channel 1 is 5.0 everywhere"),
    ],
)
def test_what_cannot_be_measured_says_why(pictures: list[Array], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        measure_range(pictures)


def test_lab_is_scaled_by_50_and_110() -> None:
    color = pytest.importorskip("skimage.color")
    stored = noise("uint8", 3)
    lab = color.rgb2lab(stored)
    np.testing.assert_allclose(LabL().encode(stored)[0], lab[:, :, 0] / 50 - 1, atol=1e-4)
    np.testing.assert_allclose(LabAb().encode(stored).transpose(1, 2, 0), lab[:, :, 1:] / 110, atol=1e-4)
    np.testing.assert_allclose(there_and_back(LabL(), stored), lab[:, :, :1], atol=1e-3)
    np.testing.assert_allclose(there_and_back(LabAb(), stored), lab[:, :, 1:], atol=1e-3)


def encoded(domain: Domain, stored: Array) -> Array:
    return domain.encode(domain.prepare(stored, "test").values)


def test_lightness_and_colours_are_shown_as_the_photograph() -> None:
    photo = noise("uint8", 3)
    source, target = view_pair(LabL(), LabAb(), encoded(LabL(), photo), encoded(LabAb(), photo))
    np.testing.assert_array_equal(target, photo)
    assert (np.ptp(source, axis=2) <= 1).all()  # grey
    colours, lightness = view_pair(LabAb(), LabL(), encoded(LabAb(), photo), encoded(LabL(), photo))
    np.testing.assert_array_equal(colours, target)
    np.testing.assert_array_equal(lightness, source)
    _, on_rgb = view_pair(Rgb(), LabAb(), encoded(Rgb(), photo), encoded(LabAb(), photo))
    np.testing.assert_array_equal(on_rgb, photo)
    flat, _ = view_pair(LabAb(), LabAb(), encoded(LabAb(), photo), encoded(LabAb(), photo))
    assert flat.shape == (20, 30, 3)


def test_rgb_grey_and_palettes_are_shown_in_their_colours() -> None:
    photo = noise("uint8", 3)
    deep = noise("uint16", 1)
    shown, grey = view_pair(Rgb(), Grey(16), encoded(Rgb(), photo), encoded(Grey(16), deep))
    np.testing.assert_array_equal(shown, photo)
    assert np.abs(grey.astype(int) - np.rint(deep / 257)).max() <= 1
    stored = np.array(PALETTE, np.uint8)[noise("uint8", 1)[:, :, 0] % 4]
    by_palette, by_index = view_pair(
        Labels(PALETTE), Labels(classes=40), encoded(Labels(PALETTE), stored), encoded(Labels(classes=40), deep // 1639)
    )
    np.testing.assert_array_equal(by_palette, stored)
    assert len(np.unique(by_index.reshape(-1, 3), axis=0)) == len(np.unique(deep // 1639))


@pytest.mark.parametrize(("channels", "shown"), [(1, (0, 0, 0)), (2, (0, 1, 0)), (3, (0, 1, 2)), (13, (0, 1, 2))])
def test_raw_is_shown_by_its_first_channels_over_its_range(channels: int, shown: tuple[int, int, int]) -> None:
    stored = noise("uint16", channels)
    raw = Raw(channels, (0, 65535))
    picture, again = view_pair(raw, raw, encoded(raw, stored), encoded(raw, stored))
    assert picture.dtype == np.uint8
    assert np.abs(picture.astype(int) - np.rint(stored[:, :, shown] / 257)).max() <= 1
    np.testing.assert_array_equal(picture, again)


@pytest.mark.parametrize(("dtype", "nodata"), [("uint8", 255), ("int16", -1), ("uint16", 65535)])
def test_indices_of_no_class_do_not_count(dtype: str, nodata: int) -> None:
    stored = np.arange(12).reshape(3, 4, 1).astype(dtype) % 3
    stored[0, 1] = stored[2, 2] = nodata
    domain = domain_from_dict({"kind": "labels", "classes": 3, "nodata": nodata})
    prepared = domain.prepare(stored, "x")
    missing = stored[:, :, 0] == nodata
    assert prepared.valid is not None
    np.testing.assert_array_equal(prepared.valid, ~missing)
    encoded = domain.encode(prepared.values)
    assert encoded.shape == (3, 3, 4)
    assert (encoded[:, missing] == -1).all()
    assert (encoded[:, ~missing].sum(axis=0) == -1).all()  # one of three is 1
    np.testing.assert_array_equal(domain.decode(encoded)[~missing], stored[~missing])
    assert domain.prepare(np.zeros((2, 2, 1), dtype), "x").valid is None
    assert domain_from_dict(domain.to_dict()) == domain
    with pytest.raises(BadPairError, match=r"holds the class indices 0 to 3.*expected 0 to 2"):
        domain.prepare(np.full((2, 2, 1), 3, dtype) * np.eye(2, dtype=dtype)[:, :, None], "x")


def test_an_index_of_no_class_is_none_of_the_classes_and_no_colour() -> None:
    with pytest.raises(ValueError, match="nodata is 2, which is one of the 3 classes"):
        Labels(classes=3, nodata=2)
    with pytest.raises(ValueError, match="with a palette there are none"):
        Labels(((0, 0, 0), (1, 1, 1)), nodata=255)
