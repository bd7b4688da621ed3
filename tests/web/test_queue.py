"""The queue: what nobody waits for is not done, and what takes too long is given up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import Request

from pix2pix.web.queue import BusyError, Queue
from pix2pix.web.uploads import RefusedError


def request(receive: Callable[[], Awaitable[Any]]) -> Request:
    return Request({"type": "http", "method": "POST", "headers": []}, receive)


async def never() -> None:
    await asyncio.Event().wait()


async def at_once() -> dict[str, str]:
    return {"type": "http.disconnect"}


def test_work_whose_client_has_gone_is_not_begun() -> None:
    queue, free, begun = Queue(4, timeout=20), threading.Event(), threading.Event()
    done: list[str] = []

    def first() -> str:
        begun.set()
        free.wait(20)
        return "first"

    async def both() -> str:
        running = asyncio.ensure_future(queue.run(request(never), first))
        await asyncio.to_thread(begun.wait, 20)
        with pytest.raises(RefusedError, match="client has gone"):
            await queue.run(request(at_once), lambda: done.append("second"))
        free.set()
        return await running

    assert asyncio.run(both()) == "first"
    queue.close()
    assert done == []


def test_what_takes_too_long_is_given_up_and_the_next_is_served() -> None:
    queue, free = Queue(4, timeout=0.1), threading.Event()

    async def both() -> str:
        with pytest.raises(BusyError, match=r"not done after 0\.1 s; try again in 1 s"):
            await queue.run(request(never), lambda: free.wait(20))
        free.set()
        return await queue.run(request(never), lambda: "served")

    assert asyncio.run(both()) == "served"
    queue.close()


def test_places_are_bounded_and_free_again() -> None:
    queue = Queue(1, timeout=1)
    with (
        queue.place(),
        queue.place(),
        pytest.raises(BusyError, match="2 requests are being worked on or wait"),
        queue.place(),
    ):
        pass
    with queue.place(), queue.place():
        pass
    queue.close()
