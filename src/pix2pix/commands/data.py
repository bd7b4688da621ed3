"""`pix2pix data check|preview ROOT …`, `pix2pix data make FILM …`, also `python -m pix2pix.data …`: tools for pairs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pix2pix.commands.arguments import count, path
from pix2pix.data_check import check
from pix2pix.files.os_errors import in_words


def main(words: Sequence[str] | None = None) -> int:
    """Run a tool and give its exit status: 0, or for a mistake, which is told in words, 1, of make 2."""
    parser = argparse.ArgumentParser(prog="pix2pix data", description="Look at a folder of paired pictures.")
    tools = parser.add_subparsers(dest="tool", required=True, metavar="check|preview|make")
    checking = tools.add_parser("check", help="find the layout, count, list what is wrong, give the line that trains")
    check.add_layout_arguments(checking)
    checking.add_argument("--limit", type=count, help="read at most this many pairs of each split; default: all")
    previewing = tools.add_parser("preview", help="a sheet of pairs as the network sees them")
    check.add_layout_arguments(previewing)
    _add_preview_arguments(previewing)
    making = tools.add_parser("make", help="pairs of a film: a drawing of each frame, and the frame")
    _add_make_arguments(making)
    arguments = parser.parse_args(words)
    try:
        if arguments.tool == "check":
            return check.run(arguments)
        if arguments.tool == "make":
            from pix2pix.video import making as film_pairs

            return film_pairs.run(arguments)
        from pix2pix.data_check import preview

        return preview.run(arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2 if arguments.tool == "make" else 1
    except OSError as error:
        print(in_words(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _add_preview_arguments(parser: argparse.ArgumentParser) -> None:
    """Here and not in preview.py, which imports torch: help and mistakes come without it."""
    parser.add_argument("--split", default="train", choices=("train", "val", "test"))
    parser.add_argument("--size", type=count, nargs="+", metavar="PIXELS", help="side, or height and width (256)")
    parser.add_argument("--jitter", type=float, default=1.117, help="resized to size × jitter, then cropped")
    parser.add_argument("--count", type=count, default=12, help="pairs on the sheet")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=path, required=True, help="the sheet, .png or .jpg")
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def _add_make_arguments(parser: argparse.ArgumentParser) -> None:
    """Here and not in video/making.py, which needs the extra `video`."""
    parser.add_argument("film", type=path, metavar="FILM", help="of the person or thing that is to be driven")
    parser.add_argument(
        "--driver", required=True, choices=("landmarks", "edges", "matte", "pose"), help="what is drawn"
    )
    parser.add_argument(
        "-o", "--output", type=path, required=True, metavar="FOLDER", help="must not exist, or be empty"
    )
    parser.add_argument(
        "--size",
        type=count,
        nargs="+",
        metavar="PIXELS",
        help="shorter side, or height and width (at most 256)",
    )
    parser.add_argument("--every", type=count, default=1, metavar="N", help="take every Nth frame (default: 1)")
    parser.add_argument(
        "--val", type=float, default=0.1, metavar="SHARE", help="the film's end, to validate (default: 0.1)"
    )
    parser.add_argument(
        "--absent",
        choices=("skip", "hold", "error"),
        default="skip",
        help="frames in which the driver finds nothing: leave out, take the drawing before, or end (default: skip)",
    )
    parser.add_argument("--weights", type=path, metavar="FILE", help="of --driver pose: an ONNX file of a detector")


if __name__ == "__main__":
    sys.exit(main())
