"""The API: models, examples, translations and views of pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive

from pix2pix.web.models import Model
from pix2pix.web.queue import Queue
from pix2pix.web.uploads import MEDIA, MEGAPIXEL, RefusedError, best_suffix, read_upload, to_bytes

FORM_OVERHEAD = 1 << 16  # bytes of a request beside its file
FIELDS = ("file", "model", "sample", "format", "view", "drawing")
MOST_SAMPLES = 10**9  # a number of so many digits at most is a sample's


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


class Api:
    """Answers requests with what the models make of them, one after the other."""

    def __init__(self, models: Sequence[Model], limits: Limits) -> None:
        self._models = {model.name: model for model in models}
        self._limits = limits
        self._queue = Queue(limits.places, limits.timeout)

    def close(self) -> None:
        """Take no more work."""
        self._queue.close()

    async def list_models(self, request: Request) -> Response:
        """What is taken, and each model's facts."""
        taken = {"megapixels": self._limits.pixels / MEGAPIXEL, "bytes": self._limits.bytes}
        return JSONResponse({"limits": taken, "models": [model.describe() for model in self._models.values()]})

    async def example(self, request: Request) -> Response:
        """A source from the model's validation pictures."""
        files = self._chosen(request.query_params.get("model")).examples
        index = request.path_params["index"]
        if index >= len(files):
            raise RefusedError(404, f"there is no example {index}; there are {len(files)}, from 0 on")
        name, content = files[index]
        return _file(content, name)

    async def translate(self, request: Request) -> Response:
        """The upload's translation."""
        return await self._answered(request, self._translated)

    async def view(self, request: Request) -> Response:
        """The upload as the model sees it, 8 bits."""
        return await self._answered(request, self._viewed)

    def _chosen(self, name: object) -> Model:
        if name in (None, ""):
            return next(iter(self._models.values()))
        if not isinstance(name, str) or name not in self._models:
            raise RefusedError(404, f"model: there is no {name!r}; there are {', '.join(self._models)}")
        return self._models[name]

    async def _answered(self, request: Request, work: Callable[[FormData, bytes, str], Response]) -> Response:
        """Hold a place, read the form, and answer with what `work` makes of it in its turn."""
        limits = self._limits
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limits.bytes + FORM_OVERHEAD:
            raise _too_large(limits.bytes)
        request = Request(request.scope, _limited(request.receive, limits.bytes + FORM_OVERHEAD))
        with self._queue.place():
            try:
                async with asyncio.timeout(limits.timeout), request.form(max_files=1, max_fields=20) as form:
                    file = form.get("file")
                    if not isinstance(file, UploadFile):
                        raise RefusedError(
                            400, "file: the form has no file under this name; with curl: -F file=@PICTURE"
                        )
                    if unknown := [field for field in form if field not in FIELDS]:
                        raise RefusedError(400, f"there is no field {unknown[0]!r}; there are {', '.join(FIELDS)}")
                    content, name = await file.read(), file.filename or ""
            except TimeoutError:
                raise RefusedError(408, f"the upload was not complete after {limits.timeout:g} s") from None
            return await self._queue.run(request, lambda: work(form, content, name))

    def _translated(self, form: FormData, content: bytes, name: str) -> Response:
        model = self._chosen(form.get("model"))
        sample, suffix = _sample(form), _suffix(form)
        stored = read_upload(content, name, self._limits.pixels)
        made = model.translate(stored, drawing=_flag(form, "drawing"), sample=sample)
        picture = made.view if _flag(form, "view") else made.picture
        suffix = suffix or best_suffix(picture)
        unit = None if picture is made.view else model.translator.target.unit
        answer = _file(to_bytes(picture, suffix, unit), f"{Path(name).stem or 'picture'}_translated{suffix}")
        if made.made_up and picture is not made.view:
            answer.headers["Pixels-Made-Up"] = str(made.made_up)
        return answer

    def _viewed(self, form: FormData, content: bytes, name: str) -> Response:
        stored = read_upload(content, name, self._limits.pixels)
        picture = self._chosen(form.get("model")).view(stored, drawing=_flag(form, "drawing"))
        return _file(to_bytes(picture, ".png"), f"{Path(name).stem or 'picture'}.png")


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
        raise RefusedError(400, f"sample: found {text!r}, expected a whole number from 0 to {MOST_SAMPLES - 1}")
    return int(text)


def _suffix(form: FormData) -> str | None:
    text = form.get("format") or ""
    suffix = f".{text}".lower()
    if text and suffix not in MEDIA:
        raise RefusedError(400, f"format: found {text!r}, expected one of {', '.join(each[1:] for each in MEDIA)}")
    return suffix if text else None


def _flag(form: FormData, name: str) -> bool:
    text = form.get(name) or "0"
    if text not in ("0", "1"):
        raise RefusedError(400, f"{name}: found {text!r}, expected 0 or 1")
    return text == "1"


def _file(content: bytes, name: str) -> Response:
    plain = "".join(each if each.isascii() and (each.isalnum() or each in "._- ") else "_" for each in name)
    disposition = {"Content-Disposition": f'inline; filename="{plain}"'}
    return Response(content, media_type=MEDIA[Path(name).suffix], headers=disposition)
