"""`pix2pix evaluate RUN… --split val`: scores of finished runs with intervals, picture by picture, and compared.

pix2pix evaluate outputs/scenes/2026-01-31_12-00-00
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from pix2pix.commands.arguments import count, exit_status, filled, path

EXAMPLE = """\
examples:
  pix2pix evaluate outputs/scenes/2026-01-31_12-00-00
  pix2pix evaluate outputs/facades/sweep_1a2b3c4d/*/ --split test -o comparison
  pix2pix evaluate RUN --metrics ssim,lab_histogram --pictures 20

Each run's own files go to RUN/evaluation/SPLIT/: metrics.json, pictures.csv, pictures.png. Of several runs, those that
differ in nothing but their seed are taken together; all are compared pair by pair on the same pictures.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; the exit status: 0, 1 where a picture cannot be read, 2 for a mistake, told in words."""
    arguments = _parser().parse_args(words)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    from pix2pix.commands.evaluate_work import run_command
    from pix2pix.errors import BadPairError
    from pix2pix.evaluation.run import EvaluationError

    return exit_status(
        "evaluate", lambda: run_command(arguments), mistakes=(EvaluationError,), failures=(BadPairError,)
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pix2pix evaluate",
        description="Score finished runs, with 95 % intervals, and compare them on the same pictures.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("runs", nargs="+", type=filled, metavar="RUN", help="a run's folder, or a checkpoint")
    add("--split", choices=("val", "test", "train"), default="val", help="which pictures (default: val)")
    add("--metrics", metavar="A,B,…", help="by default all that suit the target and need no downloaded weights")
    add("--weights", type=path, metavar="PATH", help="file or folder of the weights that fid, kid and lpips need")
    add(
        "--judge",
        type=filled,
        metavar="FOLDER",
        help="a judge's folder, a folder of judges, or none (default: outputs/judges)",
    )
    add(
        "-o",
        "--output",
        type=path,
        metavar="FOLDER",
        help="where the comparison of several runs goes, or one run's files",
    )
    add("--pictures", type=count, metavar="N", help="only the first N of the split")
    add("--rank-by", metavar="SCORE", help="what the best and worst pictures are chosen by (default: ssim)")
    add("--rows", type=count, metavar="N", help="best, median and worst pictures, N each (default: 3)")
    add("--resamples", type=count, default=1000, metavar="N", help="of the bootstrap (default: 1000)")
    add(
        "--data-root",
        type=filled,
        metavar="FOLDER",
        help="where the pictures are now, if they have moved since the training",
    )
    add("--device", default="auto", metavar="NAME", help="auto, cpu, cuda, mps (default: auto)")
    add("--again", action="store_true", help="evaluate anew what has been evaluated")
    add("--trust", action="store_true", help="accept a pair source of your own code, and links out of a run")
    return parser


if __name__ == "__main__":
    sys.exit(main())
