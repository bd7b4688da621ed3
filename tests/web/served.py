"""A server on a free port, as `pix2pix serve` runs it, in a thread of the test; requests as any client sends them."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import NamedTuple

import uvicorn

from pix2pix.commands.serve_work import take_address
from pix2pix.web.api import Limits
from pix2pix.web.app import make_app
from pix2pix.web.models import Model
from pix2pix.web.origins import own_names

LIMITS = Limits(pixels=2**16, bytes=2_000_000, places=4, timeout=30)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


@contextmanager
def served(models: Sequence[Model], limits: Limits = LIMITS) -> Iterator[int]:
    """The port of a server with these models."""
    listening = take_address("127.0.0.1", 0)
    port: int = listening.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(make_app(models, limits, own_names("127.0.0.1", loopback=True)), log_level="warning")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def get(port: int, path: str, **headers: str) -> Answer:
    return _answer(port, "GET", path, None, headers)


def post(port: int, path: str, file: bytes | None = None, name: str = "a.png", **fields: str) -> Answer:
    """A form with a file, as curl sends it."""
    body, head = _form(file, name, fields)
    return _answer(port, "POST", path, body, head)


def post_from(page: dict[str, str], port: int, path: str, file: bytes) -> Answer:
    """A form as a browser sends it: with headers that say which page it comes from."""
    body, head = _form(file, "a.png", {})
    return _answer(port, "POST", path, body, head | page)


def _form(file: bytes | None, name: str, fields: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    border = uuid.uuid4().hex
    parts = [(f'name="{key}"', value.encode()) for key, value in fields.items()]
    parts += [] if file is None else [(f'name="file"; filename="{name}"', file)]
    body = b"".join(
        f"--{border}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n"
        for head, value in parts
    )
    return body + f"--{border}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={border}"}


def _answer(port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()
