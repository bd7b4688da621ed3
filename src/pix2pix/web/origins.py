"""Who may ask: the page itself and programs. Pages of other sites may not, though a browser would send their requests.

Two ways lead another site's page here. It can post a form, whose answer it cannot read, but which is worked on; then
browsers name the site in Origin, and say Sec-Fetch-Site. Or its own name can be pointed at this address (DNS
rebinding); then the browser takes both for one site, and the name stands in Host.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1", "::1")
READING = ("GET", "HEAD", "OPTIONS")


def own_names(host: str, loopback: bool, allowed: Collection[str] = ()) -> frozenset[str]:
    """The names under which a server on an address is asked for; beyond this machine, also what the machine is called.

    Args:
        allowed: further ones, as those of a proxy in front.
    """
    machine = [] if loopback else [socket.gethostname(), f"{socket.gethostname()}.local", socket.getfqdn()]
    return frozenset(name.lower() for name in (*LOOPBACK, host, *machine, *allowed))


class OwnOrigin:
    """Refuses requests for other names than its own (400), and what pages of other sites send (403).

    Args:
        names: of this server, in lower case.
        addresses: whether any address does as a name; no site's name is one.
    """

    def __init__(self, app: ASGIApp, names: Collection[str], addresses: bool) -> None:
        self._app, self._names, self._addresses = app, names, addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may be asked."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            refused = self._why_host(headers.get("host", "")) or _why_origin(scope["method"], headers)
            if refused:
                status, why = refused
                await JSONResponse({"error": why}, status)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _why_host(self, host: str) -> tuple[int, str] | None:
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:  # as of half a bracket
            name = ""
        if name in self._names or (self._addresses and _is_address(name)):
            return None
        return 400, (
            f"this server is not called {host!r}: ask by its address, or start `pix2pix serve` with"
            f" --allow-host {name or 'NAME'} if that is its name"
        )


def _why_origin(method: str, headers: Headers) -> tuple[int, str] | None:
    if method in READING:
        return None
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    own = origin is None or origin.lower().partition("://")[2] == headers.get("host", "").lower()
    if own and site in ("same-origin", "none"):
        return None
    return 403, (
        f"this was sent by a page of another site ({origin or site}): only the page of this server may; programs send"
        " no Origin"
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
