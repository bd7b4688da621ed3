"""`pix2pix judge RUN`: trains the segmentation network by whose eyes translations of labels are scored.

pix2pix judge outputs/facades/2026-01-31_12-00-00
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
from collections.abc import Sequence

from pix2pix.commands.arguments import count, exit_status, filled, path
from pix2pix.segmentation_score import JUDGES

Colour = tuple[int, int, int]

EXAMPLE = """\
examples:
  pix2pix judge outputs/facades/2026-01-31_12-00-00
  pix2pix judge RUN --palette 0000de,0030ff,0080ff

One judge serves all runs on the same pictures at the same size, whatever their settings of training; `pix2pix evaluate`
finds it by itself. It is not kept unless it is clearly better, on the real photos of the validation split, than naming
the most frequent class everywhere.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; the exit status: 0, 1 where no judge comes of it, 2 for a mistake, told in words."""
    arguments = _parser().parse_args(words)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    from pix2pix.errors import BadPairError
    from pix2pix.evaluation.run import EvaluationError
    from pix2pix.segmentation_score.judge import JudgeError

    return exit_status(
        "judge",
        lambda: run_command(arguments),
        mistakes=(EvaluationError,),
        failures=(JudgeError, BadPairError),
        stopped="stopped; no judge has been written",
    )


def run_command(arguments: argparse.Namespace) -> None:
    """Make the judge of a run's data, unless there is one. Raises what `main` catches."""
    from pix2pix.evaluation.run import EvaluationError, open_run
    from pix2pix.segmentation_score.judge import find_judge, key
    from pix2pix.segmentation_score.training import JudgeRecipe, make_judge, usual_epochs, write_judge

    data = open_run(arguments.run, data_root=arguments.data_root, trust=arguments.trust).data("train")
    folder = arguments.judges / key(data)
    known = None if arguments.again else find_judge(data, arguments.judges)
    if known is not None and (arguments.epochs is not None or arguments.palette is not None):
        raise EvaluationError(
            f"--epochs and --palette are for a judge that is to be trained, and {folder} holds one of these pictures:"
            " leave them out, or type --again"
        )
    if known is not None:
        print(known.standing.table())
        print(f"{folder} holds the judge of these pictures at this size. To train it anew: --again")
        return
    recipe = JudgeRecipe(epochs=arguments.epochs or usual_epochs(len(data.readable("train"))))
    judge = make_judge(data, recipe, palette=arguments.palette)
    write_judge(judge, data, folder)
    print(judge.standing.table())
    print(f"The judge is in {folder}; look at its judge.png. `pix2pix evaluate` finds it by itself.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pix2pix judge",
        description="Train the judge of a run's data: a segmentation network by which its translations are scored.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("run", type=filled, metavar="RUN", help="the folder of a run from labels to photos, or a checkpoint")
    add("--epochs", type=count, metavar="N", help="default: as many as make 8,000 photos, from 4 to 60")
    add("--palette", type=_palette, metavar="RRGGBB,…", help="the classes' colours; by default found in the labels")
    add("--judges", type=path, default=JUDGES, metavar="FOLDER", help=f"where judges are (default: {JUDGES})")
    add(
        "--data-root",
        type=filled,
        metavar="FOLDER",
        help="where the pictures are now, if they have moved since the training",
    )
    add("--again", action="store_true", help="train anew a judge that there is")
    add("--trust", action="store_true", help="accept a pair source of your own code that a checkpoint names")
    return parser


def _palette(text: str) -> tuple[Colour, ...]:
    colours = [colour.strip().removeprefix("#") for colour in text.split(",")]
    for colour in colours:
        if not re.fullmatch("[0-9a-fA-F]{6}", colour):
            raise argparse.ArgumentTypeError(f"found {colour!r}, expected a colour such as 00ff7f (red, green, blue)")
    if len(set(map(str.lower, colours))) < max(2, len(colours)):
        raise argparse.ArgumentTypeError("expected at least two colours, none of them twice")
    return tuple((int(each[:2], 16), int(each[2:4], 16), int(each[4:], 16)) for each in colours)


if __name__ == "__main__":
    sys.exit(main())
