"""The routes: the page, and the API that the page itself uses (documented in `page/api.html` and docs/serve.md)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import FormData, MutableHeaders, UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pix2pix.web.models import Model
from pix2pix.web.queue import BusyError, Queue
from pix2pix.web.uploads import MEDIA, RefusedError, best_suffix, read_upload, to_bytes

PAGE = Path(__file__).parent / "page"
HEADERS = {
    # The browser itself sees to it that the page speaks to this server alone.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:;"
    " frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
FORM_OVERHEAD = 1 << 16  # bytes of a request beside its file
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What is taken.

    Attributes:
        pixels, bytes: of an upload.
        places: requests that may wait.
        timeout: seconds, of reading a request and of working on it.
    """

    pixels: float
    bytes: int
    places: int
    timeout: float


def make_app(models: Sequence[Model], limits: Limits, hosts: Sequence[str] = ("*",)) -> Starlette:
    """The application.

    Args:
        models: the first is the usual one; names differ.
        hosts: names in the Host header that are served; on a loopback address only its own, so that no other site's
            name can be pointed here (DNS rebinding).
    """
    by_name = {model.name: model for model in models}
    queue = Queue(limits.places, limits.timeout)

    def chosen(name: object) -> Model:
        if name in (None, ""):
            return models[0]
        if not isinstance(name, str) or name not in by_name:
            raise RefusedError(404, f"model: there is no {name!r}; there are {', '.join(by_name)}")
        return by_name[name]

    async def list_models(request: Request) -> Response:
        taken = {"megapixels": limits.pixels / 1e6, "bytes": limits.bytes}
        return JSONResponse({"limits": taken, "models": [model.describe() for model in models]})

    async def example(request: Request) -> Response:
        files = chosen(request.query_params.get("model")).examples
        index = request.path_params["index"]
        if index >= len(files):
            raise RefusedError(404, f"there is no example {index}; there are {len(files)}, from 0 on")
        name, content = files[index]
        return _file(content, name)

    async def answered(request: Request, work: Callable[[FormData, bytes, str], Response]) -> Response:
        """Hold a place, read the form, and answer with what `work` makes of it in its turn."""
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limits.bytes + FORM_OVERHEAD:
            raise _too_large(limits.bytes)
        request = Request(request.scope, _limited(request.receive, limits.bytes + FORM_OVERHEAD))
        with queue.place():
            try:
                async with asyncio.timeout(limits.timeout), request.form(max_files=1, max_fields=20) as form:
                    file = form.get("file")
                    if not isinstance(file, UploadFile):
                        raise RefusedError(
                            400, "file: the form has no file under this name; with curl: -F file=@PICTURE"
                        )
                    content, name = await file.read(), file.filename or ""
            except TimeoutError:
                raise RefusedError(408, f"the upload was not complete after {limits.timeout:g} s") from None
            return await queue.run(request, lambda: work(form, content, name))

    def translate(form: FormData, content: bytes, name: str) -> Response:
        model = chosen(form.get("model"))
        sample, suffix = _sample(form), form.get("format")
        stored = read_upload(content, name, limits.pixels)
        made = model.translate(stored, drawing=_flag(form, "drawing"), sample=sample)
        picture = made.view if _flag(form, "view") else made.picture
        suffix = f".{suffix}".lower() if isinstance(suffix, str) and suffix else best_suffix(picture)
        stem = Path(name).stem or "picture"
        unit = None if picture is made.view else model.translator.target.unit
        return _file(to_bytes(picture, suffix, unit), f"{stem}_translated{suffix}")

    def view(form: FormData, content: bytes, name: str) -> Response:
        stored = read_upload(content, name, limits.pixels)
        picture = chosen(form.get("model")).view(stored, drawing=_flag(form, "drawing"))
        return _file(to_bytes(picture, ".png"), f"{Path(name).stem or 'picture'}.png")

    async def post_translate(request: Request) -> Response:
        return await answered(request, translate)

    async def post_view(request: Request) -> Response:
        return await answered(request, view)

    async def index(request: Request) -> Response:
        return FileResponse(PAGE / "index.html")

    async def documentation(request: Request) -> Response:
        return FileResponse(PAGE / "api.html")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        queue.close()

    return Starlette(
        routes=[
            Route("/", index),
            Route("/api", documentation),
            Route("/api/models", list_models),
            Route("/api/examples/{index:int}", example),
            Route("/api/translate", post_translate, methods=["POST"]),
            Route("/api/view", post_view, methods=["POST"]),
            Mount("/page", StaticFiles(directory=PAGE)),
        ],
        middleware=[Middleware(_WithHeaders), Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))],
        exception_handlers={RefusedError: _refused, HTTPException: _http_error, Exception: _failed},
        lifespan=lifespan,
    )


class _WithHeaders:
    """Adds HEADERS to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers)


def _limited(receive: Receive, most: int) -> Receive:
    """The same body, refused where it turns out longer."""
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > most:
            raise _too_large(most - FORM_OVERHEAD)
        return message

    return counted


def _too_large(most: int) -> RefusedError:
    return RefusedError(
        413, f"the upload is larger than {most / 1e6:g} MB; start `pix2pix serve` with a larger --max-megabytes"
    )


def _sample(form: FormData) -> int:
    text = form.get("sample") or "0"
    if not isinstance(text, str) or not text.isdecimal() or len(text) > 9:
        raise RefusedError(400, f"sample: found {text!r}, expected a whole number from 0 on")
    return int(text)


def _flag(form: FormData, name: str) -> bool:
    text = form.get(name) or "0"
    if text not in ("0", "1"):
        raise RefusedError(400, f"{name}: found {text!r}, expected 0 or 1")
    return text == "1"


def _file(content: bytes, name: str) -> Response:
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "._- ") else "_" for each in name)
    disposition = {"Content-Disposition": f'inline; filename="{plain}"'}
    return Response(content, media_type=MEDIA[Path(name).suffix], headers=disposition)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, BusyError) else None
    return JSONResponse({"error": str(error)}, error.status, headers)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    why = str(error.detail)
    if error.status_code == 404:
        why = f"there is nothing at {request.url.path}; /api says what there is"
    return JSONResponse({"error": why}, error.status_code, error.headers)


async def _failed(request: Request, error: Exception) -> Response:
    log.error("a request failed", exc_info=error)
    return JSONResponse({"error": "this failed for a reason that the server's own output tells"}, 500)
