"""The HTTP API: what programs get, what they are refused, and that the server lives on."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from tests.evaluation.untrained_runs import untrained
from tests.web.served import LIMITS, Answer, get, post, served

from pix2pix.data.domains import Domain, Grey, Labels, Raw, Rgb
from pix2pix.inference.networks import Network
from pix2pix.inference.translator import Translator
from pix2pix.web.drawings import brushes
from pix2pix.web.models import Model, load_model


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return untrained(tmp_path_factory.mktemp("runs") / "scenes" / "first")


@pytest.fixture(scope="module")
def model(run: Path) -> Model:
    return load_model(str(run), data_root=None, examples=3, device="cpu")


class Negative:
    """A network of one channel to one that turns signs, with a name's first digit as noise."""

    draws_noise = False
    multiple = 1

    def __call__(self, source: torch.Tensor, names: Sequence[str]) -> torch.Tensor:
        return -source[:, :1]

    def to(self, device: torch.device | str) -> None:
        pass

    def lanes(self, count: int) -> Sequence[Network]:
        return []


def plain(name: str, source: Domain, target: Domain) -> Model:
    return Model(name, Translator(Negative(), source, target), (8, 8), (), brushes(source, []))


@pytest.fixture(scope="module")
def port(model: Model) -> object:
    hu = Raw(range=(-1000, 1000), unit="HU")
    deep = Raw(range=(0, 65535), dtype="uint16")
    models = [model, plain("hu", hu, hu), plain("deep", deep, deep), plain("grey", Grey(), Grey())]
    models += [plain("classes", Labels(classes=3), Grey()), plain("levels", hu, Grey())]
    with served(models) as number:
        yield number


def png(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def tiff(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, picture)
    return file.getvalue()


def picture_of(answer: Answer) -> np.ndarray:
    assert answer.status == 200, answer.body
    if answer.headers["content-type"] == "image/tiff":
        return np.asarray(tifffile.imread(io.BytesIO(answer.body)))
    return np.asarray(Image.open(io.BytesIO(answer.body)))


def why(answer: Answer) -> str:
    assert answer.headers["content-type"] == "application/json"
    said: str = json.loads(answer.body)["error"]
    return said


def test_a_translation_is_the_translators_own(port: int, run: Path, model: Model) -> None:
    _, content = model.examples[0]
    source = np.asarray(Image.open(io.BytesIO(content)))
    answer = post(port, "/api/translate", content, "house.png", sample="3")
    np.testing.assert_array_equal(picture_of(answer), Translator.load(run)(source, "sample 3"))
    assert 'filename="house_translated.png"' in answer.headers["content-disposition"]
    np.testing.assert_array_equal(picture_of(post(port, "/api/translate", content, sample="3")), picture_of(answer))


def test_where_the_source_holds_no_value_the_result_has_none(port: int) -> None:
    values = np.full((8, 8), 500, np.float32)
    values[2, 3:5] = np.nan
    answer = post(port, "/api/translate", tiff(values), "a.tif", model="hu")
    np.testing.assert_allclose(picture_of(answer), -values, atol=1e-3)
    assert "pixels-made-up" not in answer.headers
    answer = post(port, "/api/translate", tiff(values), "a.tif", model="levels")  # of 8 bits, without nodata
    assert np.isfinite(picture_of(answer)).all()
    assert answer.headers["pixels-made-up"] == "2"
    for model in ("hu", "levels"):
        answer = post(port, "/api/translate", tiff(values), "a.tif", model=model, view="1")
        assert "pixels-made-up" not in answer.headers
        black = (picture_of(answer) == 0).all(axis=2)
        assert np.array_equal(black, np.isnan(values))


def test_models_are_described(port: int, model: Model) -> None:
    said = json.loads(get(port, "/api/models").body)
    assert said["limits"] == {"megapixels": 0.0625, "bytes": LIMITS.bytes}
    first, hu, _, grey, classes, _ = said["models"]
    assert first["name"] == "scenes/first"
    assert first["size"] == [16, 16]
    assert len(first["examples"]) == 3
    assert first["brushes"]["kind"] == "classes"
    palette = model.translator.source.to_dict()["palette"]
    assert first["brushes"]["colours"] == palette
    assert hu["target"]["unit"] == "HU"
    assert (grey["brushes"]["kind"], grey["brushes"]["colours"][0], grey["brushes"]["background"]) == (
        "pencil",
        [0, 0, 0],
        [255, 255, 255],
    )
    assert len(classes["brushes"]["colours"]) == 3
    assert picture_of(get(port, "/api/examples/0")).shape == (16, 16, 3)


def test_values_in_the_targets_own_numbers(port: int) -> None:
    values = np.linspace(-1000, 1000, 64, dtype=np.float32).reshape(8, 8)
    result = picture_of(post(port, "/api/translate", tiff(values), "a.tif", model="hu"))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, -values, atol=1e-3)
    deep = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000
    result = picture_of(post(port, "/api/translate", tiff(deep), "a.tif", model="deep"))
    assert result.dtype == np.uint16
    np.testing.assert_array_equal(result, 65535 - deep)
    view = picture_of(post(port, "/api/translate", tiff(deep), "a.tif", model="deep", view="1"))
    assert view.dtype == np.uint8
    assert view.shape == (8, 8, 3)
    array = post(port, "/api/translate", tiff(deep), "a.tif", model="deep", format="npy")
    np.testing.assert_array_equal(np.load(io.BytesIO(array.body))[:, :, 0], 65535 - deep)


def test_drawings_stand_for_what_their_colours_show(port: int, model: Model) -> None:
    black_and_white = np.zeros((8, 8, 3), np.uint8)
    black_and_white[:4] = 255
    drawn = {"drawing": "1"}
    result = picture_of(post(port, "/api/translate", png(black_and_white), model="hu", **drawn))
    np.testing.assert_array_equal(result, np.repeat([-1000, 1000], [4, 4])[:, None] * np.ones((8, 8)))
    classes = json.loads(get(port, "/api/models").body)["models"][4]["brushes"]["colours"]
    drawing = np.array(classes, np.uint8)[np.arange(64).reshape(8, 8) % 3]
    np.testing.assert_array_equal(picture_of(post(port, "/api/view", png(drawing), model="classes", **drawn)), drawing)
    palette = np.array(model.translator.source.to_dict()["palette"], np.uint8)
    drawing = palette[np.arange(256).reshape(16, 16) % len(palette)]
    np.testing.assert_array_equal(picture_of(post(port, "/api/view", png(drawing), **drawn)), drawing)


def bomb() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


GOOD = png(np.zeros((16, 16, 3), np.uint8))


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"file": b"no picture", "name": "a.png"}, 422, "a.png: is not a picture of a kind"),
        ({"file": b"", "name": "a.png"}, 422, "a.png: is empty"),
        ({"file": GOOD[:60], "name": "../b.png"}, 422, "b.png: cannot be read as a .png picture"),
        ({"file": bomb()}, 413, "has 100000 x 100000 pixels and 3 channel(s); up to 0.0625 megapixels"),
        ({"file": bytes(2_100_000)}, 413, "larger than 2 MB"),
        (
            {"file": tiff(np.zeros((8, 8), np.float32))},
            422,
            "the picture: has 1 channel(s) of float32; expected the palette",
        ),
        ({"file": GOOD, "model": "hu"}, 422, "the picture: has 3 channel(s); the domain raw expects 1"),
        ({"file": png(np.zeros((3, 3, 3), np.uint8))}, 422, "too small"),
        ({"file": GOOD, "model": "x"}, 404, "model: there is no 'x'; there are scenes/first, hu"),
        ({"file": GOOD, "sample": "-1"}, 400, "sample: found '-1', expected a whole number"),
        ({"file": GOOD, "smaple": "3"}, 400, "there is no field 'smaple'; there are file, model"),
        ({"file": GOOD, "sample": "99999999999"}, 400, "expected a whole number from 0 to 999999999"),
        ({"file": GOOD, "format": "gif"}, 400, "format: found 'gif', expected one of"),
        (
            {"file": tiff(np.zeros((8, 8), np.float32)), "model": "hu", "format": "png"},
            422,
            "float32; a .png file holds",
        ),
        ({"file": GOOD, "view": "yes"}, 400, "view: found 'yes', expected 0 or 1"),
        ({}, 400, "-F file=@PICTURE"),
    ],
)
def test_what_is_refused_is_told(port: int, fields: dict[str, str], status: int, says: str) -> None:
    answer = post(port, "/api/translate", **fields)  # type: ignore[arg-type]
    assert says in why(answer)
    assert answer.status == status
    assert "/tmp" not in why(answer)
    assert post(port, "/api/translate", GOOD).status == 200


def test_other_addresses(port: int) -> None:
    assert why(get(port, "/nothing")) == "there is nothing at /nothing; /api says what there is"
    assert get(port, "/api/translate").status == 405
    assert get(port, "/", Host="evil.example").status == 400
    for path in ("/", "/api", "/page/main.js"):
        answer = get(port, path)
        assert answer.status == 200
        assert "default-src 'self'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("clients", [50, pytest.param(200, marks=pytest.mark.slow)])
def test_many_at_once_are_done_or_told_when_to_come_back(port: int, clients: int) -> None:
    picture = png(np.zeros((160, 160, 3), np.uint8))
    with ThreadPoolExecutor(clients) as threads:
        answers = list(threads.map(lambda _: post(port, "/api/translate", picture), range(clients)))
    statuses = [answer.status for answer in answers]
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) >= LIMITS.places + 1
    for answer in answers:
        if answer.status == 503:
            assert int(answer.headers["retry-after"]) >= 1
            assert "requests are being worked on or wait; try again in" in why(answer)
    assert post(port, "/api/translate", picture).status == 200


def test_label_maps_stored_as_colours_get_their_classes() -> None:
    colours = np.array([[0, 0, 170], [255, 85, 0], [0, 255, 170]], np.uint8)
    example = np.repeat(colours, [30, 20, 14], axis=0)[:, None].repeat(64, axis=1)
    assert brushes(Rgb(), [example])["colours"] == [tuple(colour) for colour in colours.tolist()]
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert brushes(Rgb(), [noise])["kind"] == "colours"
    assert not brushes(Raw(channels=4, range=(0, 1)), [])["draw"]
