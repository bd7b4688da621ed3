"""What `pix2pix serve` does: take the address, load the models, serve until Ctrl-C."""

from __future__ import annotations

import argparse
import errno
import ipaddress
import socket
import sys

import python_multipart  # noqa: F401  starlette only asks for it once a form arrives
import uvicorn

from pix2pix.evaluation.run import EvaluationError
from pix2pix.processes.devices import usable_device
from pix2pix.processes.memory import MIB, keep_freed_memory
from pix2pix.web.api import Limits
from pix2pix.web.app import make_app
from pix2pix.web.models import Model, load_model
from pix2pix.web.origins import own_names
from pix2pix.web.uploads import MEGAPIXEL


class ServeError(ValueError):
    """What cannot be served as it was asked for, in words."""


def serve(arguments: argparse.Namespace) -> None:
    """Serve until a signal. Raises ServeError for what is not as it was typed, KeyboardInterrupt after Ctrl-C."""
    listening = take_address(arguments.host, arguments.port)  # first: it fails at once, and models take a while
    try:
        keep_freed_memory(at_most=512 * MIB)
        models = _load(arguments)
        port = listening.getsockname()[1]
        shown = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
        for model in models:
            canvas = f"{model.size[1]} x {model.size[0]}"
            print(f"{model.name}: {model.translator.source.kind} to {model.translator.target.kind}, canvas {canvas}")
            if model.why_no_examples:
                print(f"  no examples to start from: {model.why_no_examples}")
        loopback = _is_loopback(arguments.host)
        if not loopback:
            print(
                f"Warning: {arguments.host} is not only this machine: everyone who reaches it by the network can use"
                " this page, without a password.",
                file=sys.stderr,
            )
        limits = Limits(
            pixels=arguments.max_megapixels * MEGAPIXEL,
            bytes=int(arguments.max_megabytes * 1e6),
            places=arguments.queue,
            timeout=arguments.timeout,
        )
        app = make_app(models, limits, own_names(arguments.host, loopback, arguments.allow_host), not loopback)
        listening.listen(128)
        print(f"http://{shown}:{port}/ (the API: http://{shown}:{port}/api). Ctrl-C ends.", flush=True)
        config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=3)
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        listening.close()


def take_address(host: str, port: int) -> socket.socket:
    """A bound socket that does not listen yet. Raises ServeError that says what to type."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise ServeError(f"--host: {host!r} is no address: {error}; for this machine alone leave it out") from error
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise ServeError(
                f"--port: {port} is in use on {host}. Type --port {port % 65535 + 1}, or --port 0 for any free one"
            ) from error
        raise ServeError(f"{host}:{port} cannot be used: {error.strerror}") from error
    return bound


def _load(arguments: argparse.Namespace) -> list[Model]:
    try:
        usable_device(arguments.device)
    except ValueError as error:
        raise ServeError(f"--device: {error}") from error
    models: list[Model] = []
    for typed in arguments.models:
        try:
            model = load_model(
                typed, data_root=arguments.data_root, examples=arguments.examples, device=arguments.device
            )
        except EvaluationError as error:
            raise ServeError(error) from error
        if any(model.name == other.name for other in models):
            raise ServeError(f"there are two models {model.name!r}: name each once, or rename a folder")
        models.append(model)
    return models


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
