"""A real Chromium, driven over its debugging pipe: no driver program and no package stands between."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Chromium's own services (updates, accounts, suggestions) would speak to the network, whatever the page does: most are
# turned off, and no name but this machine's is found.
QUIET = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE 127.0.0.2",
    *("--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-sync"),
    *("--no-first-run", "--no-default-browser-check", "--disable-domain-reliability", "--disable-client-side-phishing"),
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication,CertificateTransparency",
)


class Browser:
    """One page of a headless Chromium.

    Args:
        folder: for the profile and the network log, `network.json`, which is whole once the browser is closed.
        size: of the window, width and height in CSS pixels.
    """

    def __init__(self, folder: Path, size: tuple[int, int] = (1280, 900), options: Sequence[str] = ()) -> None:
        assert CHROMIUM is not None
        self.network_log = folder / "network.json"
        (to_browser, self._out), (self._in, from_browser) = os.pipe(), os.pipe()
        command = [
            *(CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", *QUIET, *options),
            *(f"--window-size={size[0]},{size[1]}", f"--user-data-dir={folder / 'profile'}"),
            *(f"--log-net-log={self.network_log}", "--remote-debugging-pipe", "about:blank"),
        ]
        self._process = _spawn(command, reads=to_browser, writes=from_browser)
        self._received, self._count = b"", 0
        self.events: list[dict[str, Any]] = []
        self._session: str | None = None
        page = next(each for each in self.send("Target.getTargets")["targetInfos"] if each["type"] == "page")
        attached = self.send("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "DOM", "Log"):
            self.send(f"{domain}.enable")
        self.resize(*size)

    def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        """Of the page itself, in CSS pixels."""
        scale = 2 if phone else 1
        metrics: dict[str, Any] = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone}
        self.send("Emulation.setDeviceMetricsOverride", **metrics)

    def open(self, address: str) -> None:
        self.send("Page.navigate", url=address)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression; promises are waited for."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, script: str, seconds: float = 60) -> Any:
        """Until a JavaScript expression is true."""
        end = time.monotonic() + seconds
        while not (value := self.run(script)):
            if time.monotonic() > end:
                raise AssertionError(f"not true after {seconds} s: {script}")
            time.sleep(0.05)
        return value

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, width, height of an element on the page, scrolled into view, in CSS pixels."""
        found = json.dumps(selector)
        self.run(f"document.querySelector({found}).scrollIntoView({{block: 'center', behavior: 'instant'}})")
        x, y, width, height = self.run(
            f"(b => [b.x, b.y, b.width, b.height])(document.querySelector({found}).getBoundingClientRect())"
        )
        return x, y, width, height

    def click(self, selector: str) -> None:
        left, top, width, height = self.box(selector)
        self.drag([(left + width / 2, top + height / 2)])

    def drag(self, points: Sequence[tuple[float, float]], pause: float = 0) -> None:
        """Press at the first point, move over the others, let go at the last."""
        mouse: Callable[..., Any] = lambda kind, point: self.send(  # noqa: E731
            "Input.dispatchMouseEvent", type=kind, x=point[0], y=point[1], button="left", buttons=1, clickCount=1
        )
        mouse("mousePressed", points[0])
        for point in points[1:]:
            mouse("mouseMoved", point)
            time.sleep(pause)
        mouse("mouseReleased", points[-1])

    def choose_file(self, selector: str, path: Path) -> None:
        root = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(path)])

    def downloads_to(self, folder: Path) -> None:
        self.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder), page=False)

    def screenshot(self, path: Path) -> None:
        """The whole page."""
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        path.write_bytes(base64.b64decode(data))

    def send(self, method: str, page: bool = True, **parameters: Any) -> dict[str, Any]:
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session and page:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']['message']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def close(self) -> None:
        """End the browser and wait, so that its network log is whole."""
        try:
            self.send("Browser.close", page=False)
        finally:
            os.close(self._out)
            os.close(self._in)  # a browser whose pipe is closed ends in any case
            os.waitpid(self._process, 0)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            received = os.read(self._in, 1 << 20)
            if not received:
                raise AssertionError("the browser has ended")
            self._received += received
        message, _, self._received = self._received.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer


def _spawn(command: Sequence[str], reads: int, writes: int) -> int:
    """Start a program that reads commands from its descriptor 3 and writes answers to 4; returns its process's number.

    Both descriptors, which are this function's to close, move up first: they may have the numbers 3 and 4 themselves.
    """
    ours = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (reads, writes)]
    actions = [(os.POSIX_SPAWN_DUP2, end, number) for number, end in enumerate(ours, 3)]
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    process = os.posix_spawn(command[0], list(command), os.environ, file_actions=[*quiet, *actions])
    for end in (reads, writes, *ours):
        os.close(end)
    return process
