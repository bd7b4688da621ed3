"""`pix2pix data check|preview ROOT …`, also `python -m pix2pix.data …`: tools for folders of pairs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pix2pix.data import check


def main(words: Sequence[str] | None = None) -> int:
    """Run a tool and give its exit status: 0, or 1 for a mistake, which is told in words."""
    parser = argparse.ArgumentParser(prog="pix2pix data", description="Look at a folder of paired pictures.")
    tools = parser.add_subparsers(dest="tool", required=True, metavar="check|preview")
    checking = tools.add_parser("check", help="find the layout, count, list what is wrong, give the line that trains")
    check.add_layout_arguments(checking)
    checking.add_argument("--limit", type=int, help="read at most this many pairs of each split; default: all")
    previewing = tools.add_parser("preview", help="a sheet of pairs as the network sees them")
    check.add_layout_arguments(previewing)
    from pix2pix.data import preview

    preview.add_arguments(previewing)
    arguments = parser.parse_args(words)
    try:
        return check.run(arguments) if arguments.tool == "check" else preview.run(arguments)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
