"""`pix2pix serve MODEL…`: a page to draw on, and the same over HTTP, on this machine.

pix2pix serve outputs/facades/2026-01-31_12-00-00
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pix2pix.commands.arguments import count, exit_status, filled, tell_mistake

EXAMPLE = """\
examples:
  pix2pix serve outputs/facades/2026-01-31_12-00-00
  pix2pix serve RUN OTHER_RUN --port 8000
  curl -F file=@drawing.png http://127.0.0.1:7860/api/translate -o photo.png

The page shows a canvas with the brush that suits the model; /api on the same address says how programs ask.
"""
NEEDED = "pip install 'pix2pix-lightning[web]'"


def main(words: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C; the exit status: 0, or 2 for a mistake, told in words."""
    arguments = _parser().parse_args(words)
    try:
        from pix2pix.commands.serve_work import ServeError, serve
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn", "python_multipart"):
            raise
        tell_mistake("serve", f"needs the package {error.name}, which is not installed: {NEEDED}")
        return 2

    def served() -> None:
        try:
            serve(arguments)
        except KeyboardInterrupt:
            print("\npix2pix serve: ended")

    return exit_status("serve", served, mistakes=(ServeError,))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pix2pix serve",
        description="Serve a page to draw on, and an HTTP API, for one or several models. Needs no network.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("models", nargs="+", type=filled, metavar="MODEL", help="a run's folder, a checkpoint, or an exported file")
    add("--host", default="127.0.0.1", metavar="ADDRESS", help="who may connect (default: 127.0.0.1, this machine)")
    add(
        "--allow-host", action="append", default=[], metavar="NAME", help="a name that it is asked for by, as a proxy's"
    )
    add("--port", type=_port, default=7860, metavar="N", help="0 takes any free one (default: 7860)")
    add(
        "--max-megapixels",
        type=_positive,
        default=4.0,
        metavar="N",
        help="of an upload, of 1024 x 1024 each (default: 4)",
    )
    add("--max-megabytes", type=_positive, default=32.0, metavar="N", help="of an upload's file (default: 32)")
    add("--queue", type=count, default=16, metavar="N", help="requests that may wait; others get 503 (default: 16)")
    add("--timeout", type=_positive, default=60.0, metavar="SECONDS", help="until a request gets 503 (default: 60)")
    add("--examples", type=count, default=8, metavar="N", help="validation pictures to start from (default: 8)")
    add(
        "--data-root",
        type=filled,
        metavar="FOLDER",
        help="where the pictures are now, if they have moved since the training",
    )
    add("--device", default="auto", metavar="NAME", help="auto, cpu, cuda, mps (default: auto)")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a port from 1 to 65535, or 0 for any free one")
    return int(text)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number above 0")
    return number


if __name__ == "__main__":
    sys.exit(main())
