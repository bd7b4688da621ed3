"""The application: the page and the API behind one address (documented in `page/api.html` and docs/serve.md)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pix2pix.web.api import Api, Limits
from pix2pix.web.models import Model
from pix2pix.web.origins import OwnOrigin
from pix2pix.web.queue import BusyError
from pix2pix.web.uploads import RefusedError

PAGE = Path(__file__).parent / "page"
HEADERS = {
    # The browser itself sees to it that the page speaks to this server alone.
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:;"
    " frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",  # pictures here are not shown in pages of other sites
    "Cache-Control": "no-store",
}
log = logging.getLogger(__name__)


def make_app(models: Sequence[Model], limits: Limits, names: Collection[str], addresses: bool = False) -> Starlette:
    """The application.

    Args:
        models: the first is the usual one; names differ.
        names, addresses: under which this server is asked for (see `origins.OwnOrigin`).
    """
    api = Api(models, limits)

    async def index(request: Request) -> Response:
        return FileResponse(PAGE / "index.html")

    async def documentation(request: Request) -> Response:
        here = str(request.base_url).rstrip("/")
        return HTMLResponse((PAGE / "api.html").read_text(encoding="utf-8").replace("http://127.0.0.1:7860", here))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        api.close()

    return Starlette(
        routes=[
            Route("/", index),
            Route("/api", documentation),
            Route("/api/models", api.list_models),
            Route("/api/examples/{index:int}", api.example),
            Route("/api/translate", api.translate, methods=["POST"]),
            Route("/api/view", api.view, methods=["POST"]),
            Mount("/page", StaticFiles(directory=PAGE)),
        ],
        middleware=[Middleware(_WithHeaders), Middleware(OwnOrigin, names=names, addresses=addresses)],
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
