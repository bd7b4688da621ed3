"""`pix2pix data check|preview ROOT …`, also `python -m pix2pix.data …`: tools for folders of pairs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pix2pix.data.tools import check


def main(words: Sequence[str] | None = None) -> int:
    """Run a tool and give its exit status: 0, or 1 for a mistake, which is told in words."""
    parser = argparse.ArgumentParser(prog="pix2pix data", description="Look at a folder of paired pictures.")
    tools = parser.add_subparsers(dest="tool", required=True, metavar="check|preview")
    checking = tools.add_parser("check", help="find the layout, count, list what is wrong, give the line that trains")
    check.add_layout_arguments(checking)
    checking.add_argument("--limit", type=int, help="read at most this many pairs of each split; default: all")
    previewing = tools.add_parser("preview", help="a sheet of pairs as the network sees them")
    check.add_layout_arguments(previewing)
    _add_preview_arguments(previewing)
    arguments = parser.parse_args(words)
    try:
        if arguments.tool == "check":
            return check.run(arguments)
        from pix2pix.data.tools import preview

        return preview.run(arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1


def _add_preview_arguments(parser: argparse.ArgumentParser) -> None:
    """Here and not in preview.py, which imports torch: help and mistakes come without it."""
    parser.add_argument("--split", default="train", choices=("train", "val", "test"))
    parser.add_argument("--size", type=int, nargs="+", metavar="PIXELS", help="side, or height and width; default: 256")
    parser.add_argument("--jitter", type=float, default=1.117, help="resized to size × jitter, then cropped")
    parser.add_argument("--count", type=int, default=12, help="pairs on the sheet")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", type=Path, required=True, help="the sheet, .png or .jpg")
    parser.add_argument("--force", action="store_true", help="replace an existing file")


if __name__ == "__main__":
    sys.exit(main())
