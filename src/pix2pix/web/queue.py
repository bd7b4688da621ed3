"""One translation at a time, a bounded number of requests that wait for it, and none that nobody waits for any more."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from starlette.requests import Request

from pix2pix.web.uploads import RefusedError

T = TypeVar("T")


class BusyError(RefusedError):
    """503: come back after so many seconds."""

    def __init__(self, why: str, retry_after: int) -> None:
        super().__init__(503, f"{why}; try again in {retry_after} s")
        self.retry_after = retry_after


class Queue:
    """Requests that are worked on, one at a time, in the order in which they came.

    A translation uses all processors and the random state of the process, so two at once would gain nothing and disturb
    each other.

    Args:
        places: requests that may wait while one is worked on.
        timeout: seconds from a request's arrival until it is given up.
    """

    def __init__(self, places: int, timeout: float) -> None:
        self._places, self._timeout = places, timeout
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="translation")
        self._taken, self._last = 0, 0.5

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place, from before a request's body is read, so that bodies in memory are bounded too.

        Raises BusyError where all are taken.
        """
        if self._taken > self._places:
            raise BusyError(f"{self._taken} requests are being worked on or wait", self._retry_after())
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def run(self, request: Request, work: Callable[[], T]) -> T:
        """The result of `work`, done in its turn; work that has not begun is dropped when its client has gone.

        Raises BusyError after the timeout, RefusedError (499) where the client has gone.
        """
        submitted = self._thread.submit(self._timed, work)
        future = asyncio.wrap_future(submitted)
        gone = asyncio.ensure_future(_gone(request))
        waited: set[asyncio.Future[Any]] = {future, gone}
        try:
            await asyncio.wait(waited, timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
        if future.done():
            return future.result()
        submitted.cancel()  # at once; through the wrapped one only when the loop comes round
        if gone.done() and not gone.cancelled():
            raise RefusedError(499, "the client has gone")
        raise BusyError(f"not done after {self._timeout:g} s", self._retry_after())

    def close(self) -> None:
        """Let what runs end, and begin nothing more."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _retry_after(self) -> int:
        return max(1, math.ceil(self._taken * self._last))

    def _timed(self, work: Callable[[], T]) -> T:
        start = time.monotonic()
        try:
            return work()
        finally:
            self._last = time.monotonic() - start


async def _gone(request: Request) -> None:
    """Return once the client has closed the connection. The body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
