"""The page in a real Chromium: drawing, files, the slider, downloads, and that nothing leaves the machine."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import tifffile
from PIL import Image
from tests.evaluation.untrained_runs import untrained
from tests.web.browser import CHROMIUM, Browser
from tests.web.served import served
from tests.web.test_api import plain

from pix2pix.data.domains import Raw
from pix2pix.web.models import Model, load_model

pytestmark = [
    pytest.mark.slow,  # starting a browser takes its time
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)"),
]
RESULTS = "Number(document.body?.dataset.results ?? 0)"
IDLE = "!document.body.hasAttribute('data-busy')"
PIXELS = "Array.from(document.getElementById('canvas').getContext('2d').getImageData(0, 0, {0}, {1}).data)"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    run = untrained(tmp_path_factory.mktemp("runs") / "scenes" / "first")
    return load_model(str(run), data_root=None, examples=3, device="cpu")


@pytest.fixture(scope="module")
def port(model: Model) -> Iterator[int]:
    hu = Raw(range=(-1000, 1000), unit="HU")
    with served([model, plain("hu", hu, hu)]) as number:
        yield number


@pytest.fixture
def browser(tmp_path: Path, port: int) -> Iterator[Browser]:
    browser = Browser(tmp_path, options=["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"])
    try:
        browser.open(f"http://127.0.0.1:{port}/")
        browser.wait(f"{RESULTS} > 0 && {IDLE}")
        yield browser
    finally:
        browser.close()
    check_network(browser.network_log, port)


def check_network(log: Path, port: int) -> None:
    """What the page asked for, by Chromium's own log of its network: the server alone.

    Chromium asks a few services of its maker for things of its own, whatever page is open; those requests have no
    origin, and find no address (see `browser.QUIET`).
    """
    content = json.loads(log.read_text())
    kinds = {number: kind for kind, number in content["constants"]["logEventTypes"].items()}
    server = f"http://127.0.0.1:{port}"
    asked: dict[str, set[str]] = {}  # by who asked
    for event in content["events"]:
        values = event.get("params", {})
        if kinds[event["type"]] == "URL_REQUEST_START_JOB" and values.get("url", "").startswith(("http", "ws")):
            where = "{0.scheme}://{0.netloc}".format(urlsplit(values["url"]))
            asked.setdefault(values["initiator"], set()).add(where)
    assert asked.pop(server) == {server}
    assert set(asked) == {"not an origin"}


def pixels(browser: Browser, width: int, height: int) -> np.ndarray:
    values = browser.run(PIXELS.format(width, height))
    return np.array(values, np.uint8).reshape(height, width, 4)[:, :, :3]


def after(browser: Browser, act: Callable[[], object]) -> None:
    """Do something and wait for the translation that it brings about."""
    before = browser.run(RESULTS)
    act()
    browser.wait(f"{RESULTS} > {before} && {IDLE}")


def stroke(browser: Browser) -> None:
    left, top, width, height = browser.box("#canvas")
    browser.drag([(left + width * (0.2 + step / 50), top + height * (0.3 + step / 70)) for step in range(30)], 0.005)


def test_drawing_translates_in_exact_colours(browser: Browser, model: Model) -> None:
    palette = np.array(model.translator.source.to_dict()["palette"], np.uint8)
    assert browser.run("fetch('http://127.0.0.2/').then(() => 'went', () => 'stopped')") == "stopped"  # and not logged
    blank = pixels(browser, 16, 16)
    np.testing.assert_array_equal(blank, np.broadcast_to(palette[0], blank.shape))
    browser.click("#palette button:nth-child(4)")
    after(browser, lambda: stroke(browser))
    drawn = pixels(browser, 16, 16)
    colours = {tuple(colour) for colour in drawn.reshape(-1, 3).tolist()}
    assert colours == {tuple(palette[0].tolist()), tuple(palette[3].tolist())}
    result = browser.run(
        "(async () => { const r = document.getElementById('result'); await r.decode();"
        " const c = new OffscreenCanvas(16, 16), x = c.getContext('2d'); x.drawImage(r, 0, 0);"
        " return Array.from(x.getImageData(0, 0, 16, 16).data); })()"
    )
    expected = model.translate(drawn, drawing=True, sample=0).view
    np.testing.assert_array_equal(np.array(result, np.uint8).reshape(16, 16, 4)[:, :, :3], expected)
    browser.click("#tools button:nth-child(2)")
    after(browser, lambda: stroke(browser))
    assert not np.array_equal(pixels(browser, 16, 16), drawn)
    after(browser, lambda: browser.click("#undo"))
    np.testing.assert_array_equal(pixels(browser, 16, 16), drawn)
    after(browser, lambda: browser.click("#undo"))
    np.testing.assert_array_equal(pixels(browser, 16, 16), blank)
    after(browser, lambda: browser.click("#sample"))
    assert browser.run("document.getElementById('undo').disabled")


def test_files_examples_slider_and_download(browser: Browser, model: Model, tmp_path: Path) -> None:
    after(browser, lambda: browser.click("#examples button:nth-child(2)"))
    example = np.asarray(Image.open(io.BytesIO(model.examples[1][1])))
    np.testing.assert_array_equal(pixels(browser, 16, 16), example)
    assert browser.run("getComputedStyle(document.getElementById('before')).display") == "none"
    left, top, width, height = browser.box("#compare")
    browser.drag([(left + 8, top + height / 2), (left + width / 2, top + height / 2)])
    share = int(browser.run("document.getElementById('compare').value"))
    assert 30 < share < 70
    assert browser.run("document.getElementById('before').style.clipPath") == f"inset(0px {100 - share}% 0px 0px)"

    downloads = tmp_path / "downloads"
    downloads.mkdir()
    browser.downloads_to(downloads)
    browser.click("#download")
    name = f"{Path(model.examples[1][0]).stem}_translated.png"
    with Image.open(arrived(browser, downloads / name)) as file:
        result = np.asarray(file)
    np.testing.assert_array_equal(result, model.translate(example, drawing=False, sample=0).picture)

    broken = tmp_path / "broken.png"
    broken.write_text("this is text")
    browser.choose_file("#file", broken)
    browser.wait("!document.getElementById('message').hidden")
    assert "broken.png: is not a picture" in browser.run("document.getElementById('message').textContent")
    np.testing.assert_array_equal(pixels(browser, 16, 16), example)

    after(
        browser, lambda: browser.run("(m => { m.selectedIndex = 1; m.onchange(); })(document.getElementById('model'))")
    )
    values = np.linspace(-1000, 1000, 48, dtype=np.float32).reshape(6, 8)
    tifffile.imwrite(tmp_path / "scan.tif", values)
    after(browser, lambda: browser.choose_file("#file", tmp_path / "scan.tif"))
    assert browser.run("document.getElementById('message').hidden")
    browser.click("#download")
    np.testing.assert_allclose(tifffile.imread(arrived(browser, downloads / "scan_translated.tif")), -values, atol=1e-3)


# A picture in the page's hands, as a browser gives what is pasted or dropped.
HANDED = """(() => {{
  const bytes = Uint8Array.from(atob({content!r}), (letter) => letter.charCodeAt(0)), handed = new DataTransfer();
  handed.items.add(new File([bytes], {name!r}, {{ type: "image/png" }}));
  document.dispatchEvent({event});
}})()"""
PASTE = 'new ClipboardEvent("paste", { clipboardData: handed, bubbles: true })'
DROP = 'new DragEvent("drop", { dataTransfer: handed, bubbles: true, cancelable: true })'


@pytest.mark.parametrize(("event", "name"), [(PASTE, "pasted.png"), (DROP, "dropped.png")])
def test_pasted_and_dropped_pictures(browser: Browser, model: Model, event: str, name: str) -> None:
    palette = np.array(model.translator.source.to_dict()["palette"], np.uint8)
    picture = palette[np.random.default_rng(0).integers(0, len(palette), (16, 16))]
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "png")
    encoded = base64.b64encode(content.getvalue()).decode()
    after(browser, lambda: browser.run(HANDED.format(content=encoded, name=name, event=event)))
    np.testing.assert_array_equal(pixels(browser, 16, 16), picture)
    assert browser.run("document.getElementById('origin').textContent") == name


ASK_OFTEN = """(async () => {
  const picture = await new Promise((done) => document.getElementById("canvas").toBlob(done));
  const model = document.getElementById("model").value;
  const answers = await Promise.all(Array.from({ length: 50 }, async (_, index) => {
    const body = new FormData();
    body.append("file", picture, "drawing.png");
    body.append("model", model);
    body.append("drawing", "1");
    body.append("sample", String(index));
    const answer = await fetch("/api/translate", { method: "POST", body });
    return [answer.status, answer.headers.get("Retry-After"), (await answer.blob()).type];
  }));
  return answers;
})()"""


def test_fifty_requests_at_once_from_the_page(browser: Browser) -> None:
    answers = browser.run(ASK_OFTEN)
    assert len(answers) == 50
    for status, retry, kind in answers:
        assert (status, kind) == (200, "image/png") or (status == 503 and retry)
    assert sum(status == 200 for status, _, _ in answers) >= 6  # as many as a browser asks for at once
    after(browser, lambda: stroke(browser))
    assert browser.run("document.getElementById('message').hidden")


def test_the_camera(browser: Browser) -> None:
    before = pixels(browser, 16, 16)
    browser.click("#camera")
    browser.wait("!document.getElementById('video').hidden")
    time.sleep(0.5)
    after(browser, lambda: browser.click("#camera"))
    assert not np.array_equal(pixels(browser, 16, 16), before)
    assert browser.run("document.getElementById('origin').textContent") == "camera.png"


def test_no_error_is_logged_and_phones_can_use_it(browser: Browser) -> None:
    browser.resize(390, 844, phone=True)
    after(browser, lambda: stroke(browser))
    assert browser.run("document.documentElement.scrollWidth") <= 390
    logged = [
        event["params"]
        for event in browser.events
        if event.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown")
    ]
    assert logged == []


def arrived(browser: Browser, path: Path) -> Path:
    end = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < end, (
            f"{path.name} did not arrive; there are {[each.name for each in path.parent.iterdir()]}"
        )
        browser.run("1")
        time.sleep(0.05)
    return path
