"""`pix2pix reproduce`: the tables of the paper, trained and scored anew over several seeds, and one page about them.

pix2pix reproduce --hours 3
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from pix2pix.commands.arguments import count, exit_status, path
from pix2pix.hints import nearest
from pix2pix.reproduction import TABLES

EXAMPLE = """\
examples:
  pix2pix reproduce --hours 3
  pix2pix reproduce --hours 8 --tables losses,generators data=side_by_side data.root=facades size=small
  pix2pix reproduce --plan --hours 20 data=side_by_side data.root=facades size=paper trainer.devices=1

Overrides are those of `pix2pix train`; without any, the embedded scenes at size=tiny. Of a folder of pairs,
data.direction says which picture holds the labels (default b_to_a: the labels right, the photos left).
Stopped in whatever way, the same command goes on: what is finished is not run again. The page is FOLDER/index.html.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; the exit status: 0, 1 where points failed, 2 for a mistake, in words, 128 + n by signals."""
    arguments = _parser().parse_intermixed_args(words)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    from pix2pix.commands.reproduce_work import run_command
    from pix2pix.errors import BadPairError, ConfigError
    from pix2pix.sweeping.point import SweepError

    mistakes = (ConfigError, SweepError, BadPairError)
    return exit_status("reproduce", lambda: run_command(arguments), mistakes=mistakes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pix2pix reproduce",
        description="Train and score the tables of the paper: losses, generators, receptive fields, colour, labels.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("overrides", nargs="*", metavar="KEY=VALUE", help="data=, data.root=, size=, schedule.epochs=, trainer.…=, …")
    add("--hours", type=_hours, metavar="H", help="plan seeds and epochs so that all is done in about H hours")
    add("--seeds", type=count, metavar="N", help="of each method (default: 3, or what --hours allows)")
    add("--tables", type=_tables, default=TABLES, metavar="A,B,…", help=f"of {','.join(TABLES)} (default: all)")
    add(
        "--jobs",
        type=count,
        metavar="N",
        help="points at a time (default: one a GPU; without GPU one a core, up to 4)",
    )
    add("-o", "--output", type=path, metavar="FOLDER", help="default: outputs/reproduce/DATA_SIZE_HASH")
    add("--plan", action="store_true", help="say what would be run and until when, and run nothing")
    return parser


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours < float("inf"):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number of hours above 0")
    return hours


def _tables(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in TABLES:
            near = nearest(name, TABLES)
            hint = f"; nearest: {near}" if near else ""
            raise argparse.ArgumentTypeError(f"there is no table {name!r}, but {', '.join(TABLES)}{hint}")
    return names


if __name__ == "__main__":
    sys.exit(main())
