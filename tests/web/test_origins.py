"""Pages of other sites cannot use the server through a visitor's browser; programs and the page itself can."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import numpy as np
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message
from tests.web.served import get, post, post_from, served

from pix2pix.data.domains import Grey
from pix2pix.web.drawings import brushes
from pix2pix.web.models import Model
from pix2pix.web.origins import OwnOrigin, own_names


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    from tests.web.test_api import Negative

    from pix2pix.inference.translator import Translator

    source = Grey()
    with served([Model("grey", Translator(Negative(), source, source), (8, 8), (), brushes(source, []))]) as number:
        yield number


def picture() -> bytes:
    from tests.web.test_api import png

    return png(np.zeros((16, 16), np.uint8))


@pytest.mark.parametrize("path", ["/api/translate", "/api/view"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_what_a_page_of_another_site_posts_is_refused(port: int, path: str, headers: dict[str, str]) -> None:
    answer = post_from(headers, port, path, picture())
    assert answer.status == 403
    assert "sent by a page of another site" in json.loads(answer.body)["error"]


def test_the_page_itself_and_programs_are_answered(port: int) -> None:
    own = {"Origin": f"http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}
    assert post_from(own, port, "/api/translate", picture()).status == 200
    assert post(port, "/api/translate", picture()).status == 200
    local = {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}
    assert post_from(local, port, "/api/translate", picture()).status == 200
    assert get(port, "/", **{"Sec-Fetch-Site": "cross-site"}).status == 200  # a link that was clicked on


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.", "[", "", "192.168.1.2"])
def test_a_name_that_is_pointed_here_is_refused(port: int, host: str) -> None:
    """DNS rebinding: Origin and Host agree, and only the name itself is wrong."""
    answer = post_from({"Host": host, "Origin": f"http://{host}"}, port, "/api/translate", picture())
    assert answer.status == 400
    assert "--allow-host" in json.loads(answer.body)["error"]


def test_beyond_this_machine_addresses_do_and_names_that_were_allowed() -> None:
    names = own_names("0.0.0.0", loopback=False, allowed=["Paint.Example"])
    for host in ("192.168.1.2:7860", "[fe80::1]:7860", "paint.example", "localhost"):
        assert status_for(host, names) == 200
    assert status_for("evil.example", names) == 400


def status_for(host: str, names: frozenset[str]) -> int:
    """What is answered to a post from a page of `host` itself."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    head = [(b"host", host.encode()), (b"origin", b"https://" + host.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": head}
    asyncio.run(OwnOrigin(PlainTextResponse("yes"), names, addresses=True)(scope, receive, send))
    return int(sent[0]["status"])
